"""What plugin authors and hosts test with: stand-ins for remote services, started in the test
itself.
"""
