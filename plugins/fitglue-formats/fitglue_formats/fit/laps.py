"""Laps and pool lengths of one session, each with its range in the samples."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from fitglue_formats.fit.clock import moment
from fitglue_formats.fit.values import cadence, number, seconds
from fitglue_registry.model import Lap

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fitglue_formats.fit.messages import Messages, Values
    from fitglue_formats.fit.samples import Samples

#: Field of the model ← field of the messages ``lap`` and ``length`` with the same meaning and unit.
NUMBERS = {
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
#: FIT profile, type ``intensity`` → the model; other values have the same name in both.
_INTENSITIES = {"active": "work", "interval": "work"}
#: A limit for hostile files: 5,000 lengths of 25 m are 125 km.
_MOST_LAPS = 5_000


def laps_of(
    messages: Messages,
    samples: Samples,
    start: float,
    first: float,
    end: float,
) -> tuple[Lap, ...]:
    """Return the laps and lengths that begin in a session.

    Args:
        messages: The decoded messages of the file.
        samples: The samples of the session.
        start: The start of the session in seconds after the FIT epoch; ``start_s`` counts from it.
        first: The earliest start of a lap that belongs to the session.
        end: The time at which the next session begins.
    """
    laps = []
    for at, values in _between(messages, "lap", first, end):
        laps.append(_lap(at, values, samples, start))
    for at, values in _between(messages, "length", first, end):
        laps.append(_length(at, values, samples, start))
    return tuple(laps[:_MOST_LAPS])


def _between(
    messages: Messages,
    kind: str,
    first: float,
    end: float,
) -> Iterator[tuple[float, Values]]:
    """Yield the messages of a kind that begin in a session, with their start times."""
    for values in messages.all(kind):
        at = seconds(values, "start_time")
        if at is not None and first <= at < end:
            yield at, values


def _lap(
    at: float,
    values: Values,
    samples: Samples,
    start: float,
) -> Lap:
    """Return the lap of a ``lap`` message."""
    return Lap(
        kind="lap",
        label=_stroke(values),
        intensity=_intensity(values),
        average_cadence_rpm=cadence(values, "avg_cadence"),
        **_common(at, values, samples, start),
    )


def _length(
    at: float,
    values: Values,
    samples: Samples,
    start: float,
) -> Lap:
    """Return the lap of a ``length`` message: one length of a pool."""
    return Lap(
        kind="length",
        label=_stroke(values),
        intensity=_intensity(values),
        average_cadence_rpm=number(values, "avg_swimming_cadence"),
        **_common(at, values, samples, start),
    )


def _common(
    at: float,
    values: Values,
    samples: Samples,
    start: float,
) -> dict[str, Any]:
    """Return the fields that laps and lengths have in common."""
    fields: dict[str, Any] = {
        "start_s": at - start,
        "start_utc": moment(at),
    }
    for field, name in NUMBERS.items():
        amount = number(values, name)
        if amount is not None:
            fields[field] = amount
    fields["average_grade_pct"] = number(values, "avg_grade")
    elapsed_s = fields.get("elapsed_s")
    if len(samples) and elapsed_s is not None:
        # A lap shorter than a second still contains the sample of the second in which it began.
        end = at + max(elapsed_s, 1)
        first, last = np.searchsorted(samples.time, [at, end])
        if last > first:
            fields["start_index"] = int(first)
            fields["end_index"] = int(last)
    return fields


def _stroke(values: Values) -> str | None:
    """Return the stroke of a lap or length, or ``None`` at rest or in other sports."""
    stroke = values.get("swim_stroke")
    if not isinstance(stroke, str) or _is_idle(values):
        return None
    return stroke


def _intensity(values: Values) -> str | None:
    """Return the intensity in the words of the model."""
    if _is_idle(values):
        return "rest"
    intensity = values.get("intensity")
    if not isinstance(intensity, str):
        return None
    return _INTENSITIES.get(intensity, intensity)


def _is_idle(values: Values) -> bool:
    """Return whether a length is a rest at the wall rather than a swum one."""
    return bool(values.get("length_type") == "idle")
