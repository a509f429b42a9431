"""Reader for TCX: it makes a workout from each activity of a file, including the legs of a
multisport session.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from fitglue_formats.clock import parsed_time, start_fields, stated_zone
from fitglue_formats.distances import steady
from fitglue_formats.figures import speed_in
from fitglue_formats.gaps import nights
from fitglue_formats.jumps import drop_jumps
from fitglue_formats.refusals import refusal
from fitglue_formats.safe_xml import BROKEN, collect
from fitglue_formats.tcx_days import divided
from fitglue_formats.tcx_elements import STREAMS, ActivityElement, LapElement, TcxFile, days_of
from fitglue_formats.tcx_laps import amount
from fitglue_formats.tcx_summary import (
    EARLY_START,
    Recording,
    convert_units,
    is_near,
    last_time,
    later,
    summary_of,
)
from fitglue_formats.timeline import arrange, usable
from fitglue_formats.tracks import (
    columns_of,
    correct_speed,
    first_place,
    floats,
    streams_of,
    track_of,
    typical_cadence,
)
from fitglue_registry.model import (
    Column,
    Completeness,
    Lap,
    Provenance,
    SourceActivity,
    canonical_sport,
)
from fitglue_registry.model.cadence import counts_one_leg

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fitglue_formats.array_types import Floats
    from fitglue_formats.clock_moves import Shift
    from fitglue_formats.timeline import Timeline
    from fitglue_formats.tracks import Points

#: Schema TrainingCenterDatabase v2, type ``Intensity_t`` → the intensity of the model.
_INTENSITIES = {"Active": "work", "Resting": "rest"}
#: The host refuses a record that has more workouts than this.
_MOST_ACTIVITIES = 200
#: How long after its first point a workout can begin; devices round.
_LATE_START = timedelta(minutes=1)


def activities(content: bytes) -> list[SourceActivity]:
    """Return every activity of a file, in the order of the file.

    Raises:
        RecordRefused: If the file is not a TCX or has no activity that can be used.
    """
    file, missing = collect(
        content,
        "tcx",
        TcxFile,
    )
    if missing and not file.drafts:
        raise refusal(
            "FG-not-tcx",
            f"it has no activity that can be read: {missing[BROKEN]}",
        )
    if not file.drafts:
        raise refusal(
            "FG-tcx-without-activities",
            "it has no activity; a course or a workout plan is not a recording",
        )
    workouts: list[SourceActivity] = []
    refused: list[str] = []
    zone = stated_zone(file.first_time)
    drafts = [day for draft in file.drafts for part in divided(draft) for day in days_of(part)]
    identities: set[str] = set()
    for position, draft in enumerate(drafts[:_MOST_ACTIVITIES], 1):
        identity = draft.identity()
        if identity in identities:
            refused.append(f"activity {position} repeats an earlier one")
            continue
        identities.add(identity)
        try:
            workouts.append(
                _activity(
                    draft,
                    len(workouts),
                    zone.offset_s,
                    parsed_time(file.first_time),
                )
            )
        except _Unusable as reason:
            refused.append(f"activity {position} {reason}")
    if not workouts:
        raise refusal("FG-tcx-without-times", _refused(refused))
    if len(drafts) > _MOST_ACTIVITIES:
        refused.append(f"the activities after number {_MOST_ACTIVITIES} are too many")
    if refused:
        missing["use of all activities"] = f"of {len(drafts)}, {'; '.join(refused)}"
    if zone.doubt is not None:
        missing["zone of the times"] = zone.doubt
    # What is missing from the file can be missing from each of its workouts.
    return [_with_missing(workout, missing) for workout in workouts]


def _with_missing(
    workout: SourceActivity,
    missing: dict[str, str],
) -> SourceActivity:
    """Return a workout that states what is missing from its file."""
    merged = missing | workout.completeness.missing
    return msgspec.structs.replace(
        workout,
        completeness=Completeness((), merged),
    )


def _refused(reasons: Sequence[str]) -> str:
    """Return the reason for refusing a file, from the reasons for refusing its activities."""
    if len(reasons) == 1:
        return reasons[0].replace(
            "activity 1",
            "it",
            1,
        )
    return f"none of its {len(reasons)} activities can be used: {reasons[0]}"


class _Unusable(Exception):
    """An activity that cannot be used; the text is a clause about it."""


# -- making the workout ----------------------------------------------------------------------------


def _activity(
    draft: ActivityElement,
    leg_no: int,
    offset_s: int | None,
    offset_at: datetime | None,
) -> SourceActivity:
    """Return the source activity of one ``Activity`` or ``Transition`` element; raise ``_Unusable``
    if it has no time.
    """
    points = draft.points
    points.clean()
    timeline = arrange(
        floats(points.times),
        points.segments(),
        points.values,
    )
    jumped = drop_jumps(points, timeline) | _steady_distance(points, timeline)
    _move_laps(draft.laps, timeline.shift)
    track = track_of(
        points,
        timeline,
        timeline.order,
    )
    # A lap does not interrupt the recording, and a night does.
    for number, day in enumerate(nights(track.times)):
        track.segments[day] = number
    start, start_note = _start(draft, track.times)
    start_note = timeline.moved or start_note
    recording = Recording.of(
        draft.laps or [LapElement()],
        points,
        timeline,
        track,
        start,
    )
    sport = canonical_sport(draft.sport_raw)
    columns = _columns(recording)
    streams = streams_of(columns)
    convert_units(recording, streams)
    summary = summary_of(recording, streams)
    corrected = correct_speed(columns, speed_in(summary.fields))
    if corrected:
        streams = streams_of(columns)
        summary = summary_of(recording, streams)
    if start_note:
        summary.provenance["start_utc"] = Provenance("computed", note=start_note)
    cadence = typical_cadence(
        streams,
        summary.fields.get("average_cadence_rpm"),
    )
    return SourceActivity(
        leg_no=leg_no,
        sport=sport,
        sport_raw=draft.sport_raw,
        description=draft.notes,
        streams=tuple(streams.values()),
        laps=_laps(recording),
        device=draft.device,
        provenance=summary.provenance,
        completeness=Completeness(
            (),
            jumped
            | timeline.summary(len(points))
            | points.missing()
            | corrected
            | draft.missing
            | summary.missing,
        ),
        cadence_per_leg=counts_one_leg(sport, cadence),
        **start_fields(
            start,
            first_place(track),
            offset_s,
            offset_at,
        ),
        **summary.fields,
    )


def _steady_distance(
    points: Points,
    timeline: Timeline,
) -> dict[str, str]:
    """Correct a distance that begins anew with a lap, or jumps; return what was corrected."""
    if "distance" not in points.measured:
        return {}
    distances = floats(points.measured["distance"])
    values, note = steady(distances[timeline.order])
    distances[timeline.order] = values
    if note is None:
        return {}
    return {"steady distance": note}


def _move_laps(
    laps: Sequence[LapElement],
    shift: Shift | None,
) -> None:
    """Move the starts of laps that are by the clock before it was set, like the points."""
    if shift is None:
        return
    for lap in laps:
        if lap.start is None:
            continue
        at = lap.start.timestamp()
        # The later clock is the right one.
        is_new = shift.set_at <= at < shift.first or at >= max(shift.set_at, shift.last)
        if not is_new and abs(at - shift.first) <= abs(at + shift.seconds - shift.first):
            lap.start = later(lap.start, shift.seconds)


def _start(
    draft: ActivityElement,
    times: Floats,
) -> tuple[datetime, str | None]:
    """Return the start, with a note if it is not the one that the file states.

    It is that of the first lap, else the activity's id (a time), else the first point. Many points
    are better evidence than one time: a start that is far from them is not used.
    """
    stated = [draft.laps[0].start] if draft.laps else []
    stated.append(draft.id_time)
    first = datetime.fromtimestamp(float(times[0]), UTC) if len(times) else None
    note = None
    for start in stated:
        if start is None:
            continue
        if not usable(np.array([start.timestamp()]))[0]:
            note = f"the file states {start:%Y-%m-%d}, the date of a clock that was not set"
            continue
        if first is None or -_LATE_START <= first - start <= EARLY_START:
            return start, note
        note = f"the file states {start:%Y-%m-%d %H:%M:%S} UTC, which contradicts its points"
    if first is not None:
        return first, note
    if note is not None:
        raise _Unusable(f"does not state when the workout took place: {note}")
    raise _Unusable("does not state when the workout took place")


# -- streams and laps ------------------------------------------------------------------------------


def _columns(recording: Recording) -> dict[str, Column]:
    """Return the columns of the points, with ``time`` in seconds after the start."""
    return columns_of(
        recording.points,
        recording.timeline.order,
        STREAMS.values(),
        recording.start,
    )


def _laps(recording: Recording) -> tuple[Lap, ...]:
    """Return the laps whose start is stated or follows from their points."""
    laps = []
    firsts = _first_times(recording)
    for index, lap in enumerate(recording.laps):
        begin = _lap_start(
            recording,
            lap,
            firsts.get(index),
        )
        if begin is not None:
            laps.append(_lap(recording, lap, begin))
    return tuple(laps)


def _first_times(recording: Recording) -> dict[int, float]:
    """Return the time of the first point of each lap that has points, by the number of the lap.

    All laps are looked up at once: a file can have thousands of them and a million points.
    """
    segments = recording.points.segments()[recording.timeline.order]
    numbers, firsts = np.unique(segments, return_index=True)
    times = recording.track.times[firsts]
    return dict(zip(numbers.tolist(), times.tolist(), strict=True))


def _lap_start(
    recording: Recording,
    lap: LapElement,
    first: float | None,
) -> datetime | None:
    """Return the start of a lap as it is stated, or else that of its first point."""
    end = last_time(recording)
    if lap.start is not None and is_near(lap.start, end, recording.start):
        return lap.start
    # Without any lap, the activity itself was read as one.
    if first is None or (lap.start is None and not lap.stated):
        return None
    return datetime.fromtimestamp(first, UTC)


def _lap(
    recording: Recording,
    lap: LapElement,
    begin: datetime,
) -> Lap:
    """Return one lap, with its range in the samples if it contains any."""
    elapsed_s = lap.stated.get("elapsed_s")
    # A lap shorter than a second still contains the sample of the second in which it began.
    end = later(begin, max(elapsed_s or 0.0, 1.0))
    return Lap(
        intensity=_INTENSITIES.get(lap.intensity or ""),
        start_s=(begin - recording.start).total_seconds(),
        start_utc=begin,
        elapsed_s=elapsed_s,
        distance_m=lap.stated.get("distance_m"),
        calories_kcal=amount(lap, "calories_kcal"),
        average_heartrate_bpm=amount(lap, "average_heartrate_bpm"),
        max_heartrate_bpm=amount(lap, "max_heartrate_bpm"),
        max_speed_mps=amount(lap, "max_speed_mps"),
        average_cadence_rpm=amount(lap, "average_cadence_rpm"),
        average_speed_mps=amount(lap, "average_speed_mps"),
        average_watts=lap.stated.get("average_watts"),
        max_watts=lap.stated.get("max_watts"),
        **_span(recording.track.times, begin, end),
    )


def _span(
    times: Floats,
    begin: datetime,
    end: datetime,
) -> dict[str, Any]:
    """Return the range of a lap in the samples as fields of the model; empty if it contains no
    sample.
    """
    first, last = np.searchsorted(times, [begin.timestamp(), end.timestamp()]).tolist()
    if last <= first:
        return {}
    return {"start_index": first, "end_index": last}
