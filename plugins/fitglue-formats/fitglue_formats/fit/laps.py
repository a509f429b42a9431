"""Laps and pool lengths of one session, each with its place in the samples."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from fitglue_formats.fit.clock import moment, seconds
from fitglue_registry.model import Lap

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fitglue_formats.fit.messages import Messages, Values
    from fitglue_formats.fit.samples import Samples

#: Field of the model ← field of a lap or a session, where both are numbers of the same meaning.
_NUMBERS = {
    "elapsed_s": "total_elapsed_time",
    "moving_s": "total_timer_time",
    "distance_m": "total_distance",
    "calories_kcal": "total_calories",
    "average_heartrate_bpm": "avg_heart_rate",
    "max_heartrate_bpm": "max_heart_rate",
    "average_watts": "avg_power",
    "weighted_average_watts": "normalized_power",
    "max_watts": "max_power",
    "average_speed_mps": "enhanced_avg_speed",
    "max_speed_mps": "enhanced_max_speed",
    "elevation_gain_m": "total_ascent",
}
_INTENSITIES = {"active": "work", "interval": "work"}
_MOST_LAPS = 5_000


def number(values: Values, name: str, *, zero: bool = True) -> float | None:
    """A figure of a message, where it is one; ``zero=False`` for what no workout has none of."""
    value = values.get(name)
    if not isinstance(value, int | float) or isinstance(value, bool) or not np.isfinite(value):
        return None
    return float(value) if zero or value else None


def cadence(values: Values, name: str) -> float | None:
    """A cadence with its fraction."""
    whole = number(values, name)
    return (
        None
        if whole is None
        else whole + (number(values, name.replace("_cadence", "_fractional_cadence")) or 0.0)
    )


def laps_of(
    messages: Messages, samples: Samples, start: float, first: float, end: float
) -> tuple[Lap, ...]:
    """The laps and the lengths that begin from ``first`` up to ``end``, with their seconds counted
    from ``start``.
    """
    found = list(_between(messages, "lap", first, end))
    found += [(at, values) for at, values in _between(messages, "length", first, end)]
    return tuple(_lap(at, values, samples, start) for at, values in found[:_MOST_LAPS])


def _between(
    messages: Messages, kind: str, first: float, end: float
) -> Iterator[tuple[float, Values]]:
    for values in messages.all(kind):
        at = seconds(values, "start_time")
        if at is not None and first <= at < end:
            yield at, {**values, "kind": kind}


def _lap(at: float, values: Values, samples: Samples, start: float) -> Lap:
    numbers: dict[str, Any] = {
        field: amount
        for field, name in _NUMBERS.items()
        if (amount := number(values, name)) is not None
    }
    span = numbers.get("elapsed_s")
    indices: dict[str, Any] = {}
    if len(samples) and span is not None:
        first, last = np.searchsorted(samples.time, [at, at + max(span, 1)])
        if last > first:
            indices = {"start_index": int(first), "end_index": int(last)}
    length = values["kind"] == "length"
    idle = values.get("length_type") == "idle"
    intensity = values.get("intensity")
    stroke = values.get("swim_stroke")
    return Lap(
        kind="length" if length else "lap",
        label=stroke if isinstance(stroke, str) and not idle else None,
        intensity="rest"
        if idle
        else _INTENSITIES.get(intensity, intensity)
        if isinstance(intensity, str)
        else None,
        start_s=at - start,
        start_utc=moment(at),
        **indices,
        **numbers,
        average_cadence_rpm=number(values, "avg_swimming_cadence")
        if length
        else cadence(values, "avg_cadence"),
        average_grade_pct=number(values, "avg_grade"),
    )
