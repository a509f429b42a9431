"""Requesting, storing and renewing the tokens of connections, one process at a time."""
