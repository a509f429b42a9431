"""Reads numbers as people and as programs write them."""

from __future__ import annotations

import math
import re
import unicodedata

_SPACES = re.compile(r"[\s'’\u00a0\u202f]")


def number(text: str | None) -> float | None:
    """The number, ``None`` where there is none: ``12.5``, ``12,5``, ``1.234,5``, ``1 234,5``; of
    two signs the last one is the point.
    """
    folded = unicodedata.normalize("NFKC", text or "")
    digits = _SPACES.sub("", folded)
    if digits.count(",") == 1 and digits.index(",") > digits.rfind("."):
        # A lone comma is a point: no service groups digits in a column that a program wrote, and in
        # a short one there is nothing to group.
        digits = digits.replace(".", "").replace(",", ".")
    try:
        value = float(digits.replace(",", ""))
    except ValueError:
        return None
    if not math.isfinite(value):
        return None
    return value


def positive(text: str | None) -> float | None:
    """The number, ``None`` where it is nothing or less: a cell of zero watts says that nothing was
    measured.
    """
    value = number(text)
    if value is None or value <= 0:
        return None
    return value


def natural(text: str | None) -> float | None:
    """The number, ``None`` where it is below zero."""
    value = number(text)
    if value is None or value < 0:
        return None
    return value
