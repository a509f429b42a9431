"""Parsing of numbers in the notations of people and programs."""

from __future__ import annotations

import math
import re
import unicodedata

#: The characters of the longest text that can be a number.
_LONGEST = 100
_SPACES = re.compile(r"[\s'’\u00a0\u202f]")


def number(text: str | None) -> float | None:
    """Return the number in a text, or ``None``.

    ``12.5``, ``12,5``, ``1.234,5`` and ``1 234,5`` are understood: if there are two kinds of
    separators, the last one is the decimal point.
    """
    if text is None or len(text) > _LONGEST:
        return None
    folded = unicodedata.normalize("NFKC", text)
    digits = _SPACES.sub("", folded)
    if digits.count(",") == 1 and digits.index(",") > digits.rfind("."):
        # A single comma is a decimal point: services do not group the digits of measurements, and
        # the rounded numbers are too short for grouping.
        digits = digits.replace(".", "").replace(",", ".")
    try:
        value = float(digits.replace(",", ""))
    except ValueError:
        return None
    if not math.isfinite(value):
        return None
    return value


def positive(text: str | None) -> float | None:
    """Return the number in a text, or ``None`` if it is 0 or less.

    A cell with 0 W, for example, means that nothing was measured.
    """
    value = number(text)
    if value is None or value <= 0:
        return None
    return value


def not_negative(text: str | None) -> float | None:
    """Return the number in a text, or ``None`` if it is below 0."""
    value = number(text)
    if value is None or value < 0:
        return None
    return value
