"""Decoding of one field of many messages at once, by the base type in their definition."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fitglue_formats.fit.arrays import Numbers

#: The bytes of one field: one row for each message, one column for each byte.
Cells: TypeAlias = "NDArray[np.uint8]"


class BaseType(NamedTuple):
    """A base type of the FIT protocol: its numpy code, and the value that means "invalid"."""

    code: str
    invalid: float


#: Number of a base type (its low five bits) → how it is decoded. The types ``string`` (7) and
#: ``byte`` (13) are left out, because they are not numbers.
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
#: The names that fitdecode uses for base types in the descriptions of developer fields.
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
#: A number that is not a base type, for developers who state an unknown one.
_NO_BASE = 31


def base_number(base: Any) -> int:
    """Return the number of a base type.

    Args:
        base: The number in a definition, whose higher bits are flags, or the name that fitdecode
            gives it.
    """
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
    """Return one field of many messages as 64-bit floats, with NaN for invalid values.

    Args:
        cells: The bytes of the field, one row for each message.
        base: The number of its base type.
        order: The byte order, ``<`` or ``>``.

    Returns:
        One value for each message, or ``None`` if the field is text, an array, or has a size that
        does not fit its type.
    """
    base_type = _BASE_TYPES.get(base)
    if base_type is None:
        return None
    dtype = np.dtype(order + base_type.code)
    if dtype.itemsize != cells.shape[1]:
        return None
    values = np.ascontiguousarray(cells).view(dtype).ravel()
    with np.errstate(invalid="ignore"):  # signaling NaNs would warn
        doubles = values.astype(np.float64)
    doubles[~np.isfinite(doubles)] = np.nan
    # Compared before the conversion: 2**64 - 1 is not exact as a float.
    if not math.isnan(base_type.invalid):
        invalid = np.array(base_type.invalid).astype(dtype)
        is_invalid = values == invalid
        doubles[is_invalid] = np.nan
    return doubles


def first_numbers(
    cells: Cells,
    base: int,
    order: str,
) -> Numbers | None:
    """Return the same as ``numbers``, and for an array its first value.

    One watch writes the speed twice in a field that has room for two numbers.
    """
    base_type = _BASE_TYPES.get(base)
    if base_type is None:
        return None
    size = np.dtype(base_type.code).itemsize
    if cells.shape[1] % size:
        return None
    return numbers(cells[:, :size], base, order)


def size_of(base: int, size: int) -> int:
    """Return the size in bytes of one value of a base type, or the given size if its values have
    no fixed size, or one that does not fit into it.
    """
    base_type = _BASE_TYPES.get(base & 0x1F)
    if base_type is None:
        return size
    value_size = np.dtype(base_type.code).itemsize
    return size if size % value_size else min(value_size, size)


def invalid_value(base: int) -> float:
    """Return the raw value that means "invalid" in fields of a base type; NaN if no value does.

    A zero is not returned, although it is invalid in the types that end with "z": in a field of
    another type, it is a measured value.
    """
    base_type = _BASE_TYPES.get(base & 0x1F)
    if base_type is None or not base_type.invalid:
        return math.nan
    return base_type.invalid


def scaled(
    values: Numbers,
    scale: float | None,
    offset: float | None,
) -> Numbers:
    """Return the values with the scale and offset of a field applied.

    FIT profile: a value is the raw number divided by the scale, minus the offset.
    """
    scale = scale or 1
    # The offset is subtracted first to avoid a rounding error: 2499 / 5 - 500 is not exactly -0.2.
    shift = (offset or 0) * scale
    return (values - shift) / scale
