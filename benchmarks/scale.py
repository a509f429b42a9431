"""Writes docs/scale.md from what was measured."""


def write(results: dict) -> None:
    """Later."""
