"""Reads single values out of decoded messages, whatever a file put into their place."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fitglue_formats.fit.messages import Values


def number(
    values: Values,
    name: str,
    *,
    zero: bool = True,
) -> float | None:
    """A figure of a message, where it is one; ``zero=False`` for what no workout has none of."""
    value = seconds(values, name)
    if value is None or not math.isfinite(value):
        return None
    if value == 0 and not zero:
        return None
    return value


def seconds(values: Values, name: str) -> float | None:
    """A time of a message, where it says one that is a number."""
    value = values.get(name)
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    return float(value)


def cadence(values: Values, name: str) -> float | None:
    """A cadence with its fraction."""
    whole = number(values, name)
    if whole is None:
        return None
    fraction = number(values, name.replace("_cadence", "_fractional_cadence"))
    return whole + (fraction or 0.0)


def text(value: Any) -> str | None:
    """A text without what cannot be printed, ``None`` where nothing is left of it."""
    first = first_part(value)
    if not isinstance(first, str):
        return None
    printable = "".join(filter(str.isprintable, first))
    return printable.strip() or None


def first_part(value: Any) -> Any:
    """The value itself, or the first part that says something: fitdecode makes several of a text
    that has zeros in it.
    """
    if not isinstance(value, tuple):
        return value
    return next(filter(None, value), None)
