"""Fetches the parts of records that are wanted, and stores the answers."""
