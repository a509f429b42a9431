"""Samples as arrays of doubles, in which a gap is NaN."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

Numbers: TypeAlias = "NDArray[np.float64]"
#: Values by the name of their column.
Columns: TypeAlias = "dict[str, Numbers]"
#: Latitudes and longitudes.
LatLng: TypeAlias = "tuple[Numbers, Numbers]"
#: Positions in other arrays.
Rows: TypeAlias = "NDArray[np.int_]"
#: Where something holds.
Mask: TypeAlias = "NDArray[np.bool_]"


def gaps(count: int) -> Numbers:
    """So many gaps."""
    return np.full(count, np.nan)


def known(values: Numbers) -> Numbers:
    """The values that are no gaps."""
    return values[~np.isnan(values)]


def filled(values: Numbers, others: Numbers) -> Numbers:
    """The values, their gaps filled with those of another array."""
    return np.where(np.isnan(values), others, values)


def without(values: Numbers, where: Mask) -> Numbers:
    """The values with gaps at some places."""
    return np.where(where, np.nan, values)
