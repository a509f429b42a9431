"""How values are written in the API's JSON: float32 digits and timestamps."""

from __future__ import annotations

import struct
from datetime import UTC, datetime
from typing import Any

Row = dict[str, Any]

_FLOAT = struct.Struct("f")


def f32(value: float) -> float:
    """The number as a float32 is printed: the fewest digits that still name it (``8.14578``)."""
    packed = _FLOAT.pack(value)
    near: float = _FLOAT.unpack(packed)[0]
    for digits in (7, 8):
        short = float(f"{near:.{digits}g}")
        if _FLOAT.pack(short) == packed:
            return short
    return float(f"{near:.9g}")


def local_text(moment: datetime) -> str:
    """A local time without a zone, as ``start_date_local`` is written."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S")


def stamp_text(moment: datetime) -> str:
    """A UTC time with milliseconds and offset, as ``created`` and ``analyzed`` are written."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")
