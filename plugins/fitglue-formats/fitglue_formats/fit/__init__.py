"""FIT files: ``frames.py`` cuts them into messages, fitdecode reads those that say what was done,
numpy those that sample it.
"""
