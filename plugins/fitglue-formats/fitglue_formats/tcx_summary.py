"""The summary of a TCX activity: what its laps state, completed from its points."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from fitglue_formats.absence import is_invalid
from fitglue_formats.consistency import LapTotals, check
from fitglue_formats.consistency import Recording as Evidence
from fitglue_formats.figures import AVERAGE_SPEED, Track, average_speed, climb, movement
from fitglue_formats.tracks import Points, averages, samples_of
from fitglue_registry.model import Provenance

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fitglue_formats.tcx_elements import LapElement
    from fitglue_formats.timeline import Timeline
    from fitglue_formats.tracks import Streams

#: Field of a lap → the kind of value, which decides what means "not measured".
_KINDS = {
    "distance_m": "distance",
    "calories_kcal": "calories",
    "average_heartrate_bpm": "heartrate",
    "max_heartrate_bpm": "heartrate",
    "average_cadence_rpm": "cadence",
    "max_cadence_rpm": "cadence",
    "average_watts": "watts",
    "max_watts": "watts",
    "average_speed_mps": "velocity",
    "max_speed_mps": "velocity",
}
#: How long before its first point a workout can begin: a receiver needs minutes for its first fix.
EARLY_START = timedelta(hours=1)
#: Devices write their last sample up to this long before they stop.
_ROUNDING_S = 60.0


@dataclass(frozen=True, slots=True)
class Recording:
    """An activity with its points in the order of time."""

    laps: list[LapElement]
    points: Points
    timeline: Timeline
    track: Track
    start: datetime


@dataclass(slots=True)
class Summary:
    """The totals and averages of an activity, where they come from, and what is missing."""

    fields: dict[str, Any]
    provenance: dict[str, Provenance] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)


def summary_of(
    recording: Recording,
    streams: Streams,
) -> Summary:
    """Return what the laps state, completed from the samples."""
    summary = Summary(_stated(recording))
    computed = _computed(recording, streams)
    invalid = _invalid(recording.laps)
    for name, value in computed.items():
        stated = summary.fields.get(name)
        # A total of 0 beside a positive one means that the laps do not know it.
        if stated or (stated is not None and not value):
            continue
        note = "from the samples"
        if name in invalid:
            note = f"from the samples, because the file states {invalid[name]}"
        elif stated is not None:
            note = "from the samples, because the laps state 0"
        summary.fields[name] = value
        summary.provenance[name] = Provenance("computed", note=note)
    for name, value in invalid.items():
        if name not in summary.fields:
            summary.missing[name] = f"the file states {value}"
    _check(
        summary,
        recording,
        streams,
    )
    speed = average_speed(summary.fields)
    if speed is not None:
        summary.fields["average_speed_mps"] = speed
        summary.provenance["average_speed_mps"] = Provenance("computed", note=AVERAGE_SPEED)
    return summary


def _check(
    summary: Summary,
    recording: Recording,
    streams: Streams,
) -> None:
    """Correct what contradicts other evidence, and state what remains in doubt."""
    findings = check(_evidence(summary, recording, streams))
    for name, corrected in findings.corrected.items():
        summary.fields[name] = corrected.value
        summary.provenance[name] = Provenance("computed", note=corrected.note)
    summary.missing |= findings.doubts


def _evidence(
    summary: Summary,
    recording: Recording,
    streams: Streams,
) -> Evidence:
    """Return what the consistency check compares, in seconds since 1970."""
    times = recording.track.times
    laps = []
    for lap in recording.laps:
        if lap.start is not None:
            laps.append(
                LapTotals(
                    lap.start.timestamp(),
                    moving_s=amount(lap, "elapsed_s"),
                    distance_m=amount(lap, "distance_m"),
                ),
            )
    return Evidence(
        recording.start.timestamp(),
        elapsed_s=summary.fields.get("elapsed_s"),
        moving_s=summary.fields.get("moving_s"),
        first=float(times[0]) if len(times) else None,
        last=float(times[-1]) if len(times) else None,
        distance_m=summary.fields.get("distance_m"),
        sampled_m=_sampled_m(recording, streams),
        laps=laps,
    )


def _sampled_m(
    recording: Recording,
    streams: Streams,
) -> float | None:
    """Return the distance that the samples cover, or ``None`` if they do not show it."""
    reached = samples_of(streams, "distance")
    if len(reached):
        return float(reached.max() - reached[0])
    if not len(recording.track.times):
        return None
    return movement(recording.track).fields.get("distance_m")


def _invalid(laps: Sequence[LapElement]) -> dict[str, str]:
    """Return the fields for which a lap states a number that means "not measured"."""
    invalid = {}
    for lap in laps:
        for name, kind in _KINDS.items():
            value = lap.stated.get(name)
            if is_invalid(kind, value):
                invalid[name] = f'{value:,.0f}, which means "not measured"'
    return invalid


def amount(
    lap: LapElement,
    name: str,
) -> float | None:
    """Return a number that can only be positive in a real workout, or ``None``.

    Devices write 0 for a value that they did not measure.
    """
    value = lap.stated.get(name)
    if value is None or value <= 0 or is_invalid(_KINDS.get(name, ""), value):
        return None
    return value


def not_negative(
    lap: LapElement,
    name: str,
) -> float | None:
    """Return a number; a negative one becomes 0."""
    value = lap.stated.get(name)
    if value is None or is_invalid(_KINDS.get(name, ""), value):
        return None
    return max(value, 0.0)


def _stated(recording: Recording) -> dict[str, Any]:
    """Return the fields that follow from what the laps state."""
    laps = recording.laps
    fields = {
        "moving_s": sum(amount(lap, "elapsed_s") or 0.0 for lap in laps) or None,
        "elapsed_s": _elapsed_s(recording),
        "distance_m": _sum(laps, "distance_m"),
        "calories_kcal": _sum(laps, "calories_kcal"),
        "average_heartrate_bpm": _mean(laps, "average_heartrate_bpm"),
        "max_heartrate_bpm": _highest(laps, "max_heartrate_bpm"),
        "average_cadence_rpm": _mean(laps, "average_cadence_rpm"),
        "max_cadence_rpm": _highest(laps, "max_cadence_rpm"),
        "average_watts": _mean(laps, "average_watts"),
        "max_watts": _highest(laps, "max_watts"),
        "max_speed_mps": _highest(laps, "max_speed_mps"),
    }
    return {name: value for name, value in fields.items() if value is not None}


def _elapsed_s(recording: Recording) -> float | None:
    """Return the seconds from the start to the end of the last lap or to the last point.

    The times of the laps do not include pauses, so their sum would be too short.
    """
    ends = []
    times = recording.track.times
    if len(times):
        ends.append(datetime.fromtimestamp(float(times[-1]), UTC))
    for lap in recording.laps:
        if lap.start is not None and is_near(lap.start, ends, recording.start):
            ends.append(later(lap.start, amount(lap, "elapsed_s") or 0.0))
    if not ends:
        return None
    elapsed = max(ends) - recording.start
    # The laps of some files have no duration, and then only the start is known.
    if elapsed <= timedelta(0):
        return None
    elapsed_s = elapsed.total_seconds()
    starts = [lap.start for lap in recording.laps if lap.start is not None]
    if all(is_near(start, ends, recording.start) for start in starts):
        return elapsed_s
    # If the start of a lap is wrong, its end is unknown, but the device rounds its last sample.
    lasted_s = sum(amount(lap, "elapsed_s") or 0.0 for lap in recording.laps)
    if 0 < lasted_s - elapsed_s <= _ROUNDING_S:
        return lasted_s
    return elapsed_s


def is_near(
    moment: datetime,
    ends: Sequence[datetime],
    start: datetime,
) -> bool:
    """Return whether the start of a lap fits the points, if there are any."""
    if not ends:
        return True
    return start - EARLY_START <= moment <= max(ends) + EARLY_START


def _mean(
    laps: Sequence[LapElement],
    name: str,
) -> float | None:
    """Return the mean of a value of the laps, weighted by their durations."""
    total = 0.0
    seconds = 0.0
    for lap in laps:
        value = amount(lap, name)
        # The only lap needs no duration.
        time = amount(lap, "elapsed_s") or float(len(laps) == 1)
        if value is not None and time:
            total += value * time
            seconds += time
    if not seconds:
        return None
    return total / seconds


def _highest(
    laps: Sequence[LapElement],
    name: str,
) -> float | None:
    """Return the highest value among the laps, or ``None`` if no lap states one."""
    amounts = (amount(lap, name) for lap in laps)
    return max(filter(None, amounts), default=None)


def _sum(
    laps: Sequence[LapElement],
    name: str,
) -> float | None:
    """Return the sum over the laps, or ``None`` if no lap states a value."""
    amounts = []
    for lap in laps:
        amount = not_negative(lap, name)
        if amount is not None:
            amounts.append(amount)
    if not amounts:
        return None
    return sum(amounts)


def _computed(
    recording: Recording,
    streams: Streams,
) -> dict[str, Any]:
    """Return the fields that follow from the samples."""
    fields: dict[str, Any] = averages(streams)
    speeds = samples_of(streams, "velocity")
    if len(speeds):
        fields["max_speed_mps"] = float(speeds.max())
    reached = samples_of(streams, "distance")
    if len(reached):
        fields["distance_m"] = max(float(reached.max()), 0.0)
    if not len(recording.track.times):
        return fields
    fields |= climb(recording.track)
    moved = movement(recording.track).fields
    for name in ("distance_m", "moving_s", "max_speed_mps"):
        if name in moved and not fields.get(name):
            fields[name] = moved[name]
    return fields


def later(
    time: datetime,
    seconds: float,
) -> datetime:
    """Return the time some seconds later; a time beyond the calendar stays as it is."""
    try:
        return time + timedelta(seconds=seconds)
    except OverflowError:
        return time


def stated_value(
    lap: LapElement,
    name: str,
) -> float | None:
    """Return a number as it is stated, unless it means "not measured"."""
    value = lap.stated.get(name)
    return None if is_invalid(_KINDS[name], value) else value
