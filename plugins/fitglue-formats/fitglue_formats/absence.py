"""Values that mean "not measured".

Files are often made from FIT or from a device's memory, where the largest number of a type says
that there is no value. Programs that do not know this write it as if it were one.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from fitglue_registry.model.invalid import LIMITS

if TYPE_CHECKING:
    from fitglue_formats.array_types import Floats


def number(text: str | None) -> float:
    """Return a finite number, or NaN if the text is missing or not a number.

    A decimal comma is accepted: programs write it in some languages.
    """
    if not text:
        return math.nan
    try:
        value = float(text)
    except ValueError:
        value = _with_comma(text)
    return math.nan if math.isinf(value) else value


def _with_comma(text: str) -> float:
    """Return a number with a decimal comma, or NaN."""
    try:
        return float(text.replace(",", ".", 1))
    except ValueError:
        return math.nan


def remove_invalid(
    kind: str,
    values: Floats,
) -> int:
    """Replace the values of a stream that mean "not measured", or are impossible, by NaN.

    Args:
        kind: The type of the stream.
        values: Its values; the array is changed.

    Returns:
        The number of values that were replaced, without a heart rate of 0: it means that the signal
        of the strap was not received.
    """
    limits = LIMITS.get(kind)
    if limits is None:
        return 0
    wrong = (values < limits.lowest) | (values > limits.highest)
    for invalid in limits.invalid:
        wrong |= values == invalid
    values[wrong] = math.nan
    if kind == "heartrate":
        values[values == 0] = math.nan
    return int(wrong.sum())
