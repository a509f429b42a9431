"""One check for the totals of every source activity: can they all be true at the same time?

It sees what any source can state, also a row without a file, and needs no samples. Readers of files
compare the totals with their samples before. A zero beside a value that contradicts it means
"not measured" and is removed. What nothing decides is kept and reported in ``completeness``.
"""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import msgspec

from fitglue_registry.model.activity import Completeness

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fitglue_registry.model.activity import SourceActivity

#: A clock that was never set counts from 1901, 1970, 1980 or 1989. The limit is that of the FIT
#: profile (type ``date_time``, values below 0x10000000).
_EARLIEST = datetime(1998, 7, 3, tzinfo=UTC)
_LATEST = datetime(2100, 1, 1, tzinfo=UTC)
#: Two durations that are rounded to seconds can differ by this much.
_ROUNDING_S = 1.0
#: The speed of an airliner: nothing that an athlete records is faster.
_FASTEST_MPS = 300.0
#: An average that was rounded up can exceed its maximum by this much, in the unit of the field.
_ROUNDING = 1.0
_ROUNDING_MPS = 0.1
#: A field in which zero means "not measured" beside a positive value of one of the others:
#: something was measured, so the total or the average cannot be zero.
_MEASURED_TOGETHER = {
    "elapsed_s": ("moving_s", "recording_s"),
    "distance_m": ("average_speed_mps",),
    "average_heartrate_bpm": ("max_heartrate_bpm", "min_heartrate_bpm"),
    "max_heartrate_bpm": ("average_heartrate_bpm", "min_heartrate_bpm"),
    "min_heartrate_bpm": ("average_heartrate_bpm", "max_heartrate_bpm"),
    "average_watts": ("weighted_average_watts", "max_watts"),
    "weighted_average_watts": ("average_watts",),
    "max_watts": ("average_watts", "weighted_average_watts"),
    "average_cadence_rpm": ("max_cadence_rpm",),
    "max_cadence_rpm": ("average_cadence_rpm",),
    "average_speed_mps": ("distance_m",),
    "max_speed_mps": ("distance_m", "average_speed_mps"),
}
#: What is measured, in words, and its fields in ascending order.
_ASCENDING = {
    "heart rate": ("min_heartrate_bpm", "average_heartrate_bpm", "max_heartrate_bpm"),
    "power": ("average_watts", "max_watts"),
    "cadence": ("average_cadence_rpm", "max_cadence_rpm"),
    "speed": ("average_speed_mps", "max_speed_mps"),
    "altitude": ("min_altitude_m", "average_altitude_m", "max_altitude_m"),
    "temperature": ("min_temperature_c", "average_temperature_c", "max_temperature_c"),
}
#: The words of a sentence for the beginning of a field, and for its unit.
_WORDS = {
    "min": "minimum",
    "max": "maximum",
    "average": "average",
    "weighted": "weighted average",
    "moving": "time without pauses",
    "recording": "recorded time",
}
_UNITS = {"mps": "m/s", "c": "°C", "watts": "W"}


def consistent(activity: SourceActivity) -> SourceActivity:
    """Return an activity whose totals do not contradict each other, or that says which ones do.

    ``completeness.missing`` says for each zero that was removed what the source states, and for
    each contradiction that remains between which values it is.

    Args:
        activity: What one source says about a workout, joined with its file if there is one.
    """
    zeros = dict(_doubtful_zeros(activity))
    cleared: dict[str, Any] = dict.fromkeys(zeros)
    if zeros:
        activity = msgspec.structs.replace(activity, **cleared)
    findings = zeros | dict(_contradictions(activity))
    # The reader of the file may have reported the same, and it has seen the samples.
    missing = findings | activity.completeness.missing
    if missing == activity.completeness.missing:
        return activity
    completeness = Completeness(activity.completeness.parts, missing)
    return msgspec.structs.replace(activity, completeness=completeness)


def _doubtful_zeros(activity: SourceActivity) -> Iterator[tuple[str, str]]:
    """Yield each field whose zero another value contradicts, with the reason to remove it."""
    for field, others in _MEASURED_TOGETHER.items():
        if getattr(activity, field) != 0:
            continue
        for other in others:
            value = getattr(activity, other)
            if value:
                yield field, _removed_zero(other, value)
                break
    # A workout without a distance, such as yoga, may state 0 s in motion.
    if activity.moving_s == 0 and activity.elapsed_s and activity.distance_m:
        yield "moving_s", _removed_zero("distance_m", activity.distance_m)


def _removed_zero(field: str, value: float) -> str:
    """Return why a zero is not a value."""
    return f'the source says 0 beside the {_shown(field, value)}, so it means "not measured"'


def _contradictions(activity: SourceActivity) -> Iterator[tuple[str, str]]:
    """Yield what does not agree, with the reason in words."""
    start = activity.start_utc or activity.start_local
    if start is not None and not _EARLIEST <= start.replace(tzinfo=UTC) < _LATEST:
        reason = f"{start:%Y-%m-%d} is likely the time of a clock that was not set"
        yield "plausible start", reason
    moving_s = activity.moving_s
    elapsed_s = activity.elapsed_s
    if moving_s and elapsed_s and moving_s > elapsed_s + _ROUNDING_S:
        reason = (
            f"the time without pauses ({moving_s:.0f} s) is longer than the time with them "
            f"({elapsed_s:.0f} s)"
        )
        yield "consistent durations", reason
    seconds = moving_s or elapsed_s
    distance_m = activity.distance_m
    if distance_m and seconds and distance_m / seconds > _FASTEST_MPS:
        reason = (
            f"{distance_m:.0f} m in {seconds:.0f} s are {distance_m / seconds * 3.6:.0f} km/h, so "
            "the distance or the time is wrong"
        )
        yield "plausible speed", reason
    for measured, fields in _ASCENDING.items():
        reversed_pair = _reversed_pair(activity, fields)
        if reversed_pair is not None:
            yield f"consistent {measured}", reversed_pair


def _reversed_pair(activity: SourceActivity, fields: tuple[str, ...]) -> str | None:
    """Return the sentence about two values that are not in ascending order, or ``None``."""
    known = [field for field in fields if getattr(activity, field) is not None]
    for low, high in pairwise(known):
        lower = getattr(activity, low)
        higher = getattr(activity, high)
        rounding = _ROUNDING_MPS if low.endswith("_mps") else _ROUNDING
        if lower > higher + rounding:
            return f"the {_shown(low, lower)} is higher than the {_shown(high, higher)}"
    return None


def _shown(field: str, value: float) -> str:
    """Return a field and its value as a sentence shows them, such as "maximum of 150 bpm"."""
    beginning, *_, unit = field.split("_")
    words = _WORDS.get(beginning, beginning)
    return f"{words} of {value:,.6g} {_UNITS.get(unit, unit)}"
