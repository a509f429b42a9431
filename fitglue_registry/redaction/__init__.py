"""Removes secrets from everything that is shown, logged or stored."""
