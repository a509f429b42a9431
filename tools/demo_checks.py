"""What the steps of the demo check."""

from __future__ import annotations


class Broken(Exception):
    """A step did not do or show what its text says."""


def expect(promise: str, expected: object, actual: object) -> None:
    """Raise ``Broken`` with both values unless they are equal."""
    if expected != actual:
        raise Broken(f"{promise}: expected {expected!r}, found {actual!r}")
