"""Derives source activities from raw parts, and stores them."""
