"""Reads one field of many messages at once, by the base type that its definition says."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fitglue_formats.fit.arrays import Numbers

#: The bytes of one field, a row for each message.
Cells: TypeAlias = "NDArray[np.uint8]"


class BaseType(NamedTuple):
    """How numpy calls a base type, and which of its values means "none"."""

    code: str
    none: float


#: Number of a base type → what it is; a text or an array is no sample.
_BASE_TYPES = {
    0: BaseType("u1", 0xFF),
    1: BaseType("i1", 0x7F),
    2: BaseType("u1", 0xFF),
    3: BaseType("i2", 0x7FFF),
    4: BaseType("u2", 0xFFFF),
    5: BaseType("i4", 0x7FFFFFFF),
    6: BaseType("u4", 0xFFFFFFFF),
    8: BaseType("f4", math.nan),
    9: BaseType("f8", math.nan),
    10: BaseType("u1", 0),
    11: BaseType("u2", 0),
    12: BaseType("u4", 0),
    14: BaseType("i8", 2**63 - 1),
    15: BaseType("u8", 2**64 - 1),
    16: BaseType("u8", 0),
}
UINT32 = 6
_BASE_NAMES = {
    "enum": 0,
    "sint8": 1,
    "uint8": 2,
    "sint16": 3,
    "uint16": 4,
    "sint32": 5,
    "uint32": 6,
    "string": 7,
    "float32": 8,
    "float64": 9,
    "uint8z": 10,
    "uint16z": 11,
    "uint32z": 12,
    "byte": 13,
    "sint64": 14,
    "uint64": 15,
    "uint64z": 16,
}
#: Where a developer says no base type that is one.
_NO_BASE = 31


def base_number(base: Any) -> int:
    """The number of a base type, of which a definition has more bits and fitdecode the name."""
    if isinstance(base, str):
        return _BASE_NAMES.get(base, _NO_BASE)
    if isinstance(base, int):
        return base & 0x1F
    return _NO_BASE


def numbers(
    cells: Cells,
    base: int,
    order: str,
) -> Numbers | None:
    """One field as doubles with NaN for none; ``None`` where it is no single number.

    ``order`` is that of the bytes, ``<`` or ``>``.
    """
    base_type = _BASE_TYPES.get(base)
    if base_type is None:
        return None
    dtype = np.dtype(order + base_type.code)
    if dtype.itemsize != cells.shape[1]:
        return None
    values = np.ascontiguousarray(cells).view(dtype).ravel()
    with np.errstate(invalid="ignore"):  # a NaN with a message in it
        doubles = values.astype(np.float64)
    doubles[~np.isfinite(doubles)] = np.nan
    if not math.isnan(base_type.none):
        none = np.array(base_type.none).astype(dtype)
        is_none = values == none
        doubles[is_none] = np.nan
    return doubles


def scaled(
    values: Numbers,
    scale: float | None,
    offset: float | None,
) -> Numbers:
    """The values as the profile, or a developer, says that they are meant."""
    scale = scale or 1
    # The offset first: 2499 / 5 - 500 is no -0.2.
    shift = (offset or 0) * scale
    return (values - shift) / scale
