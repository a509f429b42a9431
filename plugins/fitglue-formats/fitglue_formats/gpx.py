"""Reader for GPX: it makes a workout from the tracks of each day of a file.

GPX has no summary, so duration, distance, climb and averages are computed from the points. All of
them are computed from the same points: those that become the streams.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from fitglue_formats.absence import number
from fitglue_formats.budget import POINTS
from fitglue_formats.clock import parsed_seconds, parsed_time, start_fields, stated_zone
from fitglue_formats.consistency import Recording, check
from fitglue_formats.figures import climb, movement, speed_in
from fitglue_formats.gaps import recorded_days
from fitglue_formats.jumps import drop_jumps
from fitglue_formats.refusals import refusal, shortened
from fitglue_formats.safe_xml import BROKEN, MOST_NAMES, collect, local_name
from fitglue_formats.timeline import REPEATED, UNSET, Timeline, arrange
from fitglue_formats.tracks import (
    Points,
    averages,
    column,
    columns_of,
    correct_speed,
    first_place,
    floats,
    samples_of,
    streams_of,
    taken,
    track_of,
    typical_cadence,
)
from fitglue_registry.model import (
    AVERAGE_SPEED,
    COMPUTED_SPEED,
    Completeness,
    Device,
    Provenance,
    SourceActivity,
    canonical_sport,
    family,
)
from fitglue_registry.model.cadence import counts_one_leg

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fitglue_formats.array_types import Indexes
    from fitglue_formats.figures import Track
    from fitglue_registry.errors import RecordRefused

#: The name of a point → the name of the element that contains the points.
_POINTS = {"trkpt": "trkseg"}
_LIMITS = {"trkpt": POINTS}
#: Local name of an element in a point or its extensions → our stream. Each manufacturer has its own
#: namespace, but they all use the same few names.
_STREAMS = {
    "ele": "altitude",
    "hr": "heartrate",
    "heartrate": "heartrate",
    "cad": "cadence",
    "cadence": "cadence",
    "power": "watts",
    "watts": "watts",
    "PowerInWatts": "watts",
    "atemp": "temperature",
    "temp": "temperature",
    # In the point itself in GPX 1.0, and in Garmin's extension since its version 2; both in m/s.
    "speed": "velocity",
}
_MEASURED = ("heartrate", "cadence", "watts", "temperature", "velocity")
#: Strava writes a number as the type of a track. No list of them is published; these two were seen
#: in exported files.
_STRAVA_TYPES = {"1": "Ride", "9": "Run"}
#: Name of an element that describes a track → the most characters that are kept.
_TEXTS = {
    "name": 500,
    "desc": 20_000,
    "type": 100,
}
_LONGEST_CREATOR = 200
#: If a file has more workouts than this, the rest of its points become the last workout. The
#: host refuses a record that has more than 200.
_MOST_WORKOUTS = 200


@dataclass(slots=True)
class _Heading:
    """What a track, or the file, states about itself."""

    name: str | None = None
    description: str | None = None
    type: str | None = None


#: A recording has at least so many points with a time; if most of its points have none, at least so
#: many, and one in so many.
_FEWEST = 2
_MANY = 60
_GOOD_PART = 5


class _Kinds(dict[object, str | None]):
    """The names of elements, as the parser returns them → our stream, or ``time``, or ``None``.

    A file has a million elements and ten names, so each name is looked at once.
    """

    def __missing__(self, tag: object) -> str | None:
        name = local_name(tag)
        kind = name if name == "time" else _STREAMS.get(name)
        if len(self) < MOST_NAMES:
            self[tag] = kind
        return kind


@dataclass(slots=True)
class _File:
    """The points and headings of a file; a ``Collector``."""

    names = ("gpx", "metadata", "trk", "trkseg", "trkpt", "wpt", "rtept", "rte")
    points = _POINTS
    limits = _LIMITS
    track_points: Points = field(default_factory=Points)
    tracks: list[_Heading] = field(default_factory=list)
    #: The index of the track of each segment.
    track_of: list[int] = field(default_factory=list)
    heading: _Heading = field(default_factory=_Heading)
    creator: str | None = None
    #: The text of the first time of a point.
    first_time: str | None = None
    kinds: _Kinds = field(default_factory=_Kinds)

    def start(
        self,
        name: str,
        element: Any,
    ) -> None:
        """Open a track or a segment."""
        if name == "gpx":
            creator = element.get("creator") or ""
            self.creator = self.creator or shortened(creator, _LONGEST_CREATOR) or None
        elif name == "trk":
            self.tracks.append(_Heading())
            self._open_segment()
        elif name == "trkseg":
            self._open_segment()

    def _open_segment(self) -> None:
        if not self.tracks:
            self.tracks.append(_Heading())
        self.track_of.append(len(self.tracks) - 1)
        self.track_points.open_segment()

    def end(
        self,
        name: str,
        element: Any,
    ) -> None:
        """Take a point or a heading."""
        if name == "trkpt":
            self._add(element)
        elif name == "trk" and self.tracks:
            self.tracks[-1] = _heading(element)
        elif name in ("gpx", "metadata"):
            # GPX 1.0 has the name of the file in the root, and GPX 1.1 in ``metadata``.
            stated = _heading(element)
            self.heading.name = self.heading.name or stated.name
            self.heading.description = self.heading.description or stated.description

    def _add(self, element: Any) -> None:
        """Append a point with what was measured at it."""
        if not self.track_of:
            self._open_segment()
        time = None
        values: dict[str, float] = {}
        for child in element.iter():
            kind = self.kinds[child.tag]
            if kind == "time":
                time = time or child.text
            elif kind is not None:
                values[kind] = number(child.text)
        self.first_time = self.first_time or time
        self.track_points.add(
            parsed_seconds(time),
            number(element.get("lat")),
            number(element.get("lon")),
        )
        for kind, value in values.items():
            self.track_points.measure(kind, value)


def _heading(element: Any) -> _Heading:
    """Return the direct children of an element that describe it."""
    texts: dict[str, str] = {}
    for child in element.iterchildren("*"):
        name = local_name(child.tag)
        if name in _TEXTS and name not in texts:
            text = (child.text or "").strip()
            if text:
                texts[name] = shortened(text, _TEXTS[name])
    return _Heading(
        texts.get("name"),
        texts.get("desc"),
        texts.get("type"),
    )


def activities(content: bytes) -> list[SourceActivity]:
    """Return the workouts of a file, in the order of time.

    A file is one workout, unless a night lies between its points, or a track has another sport
    than the one before it.

    Raises:
        RecordRefused: If the file contains no workout.
    """
    file, broken = collect(
        content,
        "gpx",
        _File,
    )
    if broken and not len(file.track_points):
        raise _refuse(
            "FG-not-gpx",
            f"it has no track point that can be read: {broken[BROKEN]}",
        )
    timeline = _timeline(file)
    # What is missing from the file can be missing from each of its workouts.
    missing = broken | drop_jumps(file.track_points, timeline) | _missing(file, timeline)
    workouts: list[SourceActivity] = []
    for order in _workouts(file, timeline):
        workout = _activity(
            file,
            timeline,
            order,
            len(workouts),
        )
        completeness = Completeness((), missing | workout.completeness.missing)
        workouts.append(
            msgspec.structs.replace(
                workout,
                completeness=completeness,
            )
        )
    return workouts


# -- which points ----------------------------------------------------------------------------------


def _timeline(file: _File) -> Timeline:
    """Return the points in the order of time.

    Raises:
        RecordRefused: If there are no points, or if most of them have no time.
    """
    points = file.track_points
    if not len(points):
        raise _refuse(
            "FG-gpx-without-points",
            "it has no track points; a route or a list of waypoints is not a recording",
        )
    points.clean()
    if "altitude" in points.measured and points.without_place < len(points):
        # A receiver that does not know where it is does not know how high it is.
        altitudes = floats(points.measured["altitude"])
        altitudes[np.isnan(floats(points.latitudes))] = np.nan
    timeline = arrange(
        floats(points.times),
        points.segments(),
        points.values,
    )
    timed = len(timeline.order) + timeline.dropped.get(REPEATED, 0)
    if not _is_recording(timed, len(points)):
        raise _refuse(
            "FG-gpx-without-times",
            _times_missing(
                timed,
                len(points),
                timeline,
            ),
        )
    times = taken(floats(points.times), timeline.order)
    if times.min() == times.max():
        moment = _moment(float(times[0]))
        raise _refuse(
            "FG-gpx-without-times",
            f"all of its {len(times):,} points with a time have the same one, "
            f"{moment:%Y-%m-%d %H:%M:%S} UTC, so it does not state how long the workout took",
        )
    return timeline


def _is_recording(timed: int, count: int) -> bool:
    """Return whether so many points with a time make a recording, and not a planned route.

    A route can have a few stray times, so most of its points need one, or a good part of many.
    """
    if timed * 2 >= count:
        return timed >= _FEWEST
    return timed >= _MANY and timed * _GOOD_PART >= count


def _times_missing(
    timed: int,
    count: int,
    timeline: Timeline,
) -> str:
    """Return why the points of a file do not make a recording."""
    unset = timeline.dropped.get(UNSET, 0)
    if unset:
        return (
            f"{unset:,} of its {count:,} points have the time of a clock that was not set, so it "
            "does not state when the workout took place"
        )
    return f"only {timed:,} of its {count:,} points have a time, too few for a recording"


def _refuse(
    code: str,
    what: str,
) -> RecordRefused:
    """Return a refusal whose fix asks for an export with times."""
    return refusal(
        code,
        what,
        "export it again, with times, or remove it from the folder",
    )


def _missing(
    file: _File,
    timeline: Timeline,
) -> dict[str, str]:
    """Return what is missing from the workouts of a file, for ``completeness``."""
    count = len(file.track_points)
    missing = timeline.summary(count)
    if file.track_points.without_place:
        missing["position of each point"] = (
            f"{file.track_points.without_place:,} of {count:,} points have none that can be read"
        )
    doubt = stated_zone(file.first_time).doubt
    if doubt is not None:
        missing["zone of the times"] = doubt
    return missing | file.track_points.missing()


def _workouts(
    file: _File,
    timeline: Timeline,
) -> list[Indexes]:
    """Return the points of each workout."""
    order = timeline.order
    times = taken(floats(file.track_points.times), order)
    workouts: list[Indexes] = []
    for day in recorded_days(order, times):
        workouts += _by_sport(
            file,
            timeline,
            day,
        )
    if len(workouts) > _MOST_WORKOUTS:
        rest = np.concatenate(workouts[_MOST_WORKOUTS - 1 :])
        workouts = [*workouts[: _MOST_WORKOUTS - 1], rest]
    return workouts


def _by_sport(
    file: _File,
    timeline: Timeline,
    order: Indexes,
) -> list[Indexes]:
    """Return the points of a day, divided where a track has another sport than the one before."""
    if len(file.tracks) == 1:
        return [order]
    tracks = np.asarray(file.track_of)[timeline.segments[order]]
    cuts = []
    for cut in (np.flatnonzero(np.diff(tracks)) + 1).tolist():
        sports = {family(_sport(file, int(tracks[at]))[0]) for at in (cut - 1, cut)}
        if len(sports - {"other"}) > 1:
            cuts.append(cut)
    parts = np.split(order, cuts)
    if min(map(len, parts)) < 2:
        return [order]
    return parts


# -- making the workout ----------------------------------------------------------------------------


def _activity(
    file: _File,
    timeline: Timeline,
    order: Indexes,
    number: int,
) -> SourceActivity:
    """Return one workout of a file."""
    points = file.track_points
    track = track_of(
        points,
        timeline,
        order,
    )
    start = _moment(float(track.times[0]))
    # The step that briefly needs the most memory comes first: a file can have a million points.
    moved = movement(track)
    fields: dict[str, Any] = moved.fields | climb(track)
    columns = columns_of(
        points,
        order,
        ("altitude", *_MEASURED),
        start,
    )
    columns["distance"] = column(moved.distances)
    speed = speed_in(fields)
    corrected = correct_speed(columns, speed)
    streams = streams_of(columns)
    fields |= averages(streams)
    if "velocity" in streams:
        fields["max_speed_mps"] = float(samples_of(streams, "velocity").max())
    fields["elapsed_s"] = float(np.round(track.times[-1] - track.times[0], 6))
    if speed is not None:
        fields[AVERAGE_SPEED] = speed
    segments = np.unique(track.segments).tolist()
    numbers = list(dict.fromkeys(file.track_of[segment] for segment in segments))
    tracks = [file.tracks[track_number] for track_number in numbers]
    sport, sport_raw = _sport(file, *numbers)
    return SourceActivity(
        leg_no=number,
        title=_first(track.name for track in tracks) or file.heading.name,
        description=_first(track.description for track in tracks) or file.heading.description,
        sport=sport,
        sport_raw=sport_raw,
        device=Device(name=file.creator) if file.creator else None,
        streams=tuple(streams.values()),
        cadence_per_leg=counts_one_leg(sport, typical_cadence(streams)),
        completeness=Completeness((), corrected | _doubts(fields, track)),
        **start_fields(
            start,
            first_place(track),
            stated_zone(file.first_time).offset_s,
            parsed_time(file.first_time),
        ),
        provenance=_provenance(fields, timeline),
        **fields,
    )


def _provenance(
    fields: Iterable[str],
    timeline: Timeline,
) -> dict[str, Provenance]:
    """Return the origin of the computed fields, and of a start that was corrected.

    A GPX states none of these fields, so a value that a device reported has precedence.
    """
    provenance = dict.fromkeys(
        fields,
        Provenance("computed", note="from the points"),
    )
    if AVERAGE_SPEED in provenance:
        provenance[AVERAGE_SPEED] = COMPUTED_SPEED
    if timeline.moved:
        provenance["start_utc"] = Provenance("computed", note=timeline.moved)
    return provenance


def _doubts(
    fields: dict[str, Any],
    track: Track,
) -> dict[str, str]:
    """Return what is in doubt, although all figures come from the same points."""
    first = float(track.times[0])
    last = float(track.times[-1])
    evidence = Recording(
        first,
        end=last,
        elapsed_s=fields["elapsed_s"],
        moving_s=fields.get("moving_s"),
        first=first,
        last=last,
        distance_m=fields.get("distance_m"),
    )
    return check(evidence).doubts


def _moment(seconds: float) -> datetime:
    """Return a time in UTC."""
    return datetime.fromtimestamp(seconds, UTC)


def _first(texts: Iterable[str | None]) -> str | None:
    """Return the first text that is not empty."""
    return next(filter(None, texts), None)


def _sport(file: _File, *tracks: int) -> tuple[str, str | None]:
    """Return the canonical sport of tracks, and the sport as the file states it."""
    raw = _first(file.tracks[track].type for track in tracks)
    if raw in _STRAVA_TYPES and (file.creator or "").startswith("Strava"):
        return _STRAVA_TYPES[raw], raw
    return canonical_sport(raw), raw
