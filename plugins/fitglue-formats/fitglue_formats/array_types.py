"""The types of the arrays in which the readers of GPX and TCX keep points."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

#: One number per point; NaN is a gap.
Floats: TypeAlias = "NDArray[np.float64]"
#: Four bytes are enough for two billion points, and save memory.
Indexes: TypeAlias = "NDArray[np.int32]"
#: One truth value per point.
Flags: TypeAlias = "NDArray[np.bool_]"
