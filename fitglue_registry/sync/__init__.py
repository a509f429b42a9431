"""List → fetch → derive: the work on one connection, which can be stopped at any instruction and
goes on there.
"""
