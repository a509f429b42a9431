"""Samples as arrays of 64-bit floats in which a gap is NaN."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: One value for each sample, NaN if it was not measured.
Numbers: TypeAlias = "NDArray[np.float64]"
#: The values of several columns, by the name of the column.
Columns: TypeAlias = "dict[str, Numbers]"
#: Latitudes and longitudes in degrees, one of each for every sample.
LatLng: TypeAlias = "tuple[Numbers, Numbers]"
#: Indexes into other arrays.
Rows: TypeAlias = "NDArray[np.int_]"
#: One boolean for each sample.
Mask: TypeAlias = "NDArray[np.bool_]"


def gaps(count: int) -> Numbers:
    """Return an array of the given length that consists of gaps."""
    return np.full(count, np.nan)


def known(values: Numbers) -> Numbers:
    """Return the values that are not gaps."""
    return values[~np.isnan(values)]


def filled(values: Numbers, others: Numbers) -> Numbers:
    """Return the values, with each gap replaced by the value of another array of the same
    length.
    """
    return np.where(np.isnan(values), others, values)


def without(values: Numbers, where: Mask) -> Numbers:
    """Return the values, with a gap wherever the mask is true."""
    return np.where(where, np.nan, values)
