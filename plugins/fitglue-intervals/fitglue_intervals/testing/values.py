"""The notation of values in the API's JSON: float32 numbers and timestamps."""

from __future__ import annotations

import struct
from datetime import UTC, datetime
from typing import Any

Row = dict[str, Any]

_FLOAT = struct.Struct("f")


def f32(value: float) -> float:
    """Return a number as the API prints it: the shortest text of a float32 (``8.14578``)."""
    packed = _FLOAT.pack(value)
    near: float = _FLOAT.unpack(packed)[0]
    # Nine digits always identify a float32; seven are the most that all of them can have exactly.
    for digits in (7, 8):
        short = float(f"{near:.{digits}g}")
        if _FLOAT.pack(short) == packed:
            return short
    return float(f"{near:.9g}")


def local_text(moment: datetime) -> str:
    """Return a local time without a zone, in the notation of ``start_date_local``."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S")


def stamp_text(moment: datetime) -> str:
    """Return a UTC time with milliseconds and offset, in the notation of ``created``."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")
