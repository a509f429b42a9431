"""Values that mean "not measured".

Files are often made from FIT or from a device's memory, where the largest number of a type says
that there is no value. Programs that do not know this write it as if it were one.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fitglue_formats.array_types import Floats

#: Stream → the values that mean "not measured": the invalid values of the FIT profile (uint8 255,
#: uint16 65,535, sint8 127, with the scale and offset of the field).
INVALID = {
    "heartrate": (255.0,),
    "cadence": (255.0,),
    "watts": (65_535.0,),
    "temperature": (127.0,),
    "altitude": (-500.0, 12_607.0),
    "velocity": (65.535, 65_535.0),
    "distance": (42_949_672.95, 4_294_967_295.0),
    "calories": (65_535.0,),
}
#: Stream → the lowest and the highest value that a sensor can have measured. Programs write -1,
#: -9999 and the limits of their number types for a value that they do not know.
_POSSIBLE = {
    "heartrate": (0.0, 254.0),
    "cadence": (0.0, 1000.0),
    "watts": (0.0, 65_534.0),
    "velocity": (0.0, 1000.0),
    "altitude": (-1000.0, 30_000.0),
    "temperature": (-90.0, 100.0),
}


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


def is_invalid(
    kind: str,
    value: float | None,
) -> bool:
    """Return whether a value is one that means "not measured"."""
    return value is not None and value in INVALID.get(kind, ())


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
    lowest, highest = _POSSIBLE.get(kind, (-math.inf, math.inf))
    wrong = (values < lowest) | (values > highest)
    for invalid in INVALID.get(kind, ()):
        wrong |= values == invalid
    values[wrong] = math.nan
    if kind == "heartrate":
        values[values == 0] = math.nan
    return int(wrong.sum())
