"""Correction of distances over time that are reset, or that jump for a few samples."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from fitglue_formats.array_types import Floats

#: A smaller step back is the rounding of a device, or its correction of an estimate.
_BACK_M = 50.0
#: A jump that lasts longer than this number of samples is not a mistake in single samples.
_FEW = 5
#: A jump is this many times longer than the usual step.
_STEEP = 5
#: A device that begins to count anew is below this share of what it had counted.
_RESET_SHARE = 0.05
#: The limit keeps a hostile file from taking hours.
_MOST_STEPS = 1000


class Steady(NamedTuple):
    """Distances that do not fall, as far as that could be corrected.

    Attributes:
        values: The distances in meters; a gap is NaN.
        note: What was corrected, in words, or ``None`` if nothing was.
    """

    values: Floats
    note: str | None


def steady(values: Floats) -> Steady:
    """Return distances without jumps of a few samples, counted on where a device began anew.

    Args:
        values: The distance from the start at each sample in meters; a gap is NaN.
    """
    known = np.flatnonzero(~np.isnan(values))
    distances = values[known]
    steps = np.diff(distances)
    falls = np.flatnonzero(steps < -_BACK_M)
    if not 0 < len(falls) <= _MOST_STEPS:
        return Steady(values, None)
    rises = steps[steps > 0]
    usual = float(np.median(rises)) if len(rises) else 0.0
    jumps = 0
    resets = 0
    for fall in falls.tolist():
        wrong = _jump(
            distances,
            fall,
            usual,
        )
        if wrong is not None:
            jumps += wrong.stop - wrong.start
            distances[wrong] = np.nan
        elif distances[fall + 1] <= distances[fall] * _RESET_SHARE:
            resets += 1
            distances[fall + 1 :] += distances[fall]
    corrected = values.copy()
    corrected[known] = distances
    return Steady(corrected, _note(jumps, resets))


def _jump(
    distances: Floats,
    fall: int,
    usual: float,
) -> slice | None:
    """Return the few samples around a fall that are too low or too high, if there are any."""
    before = distances[fall]
    after = distances[fall + 1]
    for count in range(1, _FEW + 1):
        end = fall + 1 + count
        if end < len(distances) and distances[end] >= before:
            return slice(fall + 1, end)
        first = fall + 1 - count
        if first < 1:
            continue
        base = distances[first - 1]
        is_steep = distances[first] - base > usual * _STEEP
        if is_steep and base <= after:
            return slice(first, fall + 1)
    return None


def _note(jumps: int, resets: int) -> str | None:
    """Return what was corrected, in words."""
    parts = []
    if resets:
        parts.append(f"it begins anew, so the distances were added ({resets:,})")
    if jumps:
        parts.append(f"values that jump were left out ({jumps:,})")
    return "; ".join(parts) or None
