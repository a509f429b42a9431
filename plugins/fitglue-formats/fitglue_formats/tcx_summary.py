"""The summary of a TCX activity: what its laps state, completed from its points."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from fitglue_formats.consistency import (
    LapTotals,
    check,
    converted_from,
    is_in_kilometers,
    is_in_milliseconds,
    low_maxima,
)
from fitglue_formats.consistency import Recording as Evidence
from fitglue_formats.figures import Track, climb, movement, speed_in
from fitglue_formats.tcx_laps import (
    LapPart,
    amount,
    distinct,
    gap_of,
    highest,
    is_partial_mean,
    mean,
    parts_of,
    spans_of,
    total,
    without_calories,
)
from fitglue_formats.timeline import REPEATED
from fitglue_formats.tracks import Points, averages, samples_of
from fitglue_registry.model import AVERAGE_SPEED, COMPUTED_SPEED, Provenance

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fitglue_formats.tcx_elements import LapElement
    from fitglue_formats.timeline import Timeline
    from fitglue_formats.tracks import Streams

#: Averages, which laps state for themselves.
_MEANS = ("average_heartrate_bpm", "average_cadence_rpm", "average_watts")
_HIGHEST = ("max_heartrate_bpm", "max_cadence_rpm", "max_watts", "max_speed_mps")
#: Distances that differ by less are the same measurement, in meters and as a share.
_SAME_M = 20.0
_SAME_SHARE = 0.05
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
    # The next three are needed several times, and slow to compute for a million points.
    #: The seconds that the points of each lap cover, or ``None``.
    spans: list[float | None]
    #: The distance, the time in motion and the highest speed along the track.
    moved: dict[str, float]
    #: The climb and the descent along the track.
    climbed: dict[str, float]
    #: Field → the unit in which the laps state it, if it is not the one of the format.
    converted: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        laps: list[LapElement],
        points: Points,
        timeline: Timeline,
        track: Track,
        start: datetime,
    ) -> Recording:
        """Return a recording with what follows from its track."""
        segments = points.segments()[timeline.order]
        return cls(
            laps,
            points,
            timeline,
            track,
            start,
            spans_of(len(laps), track.times, segments),
            movement(track).fields,
            climb(track),
        )


@dataclass(slots=True)
class Summary:
    """The totals and averages of an activity, where they come from, and what is missing."""

    fields: dict[str, Any]
    provenance: dict[str, Provenance] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    #: The laps that make up the totals.
    parts: list[LapPart] = field(default_factory=list)


def summary_of(
    recording: Recording,
    streams: Streams,
) -> Summary:
    """Return what the laps state, completed from the samples."""
    parts = _parts(recording)
    summary = Summary(
        _stated(recording, parts),
        parts=parts,
    )
    if len(parts) < len(recording.laps) and _is_repeated(recording):
        summary.missing["distinct laps"] = (
            f"of {len(recording.laps)} laps, those that repeat parts of others are not counted"
        )
    computed = _computed(
        recording,
        streams,
    )
    _complete(
        summary,
        computed,
        _invalid(recording.laps),
    )
    _complete_partial(
        summary,
        computed,
    )
    _replace_distance(
        summary,
        computed,
        recording,
    )
    _check(
        summary,
        recording,
        streams,
    )
    for name, unit in recording.converted.items():
        summary.provenance.setdefault(
            name,
            Provenance("computed", note=converted_from(unit)),
        )
    speed = speed_in(summary.fields)
    if speed is not None:
        summary.fields[AVERAGE_SPEED] = speed
        summary.provenance[AVERAGE_SPEED] = COMPUTED_SPEED
    summary.missing |= low_maxima(summary.fields)
    return summary


def _parts(recording: Recording) -> list[LapPart]:
    """Return the laps that make up the totals."""
    parts = parts_of(recording.laps, recording.spans)
    return distinct(parts) if _is_repeated(recording) else parts


def _is_repeated(recording: Recording) -> bool:
    """Return whether laps repeat the points of others."""
    return REPEATED in recording.timeline.dropped


def _complete(
    summary: Summary,
    computed: dict[str, Any],
    invalid: dict[str, str],
) -> None:
    """Take from the samples what the laps do not state."""
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
        summary.provenance[name] = Provenance(
            "computed",
            note=note,
        )
    for name, value in invalid.items():
        if name not in summary.fields:
            summary.missing[name] = f"the file states {value}"
    if "elapsed_s" in invalid and "elapsed_s" in summary.fields:
        note = f"from start to end, because the file states {invalid['elapsed_s']}"
        summary.provenance["elapsed_s"] = Provenance(
            "computed",
            note=note,
        )


def _complete_partial(
    summary: Summary,
    computed: dict[str, Any],
) -> None:
    """Take from the samples what only some laps state, or mark it as partial."""
    parts = summary.parts
    for name in _MEANS + _HIGHEST:
        gap = gap_of(
            parts,
            name,
        )
        if gap is None or not is_partial_mean(parts, gap):
            continue
        value = computed.get(name)
        if value is None:
            summary.missing[f"complete {name}"] = gap.clause
            continue
        note = f"from the samples, because {gap.clause}"
        stated = summary.fields.get(
            name,
            value,
        )
        # A part of a workout cannot have a higher maximum than the whole.
        if name in _HIGHEST and stated > value:
            value = stated
            note = f"the highest of the other laps, because {gap.clause}"
        summary.fields[name] = value
        summary.provenance[name] = Provenance(
            "computed",
            note=note,
        )
    gap = gap_of(
        without_calories(parts),
        "calories_kcal",
    )
    if gap is not None:
        summary.missing["complete calories_kcal"] = gap.clause
    gap = gap_of(
        parts,
        "elapsed_s",
    )
    if gap is not None:
        note = f"with the durations of the samples, because {gap.clause}"
        summary.provenance["moving_s"] = Provenance(
            "computed",
            note=note,
        )


def _replace_distance(
    summary: Summary,
    computed: dict[str, Any],
    recording: Recording,
) -> None:
    """Take the distance from the samples if the laps know a part of it, or repeat parts."""
    stated_m = summary.fields.get("distance_m")
    sampled_m = computed.get("distance_m")
    gap = gap_of(
        summary.parts,
        "distance_m",
    )
    reason = gap.clause if gap is not None else None
    if _is_repeated(recording):
        reason = "the laps repeat points"
    if not stated_m or reason is None:
        return
    if not sampled_m:
        if any("distance_m" not in part.lap.stated for part in summary.parts):
            summary.missing["complete distance_m"] = reason
        return
    is_same = abs(sampled_m - stated_m) <= max(_SAME_M, _SAME_SHARE * stated_m)
    # A distance that the receiver lost for a while is shorter than the right one.
    if is_same or (sampled_m < stated_m and not _is_repeated(recording)):
        return
    summary.fields["distance_m"] = sampled_m
    note = f"from the samples, because {reason}"
    summary.provenance["distance_m"] = Provenance(
        "computed",
        note=note,
    )


def convert_units(
    recording: Recording,
    streams: Streams,
) -> None:
    """Convert laps in km and ms, if the samples show that they are; drop impossible durations."""
    parts = _parts(recording)
    stated = {name: total(parts, name) for name in ("distance_m", "elapsed_s")}
    evidence = _evidence(
        Summary(stated, parts=parts),
        recording,
        streams,
    )
    if is_in_kilometers(evidence):
        _multiply(
            recording,
            "distance_m",
            1000,
        )
        recording.converted["distance_m"] = "km"
    if is_in_milliseconds(evidence):
        _multiply(
            recording,
            "elapsed_s",
            1 / 1000,
        )
        recording.converted.update(
            elapsed_s="ms",
            moving_s="ms",
        )
    for lap in recording.laps:
        lap.drop_impossible()


def _multiply(
    recording: Recording,
    name: str,
    factor: float,
) -> None:
    for lap in recording.laps:
        if name in lap.stated:
            lap.stated[name] = round(
                lap.stated[name] * factor,
                6,
            )


def _check(
    summary: Summary,
    recording: Recording,
    streams: Streams,
) -> None:
    """Correct what contradicts other evidence, and state what remains in doubt."""
    findings = check(_evidence(summary, recording, streams))
    for name, corrected in findings.corrected.items():
        summary.fields[name] = corrected.value
        summary.provenance[name] = Provenance(
            "computed",
            note=corrected.note,
        )
    summary.missing |= findings.doubts


def _evidence(
    summary: Summary,
    recording: Recording,
    streams: Streams,
) -> Evidence:
    """Return what the consistency check compares, in seconds since 1970."""
    times = recording.track.times
    laps = []
    for part in summary.parts:
        lap = part.lap
        if lap.start is not None:
            distance_m = amount(
                lap,
                "distance_m",
            )
            laps.append(
                LapTotals(
                    lap.start.timestamp(),
                    moving_s=amount(lap, "elapsed_s"),
                    # Laps that do not know the whole distance are no evidence about it.
                    distance_m=None if "distance_m" in summary.provenance else distance_m,
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
    reached = samples_of(
        streams,
        "distance",
    )
    if len(reached):
        return float(reached.max() - reached[0])
    return recording.moved.get("distance_m")


def _invalid(laps: Sequence[LapElement]) -> dict[str, str]:
    """Return the fields for which a lap states a number that cannot have been measured."""
    invalid: dict[str, str] = {}
    for lap in laps:
        invalid |= lap.invalid
    if "elapsed_s" in invalid:
        invalid["moving_s"] = invalid["elapsed_s"]
    return invalid


def _stated(
    recording: Recording,
    parts: Sequence[LapPart],
) -> dict[str, Any]:
    """Return the fields that follow from what the laps state."""
    fields = {
        "moving_s": _moving_s(parts),
        "elapsed_s": _elapsed_s(recording),
        "distance_m": total(parts, "distance_m"),
        "calories_kcal": total(parts, "calories_kcal"),
    }
    fields |= {name: mean(parts, name) for name in _MEANS}
    fields |= {name: highest(parts, name) for name in _HIGHEST}
    return {name: value for name, value in fields.items() if value is not None}


def _moving_s(parts: Sequence[LapPart]) -> float | None:
    """Return the sum of the durations of the laps, or ``None`` if no lap states one."""
    if total(parts, "elapsed_s"):
        return sum(part.seconds for part in parts)
    return None


def _elapsed_s(recording: Recording) -> float | None:
    """Return the seconds from the start to the end of the last lap or to the last point.

    The times of the laps do not include pauses, so their sum would be too short.
    """
    end = last_time(recording)
    for lap in recording.laps:
        if lap.start is not None and is_near(lap.start, end, recording.start):
            lap_end = later(lap.start, amount(lap, "elapsed_s") or 0.0)
            end = max(end or lap_end, lap_end)
    if end is None:
        return None
    elapsed = end - recording.start
    # The laps of some files have no duration, and then only the start is known.
    if elapsed <= timedelta(0):
        return None
    elapsed_s = elapsed.total_seconds()
    starts = [lap.start for lap in recording.laps if lap.start is not None]
    if all(is_near(start, end, recording.start) for start in starts):
        return elapsed_s
    # If the start of a lap is wrong, its end is unknown, but the device rounds its last sample.
    lasted_s = sum(amount(lap, "elapsed_s") or 0.0 for lap in recording.laps)
    if 0 < lasted_s - elapsed_s <= _ROUNDING_S:
        return lasted_s
    return elapsed_s


def last_time(recording: Recording) -> datetime | None:
    """Return the time of the last point, or ``None`` without points."""
    times = recording.track.times
    if not len(times):
        return None
    return datetime.fromtimestamp(float(times[-1]), UTC)


def is_near(
    moment: datetime,
    end: datetime | None,
    start: datetime,
) -> bool:
    """Return whether the start of a lap fits the points, if there are any."""
    if end is None:
        return True
    return start - EARLY_START <= moment <= end + EARLY_START


def _computed(
    recording: Recording,
    streams: Streams,
) -> dict[str, Any]:
    """Return the fields that follow from the samples."""
    fields: dict[str, Any] = averages(streams)
    speeds = samples_of(
        streams,
        "velocity",
    )
    if len(speeds):
        fields["max_speed_mps"] = float(speeds.max())
    reached = samples_of(
        streams,
        "distance",
    )
    if len(reached):
        fields["distance_m"] = max(
            float(reached.max()),
            0.0,
        )
    fields |= recording.climbed
    for name, value in recording.moved.items():
        if not fields.get(name):
            fields[name] = value
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
