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
    cleaned = _SPACES.sub("", unicodedata.normalize("NFKC", text or ""))
    point, comma = cleaned.rfind("."), cleaned.rfind(",")
    if comma > point:
        # A lone comma is a point: no service groups digits in a column that a program wrote, and in
        # a short one there is nothing to group.
        cleaned = (
            cleaned.replace(".", "").replace(",", ".")
            if cleaned.count(",") == 1
            else cleaned.replace(",", "")
        )
    else:
        cleaned = cleaned.replace(",", "")
    try:
        value = float(cleaned)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def positive(text: str | None) -> float | None:
    """The number, ``None`` where it is nothing or less: a cell of zero watts says that nothing was
    measured.
    """
    value = number(text)
    return value if value is not None and value > 0 else None


def natural(text: str | None) -> float | None:
    """The number, ``None`` where it is below zero."""
    value = number(text)
    return value if value is not None and value >= 0 else None
