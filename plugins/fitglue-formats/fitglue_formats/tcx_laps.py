"""What the laps of a TCX add up to, and which of them state nothing about a value."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fitglue_formats.array_types import Floats, Indexes
    from fitglue_formats.tcx_elements import LapElement

#: A lap without a duration counts if its samples cover this much; devices end with a lap of 0 s.
_SHORTEST_S = 10.0
#: The laps that state no average may last this share of the time.
_SILENT_SHARE = 0.01
#: Starts and durations are rounded, each in another direction. A little more than a second, because
#: a difference of two times is not exact.
_ROUNDED_S = 1.001
#: In a shorter lap, a watch counts 0 kcal.
_CALORIES_S = 120.0


@dataclass(frozen=True, slots=True)
class LapPart:
    """A lap with the seconds that it lasted, by its own duration or else by its samples."""

    lap: LapElement
    seconds: float


class Gap(NamedTuple):
    """How many laps do not state a value, and what they state instead, in words."""

    clause: str
    seconds: float


def spans_of(
    count: int,
    times: Floats,
    segments: Indexes,
) -> list[float | None]:
    """Return the seconds from the first to the last sample of each lap; ``None`` without samples.

    Args:
        count: The number of laps.
        times: The times of the samples, in their order.
        segments: The number of the lap of each sample.
    """
    # All samples are sorted by lap at once: a file can have thousands of laps and a million points.
    by_lap = np.argsort(segments, kind="stable")
    borders = np.searchsorted(segments[by_lap], np.arange(count + 1))
    spans: list[float | None] = []
    for first, end in pairwise(borders.tolist()):
        own = times[by_lap[first:end]]
        spans.append(float(own[-1] - own[0]) if len(own) else None)
    return spans


def parts_of(
    laps: Sequence[LapElement],
    spans: Sequence[float | None],
) -> list[LapPart]:
    """Return the laps that are part of the workout.

    Args:
        laps: The laps of an activity.
        spans: What ``spans_of`` returns for them.
    """
    parts = []
    for lap, span_s in zip(laps, spans, strict=True):
        sampled_s = span_s if span_s is not None and span_s >= _SHORTEST_S else 0.0
        seconds = amount(lap, "elapsed_s") or sampled_s
        is_total = span_s is None and any(value > 0 for value in lap.stated.values())
        if seconds or is_total or len(laps) == 1:
            parts.append(LapPart(lap, seconds))
    return parts


def distinct(parts: Sequence[LapPart]) -> list[LapPart]:
    """Return the laps that do not lie within another one; some programs write a lap for all that
    was recorded until then.
    """
    starts = np.array([_start_s(part.lap) for part in parts])
    lasted = np.array([part.seconds for part in parts])
    kept = []
    for part, start, seconds in zip(parts, starts, lasted, strict=True):
        late = start - starts  # NaN, and so in no lap, if one of the two starts is unknown
        is_within = (late >= -_ROUNDED_S) & (late <= lasted - seconds + _ROUNDED_S)
        if not (is_within & (seconds < lasted)).any():
            kept.append(part)
    return kept


def _start_s(lap: LapElement) -> float:
    return math.nan if lap.start is None else lap.start.timestamp()


def gap_of(
    parts: Sequence[LapPart],
    name: str,
) -> Gap | None:
    """Return which laps state nothing about a value that others state, or ``None``."""
    silent = []
    for part in parts:
        if amount(part.lap, name) is None:
            silent.append(part)
    if not silent or len(silent) == len(parts):
        return None
    instead = " or ".join(sorted({_instead(part.lap, name) for part in silent}))
    clause = f"in {len(silent)} of {len(parts)} laps, the file states {instead}"
    return Gap(
        clause,
        sum(part.seconds for part in silent),
    )


def _instead(
    lap: LapElement,
    name: str,
) -> str:
    if name in lap.invalid:
        return lap.invalid[name]
    return "0" if name in lap.stated else "none"


def is_partial_mean(
    parts: Sequence[LapPart],
    gap: Gap,
) -> bool:
    """Return whether the laps without a value last so long that they change the average."""
    total_s = sum(part.seconds for part in parts)
    return gap.seconds > total_s * _SILENT_SHARE


def without_calories(parts: Sequence[LapPart]) -> list[LapPart]:
    """Return the laps without those that were too short to burn a kilocalorie."""
    return [part for part in parts if part.seconds >= _CALORIES_S or not _is_zero(part.lap)]


def _is_zero(lap: LapElement) -> bool:
    return lap.stated.get("calories_kcal") == 0


def amount(
    lap: LapElement,
    name: str,
) -> float | None:
    """Return a number that can only be positive in a real workout, or ``None``.

    Devices write 0 for a value that they did not measure.
    """
    return lap.stated.get(name) or None


def mean(
    parts: Sequence[LapPart],
    name: str,
) -> float | None:
    """Return the mean of a value of the laps, weighted by their durations."""
    total = 0.0
    seconds = 0.0
    for part in parts:
        value = amount(
            part.lap,
            name,
        )
        # The only lap needs no duration.
        time = part.seconds or float(len(parts) == 1)
        if value is not None and time:
            total += value * time
            seconds += time
    if not seconds:
        return None
    return total / seconds


def highest(
    parts: Sequence[LapPart],
    name: str,
) -> float | None:
    """Return the highest value among the laps, or ``None`` if no lap states one."""
    amounts = (amount(part.lap, name) for part in parts)
    return max(
        filter(None, amounts),
        default=None,
    )


def total(
    parts: Sequence[LapPart],
    name: str,
) -> float | None:
    """Return the sum over the laps, or ``None`` if no lap states a value."""
    values = list(_values(parts, name))
    return sum(values) if values else None


def _values(
    parts: Sequence[LapPart],
    name: str,
) -> Iterator[float]:
    for part in parts:
        if name in part.lap.stated:
            yield part.lap.stated[name]
