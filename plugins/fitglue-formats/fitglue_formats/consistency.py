"""One check for recordings of every format: do their times, totals, laps and samples agree?

A reader collects the evidence in a ``Recording``. Times are seconds after any moment that is the
same for all of them, such as the start of the file. What can be corrected from more reliable
evidence is returned with a note for its provenance. What cannot is returned as a doubt, which the
reader adds to ``completeness``, so nothing happens silently.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

#: Devices round, and write their last sample some seconds before they stop.
_TOLERANCE_S = 60.0
_TOLERANCE_M = 100.0
#: A unit shows only in samples that cover at least this much: a few seconds fit any number.
_LEAST_S = 120.0
_LEAST_M = 100.0
#: Two durations that are rounded to seconds can differ by this much.
_ROUNDING_S = 1.0
#: The same for long recordings, as a share.
_TOLERANCE = 0.05
#: By this much, in seconds or as a share, samples can cover another time than the duration.
_COVERED_S = 10.0
_COVERED = 0.02
#: The speed of an airliner: nothing that an athlete records is faster.
_FASTEST_MPS = 300.0
#: An end message that is this much later was not written when the athlete saved the workout.
_DAY_S = 86_400.0


#: Averages of whole numbers are rounded. The highest speed of positions leaves out the fastest
#: ones, so it can be somewhat below the average.
_ROUNDING = 1.0
_SPEED_TOLERANCE = 1.1
#: What was measured, in words → the fields of its average and its maximum.
_MAXIMA = {
    "heart rates": ("average_heartrate_bpm", "max_heartrate_bpm"),
    "cadences": ("average_cadence_rpm", "max_cadence_rpm"),
    "powers": ("average_watts", "max_watts"),
    "temperatures": ("average_temperature_c", "max_temperature_c"),
    "altitudes": ("average_altitude_m", "max_altitude_m"),
    "speeds": ("average_speed_mps", "max_speed_mps"),
}


class LapTotals(NamedTuple):
    """What one lap states: its start, its durations and its distance."""

    start: float
    elapsed_s: float | None = None
    moving_s: float | None = None
    distance_m: float | None = None


@dataclass(frozen=True, slots=True)
class Recording:
    """The evidence about one recording. A value that is unknown is ``None``.

    Attributes:
        start: The stated start.
        end: The stated end, such as the time of the message that ends a session.
        elapsed_s: The stated time with pauses.
        moving_s: The stated time without pauses.
        first: The time of the first sample.
        last: The time of the last sample.
        distance_m: The stated distance.
        sampled_m: The distance that the samples cover.
        laps: What each lap states, without the lengths of a pool.
    """

    start: float
    end: float | None = None
    elapsed_s: float | None = None
    moving_s: float | None = None
    first: float | None = None
    last: float | None = None
    distance_m: float | None = None
    sampled_m: float | None = None
    laps: Sequence[LapTotals] = ()

    @property
    def span_s(self) -> float | None:
        """The seconds from the first to the last sample, or ``None`` without samples."""
        if self.first is None or self.last is None:
            return None
        return self.last - self.first


class Corrected(NamedTuple):
    """A value that replaces the stated one, and the reason for its provenance."""

    value: float
    note: str


@dataclass(slots=True)
class Findings:
    """What the check found.

    Attributes:
        corrected: Field of the model → its corrected value.
        doubts: What does not agree → the reason in words, for ``Completeness.missing``.
    """

    corrected: dict[str, Corrected] = field(default_factory=dict)
    doubts: dict[str, str] = field(default_factory=dict)


def check(recording: Recording) -> Findings:
    """Compare all values of a recording with each other.

    Args:
        recording: The evidence.

    Returns:
        The values to use instead of stated ones, and the contradictions that nothing decides.
    """
    findings = Findings()
    recording = _in_meters_and_seconds(recording, findings)
    recording = _with_elapsed(recording, findings)
    _check_moving(recording, findings)
    _check_span(recording, findings)
    _check_end(recording, findings)
    _check_laps(recording, findings)
    _check_distance(recording, findings)
    _check_speed(recording, findings)
    return findings


def _in_meters_and_seconds(
    recording: Recording,
    findings: Findings,
) -> Recording:
    """Convert a distance in km and durations in ms, if the samples show that they are."""
    changes: dict[str, Any] = {}
    if is_in_kilometers(recording):
        changes["distance_m"] = (recording.distance_m or 0.0) * 1000
    if is_in_milliseconds(recording):
        elapsed_s = (recording.elapsed_s or 0.0) / 1000
        changes["elapsed_s"] = elapsed_s
        moving_s = recording.moving_s
        # A source can state one duration in ms and the other in s.
        if moving_s and moving_s > elapsed_s + _ROUNDING_S:
            changes["moving_s"] = moving_s / 1000
    units = {"distance_m": "km", "elapsed_s": "ms", "moving_s": "ms"}
    for name, value in changes.items():
        findings.corrected[name] = Corrected(value, converted_from(units[name]))
    return replace(recording, **changes)


def converted_from(unit: str) -> str:
    """Return the note for the provenance of a value that was stated in another unit."""
    return f"the stated number fits the samples in {unit}, so it was converted"


def is_in_kilometers(recording: Recording) -> bool:
    """Return whether the samples cover a thousand times the stated distance."""
    distance_m = recording.distance_m
    sampled_m = recording.sampled_m
    if not distance_m or not sampled_m or sampled_m < _LEAST_M:
        return False
    return _is_near(sampled_m, distance_m * 1000, 0.0)


def is_in_milliseconds(recording: Recording) -> bool:
    """Return whether the samples cover a thousandth of the stated time, and nothing else in the
    file confirms that time.
    """
    elapsed_s = recording.elapsed_s
    span_s = recording.span_s
    if not elapsed_s or not span_s or span_s < _LEAST_S:
        return False
    if not _is_near(span_s, elapsed_s / 1000, 0.0):
        return False
    latest = recording.start + elapsed_s / 1000 + _TOLERANCE_S
    if any(lap.start > latest for lap in recording.laps):
        return False
    if recording.end is None:
        return True
    return not _is_near(recording.end - recording.start, elapsed_s, _TOLERANCE_S)


def _with_elapsed(
    recording: Recording,
    findings: Findings,
) -> Recording:
    """Correct the stated time if it contradicts all other evidence, which agrees."""
    elapsed_s = recording.elapsed_s
    span_s = recording.span_s
    if not elapsed_s or not span_s or recording.end is None:
        return recording
    apart_s = recording.end - recording.start
    if not _is_near(span_s, apart_s, _TOLERANCE_S) or _is_near(elapsed_s, apart_s, _TOLERANCE_S):
        return recording
    if not _others_agree(recording, apart_s):
        return recording
    note = (
        f"the source states {elapsed_s:.0f} s; start and end are {apart_s:.0f} s apart, and the "
        f"samples cover {span_s:.0f} s"
    )
    findings.corrected["elapsed_s"] = Corrected(apart_s, note)
    return replace(recording, elapsed_s=apart_s)


def _others_agree(
    recording: Recording,
    seconds: float,
) -> bool:
    """Return whether the timer and the laps confirm a time, as far as they are known.

    Both can leave out pauses, so a smaller sum does not contradict a time that is shorter than
    the stated one.
    """
    elapsed_s = recording.elapsed_s or 0.0
    totals = [recording.moving_s or 0.0]
    totals.append(sum(lap.elapsed_s or 0.0 for lap in recording.laps))
    known = [total for total in totals if total]
    if elapsed_s > seconds:
        return all(total <= seconds + _TOLERANCE_S for total in known)
    return bool(known) and all(_is_near(total, seconds, _TOLERANCE_S) for total in known)


def _check_moving(
    recording: Recording,
    findings: Findings,
) -> None:
    """Check that the time without pauses does not exceed the time with them."""
    elapsed_s = recording.elapsed_s
    moving_s = recording.moving_s
    if elapsed_s is None or moving_s is None:
        return
    if moving_s <= elapsed_s + _ROUNDING_S:
        return
    span_s = recording.span_s
    # The samples are a third witness: if they confirm one duration, the other one is wrong.
    is_confirmed = span_s is not None and _is_near(span_s, elapsed_s, _TOLERANCE_S)
    if span_s is not None and is_confirmed and abs(span_s - moving_s) < abs(span_s - elapsed_s):
        note = (
            f"the source states {elapsed_s:.0f} s, which is less than the time without pauses; the "
            f"samples cover {span_s:.0f} s"
        )
        findings.corrected["elapsed_s"] = Corrected(moving_s, note)
        return
    if is_confirmed:
        note = (
            f"the source states {moving_s:.0f} s, which is more than the elapsed time; the samples "
            f"cover {span_s:.0f} s"
        )
        findings.corrected["moving_s"] = Corrected(elapsed_s, note)
        return
    findings.doubts["consistent durations"] = (
        f"the time without pauses ({moving_s:.0f} s) is longer than the time with them "
        f"({elapsed_s:.0f} s)"
    )


def _check_span(
    recording: Recording,
    findings: Findings,
) -> None:
    """Check that the samples cover the time from start to end."""
    elapsed_s = recording.elapsed_s
    span_s = recording.span_s
    # A single sample covers no time.
    if elapsed_s is None or not span_s:
        return
    if _is_near(span_s, elapsed_s, _TOLERANCE_S):
        return
    findings.doubts["consistent samples"] = (
        f"the samples cover {span_s:.0f} s, and the stated time is {elapsed_s:.0f} s"
    )


def _check_end(
    recording: Recording,
    findings: Findings,
) -> None:
    """Check that start and end are as far apart as the duration says.

    An end that is somewhat later is ordinary: the athlete saved the workout later. Some apps write
    the start as the end.
    """
    if recording.end is None or recording.elapsed_s is None:
        return
    apart_s = recording.end - recording.start
    late_s = apart_s - recording.elapsed_s
    if apart_s == 0 or -_TOLERANCE_S <= late_s <= _DAY_S:
        return
    findings.doubts["consistent start and end"] = (
        f"they are {apart_s:.0f} s apart, and the stated time is {recording.elapsed_s:.0f} s, so "
        "one of them is wrong"
    )


def _check_laps(
    recording: Recording,
    findings: Findings,
) -> None:
    """Check that the laps add up to the recording, and that they begin inside it."""
    _check_lap_durations(recording, findings)
    _check_lap_distances(recording, findings)
    _check_lap_starts(recording, findings)


def _check_lap_durations(
    recording: Recording,
    findings: Findings,
) -> None:
    """Check that the durations of the laps add up to a duration of the recording."""
    total_s = sum(lap.elapsed_s or 0.0 for lap in recording.laps)
    stated_s = recording.elapsed_s
    if not total_s or not stated_s:
        return
    if _is_near(total_s, stated_s, _TOLERANCE_S):
        return
    # Some devices leave the pauses out of the laps.
    moving_s = recording.moving_s
    if moving_s and _is_near(total_s, moving_s, _TOLERANCE_S):
        return
    findings.doubts["consistent laps"] = (
        f"they add up to {total_s:.0f} s, and the stated time is {stated_s:.0f} s"
    )


def _check_lap_distances(
    recording: Recording,
    findings: Findings,
) -> None:
    """Check that the distances of the laps add up to the distance of the recording."""
    total_m = sum(lap.distance_m or 0.0 for lap in recording.laps)
    stated_m = recording.distance_m
    if not total_m or not stated_m:
        return
    if _is_near(total_m, stated_m, _TOLERANCE_M):
        return
    findings.doubts["consistent distances of laps"] = (
        f"they add up to {total_m:.0f} m, and the stated distance is {stated_m:.0f} m"
    )


def _check_lap_starts(
    recording: Recording,
    findings: Findings,
) -> None:
    """Check that each lap begins between the start and the end of the recording."""
    if recording.elapsed_s is None:
        return
    earliest = recording.start - _TOLERANCE_S
    latest = recording.start + recording.elapsed_s + _TOLERANCE_S
    count = len(recording.laps)
    outside = 0
    for lap in recording.laps:
        if not earliest <= lap.start <= latest:
            outside += 1
    if outside:
        findings.doubts["consistent starts of laps"] = (
            f"{outside} of {count} laps begin outside the recording"
        )


def _check_distance(
    recording: Recording,
    findings: Findings,
) -> None:
    """Check that the samples cover the stated distance."""
    stated_m = recording.distance_m
    sampled_m = recording.sampled_m
    if not stated_m or not sampled_m:
        return
    if _is_near(sampled_m, stated_m, _TOLERANCE_M):
        return
    findings.doubts["consistent distance"] = (
        f"the samples cover {sampled_m:.0f} m, and the stated distance is {stated_m:.0f} m"
    )


def _check_speed(
    recording: Recording,
    findings: Findings,
) -> None:
    """Check that the distance could be covered in the time."""
    distance_m = recording.distance_m
    seconds = recording.moving_s or recording.elapsed_s
    if not distance_m or not seconds:
        return
    if distance_m / seconds <= _FASTEST_MPS:
        return
    findings.doubts["plausible speed"] = (
        f"{distance_m:.0f} m in {seconds:.1f} s are {distance_m / seconds * 3.6:.0f} km/h, so the "
        "distance or the time is wrong"
    )


def is_covered(
    duration_s: float,
    span_s: float,
) -> bool:
    """Return whether samples cover a duration: devices write the first and the last one inside it.

    Args:
        duration_s: The stated duration.
        span_s: The seconds from the first to the last sample.
    """
    return abs(span_s - duration_s) <= max(_COVERED_S, _COVERED * duration_s)


def low_maxima(fields: Mapping[str, Any]) -> dict[str, str]:
    """Return the doubts about maxima that are below their averages.

    Args:
        fields: The fields of a source activity.

    Returns:
        What does not agree → the reason in words, for ``Completeness.missing``.
    """
    doubts = {}
    for what, (average_field, highest_field) in _MAXIMA.items():
        average = fields.get(average_field)
        highest = fields.get(highest_field)
        # A maximum of 0 is absent.
        if average is None or not highest:
            continue
        limit = highest * _SPEED_TOLERANCE if what == "speeds" else highest + _ROUNDING
        if average > limit:
            doubts[f"consistent {what}"] = (
                f"the highest is {highest:.4g} and the average is {average:.4g}, so one of them is "
                "wrong"
            )
    return doubts


def _is_near(
    value: float,
    stated: float,
    tolerance: float,
) -> bool:
    """Return whether a value is within the tolerance, which grows with the stated value."""
    return abs(value - stated) <= max(tolerance, _TOLERANCE * stated)
