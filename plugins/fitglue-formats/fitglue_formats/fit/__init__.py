"""Reader for FIT files.

``frames.py`` finds the messages, fitdecode decodes the few that summarize a workout, and numpy
decodes the samples.
"""
