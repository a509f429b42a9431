"""Makes one workout of one GPX file: all its tracks together, with streams, zone and the figures
that follow from the points.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import gpxpy

from fitglue_formats.clock import start_fields, utc
from fitglue_formats.refusals import refusal
from fitglue_formats.safe_xml import clean, encoding, local_name, parse
from fitglue_formats.tracks import averages, columns_of, seconds_after, streams_of
from fitglue_registry.model import (
    Column,
    Device,
    Provenance,
    SourceActivity,
    canonical_sport,
)
from fitglue_registry.model.sports import ON_FOOT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime
    from typing import Any

    from gpxpy.gpx import GPX, GPXTrackPoint, GPXTrackSegment

    from fitglue_formats.tracks import Streams
    from fitglue_registry.errors import RecordRefused

#: Local name of an element in a point's extensions → our stream. Every maker has its own namespace;
#: the names are few.
_EXTENSIONS = {
    "hr": "heartrate",
    "heartrate": "heartrate",
    "cad": "cadence",
    "cadence": "cadence",
    "power": "watts",
    "watts": "watts",
    "PowerInWatts": "watts",
    "atemp": "temperature",
    "temp": "temperature",
}
_HIGHEST_M = 100_000
#: The points of a segment that have a time, with it.
Recording: TypeAlias = "list[tuple[datetime, GPXTrackPoint]]"
#: Strava writes a number for the type; these two were seen.
_STRAVA_TYPES = {"1": "Ride", "9": "Run"}


@dataclass(frozen=True, slots=True)
class Sample:
    """One point of the recording: its moment, and how far it is along the way."""

    point: GPXTrackPoint
    time: datetime
    distance_m: float


def activities(content: bytes) -> list[SourceActivity]:
    """The one workout of a file."""
    return [_activity(content)]


def summaries(content: bytes) -> list[SourceActivity]:
    """As ``activities``: a GPX has no summary of its own."""
    return [_activity(content)]


def _activity(content: bytes) -> SourceActivity:
    """The workout of a file; raises ``RecordRefused`` with a reason of its own for each way in
    which a file is none.
    """
    gpx = _parse(content)
    _tidy(gpx)
    samples = _samples(gpx)
    first = samples[0]
    place = (first.point.latitude, first.point.longitude)
    sport, sport_raw = _sport(gpx)
    streams = _streams(samples)
    names = (track.name for track in gpx.tracks)
    descriptions = (track.description for track in gpx.tracks)
    return SourceActivity(
        title=_first(names) or gpx.name,
        description=_first(descriptions) or gpx.description,
        sport=sport,
        sport_raw=sport_raw,
        device=Device(name=gpx.creator) if gpx.creator else None,
        streams=tuple(streams.values()),
        cadence_per_leg=True if "cadence" in streams and sport in ON_FOOT else None,
        **start_fields(first.time, place),
        **_figures(gpx, samples, streams),
    )


def _first(texts: Iterable[str | None]) -> str | None:
    """The first one that is no empty text."""
    return next(filter(None, texts), None)


# -- reading ---------------------------------------------------------------------------------------


def _parse(content: bytes) -> GPX:
    content = clean(content)
    parse(content, "gpx")  # gpxpy takes whatever XML parser is installed, so a safe one looks first
    try:
        return gpxpy.parse(content.decode(encoding(content)))
    except (gpxpy.gpx.GPXException, LookupError, ValueError) as error:
        raise _refuse(
            "FG-not-gpx",
            f"a value in it cannot be read: {error}",
        ) from error


def _tidy(gpx: GPX) -> None:
    """Take out points that lie nowhere and heights that nothing has; gpxpy takes any number, and
    times with and without a zone.
    """
    for segment in _segments(gpx):
        segment.points = [point for point in segment.points if _is_on_earth(point)]
        for point in segment.points:
            point.elevation = _elevation(point.elevation)
            point.time = _moment(point.time)


def _segments(gpx: GPX) -> Iterator[GPXTrackSegment]:
    for track in gpx.tracks:
        yield from track.segments


def _is_on_earth(point: GPXTrackPoint) -> bool:
    return abs(point.latitude) <= 90 and abs(point.longitude) <= 360


def _elevation(elevation: float | None) -> float | None:
    """The height, ``None`` where it is none that anything has."""
    if elevation is None or not abs(elevation) <= _HIGHEST_M:
        return None
    return elevation


def _moment(time: datetime | None) -> datetime | None:
    """The time in UTC, ``None`` where there is none: gpxpy takes zones of four days, and the first
    second of the calendar east of UTC.
    """
    if time is None:
        return None
    try:
        return utc(time)
    except (OverflowError, ValueError):
        return None


def _samples(gpx: GPX) -> list[Sample]:
    """The points with a time, in the order of time; between segments no distance is added: a gap
    stays a gap.
    """
    recordings = _recordings(gpx)
    samples: list[Sample] = []
    distance_m = 0.0
    recordings.sort(key=_start)
    for recording in recordings:
        previous: GPXTrackPoint | None = None
        for time, point in recording:
            if samples and time < samples[-1].time:
                # A clock that was set back, or two tracks that overlap: a stream knows one moment
                # at a time.
                continue
            if previous is not None:
                distance_m += point.distance_2d(previous) or 0.0
            samples.append(Sample(point, time, distance_m))
            previous = point
    return samples


def _start(recording: Recording) -> datetime:
    time, _ = recording[0]
    return time


def _recordings(gpx: GPX) -> list[Recording]:
    """The points of each segment that have a time; raises ``RecordRefused`` where most have
    none.
    """
    points = 0
    recordings = []
    for segment in _segments(gpx):
        points += len(segment.points)
        recording = []
        for point in segment.points:
            if point.time is not None:
                recording.append((point.time, point))
        if recording:
            recordings.append(recording)
    if points == 0:
        raise _refuse(
            "FG-gpx-without-points",
            "it has no track points; routes and way points are no recording",
        )
    timed = sum(map(len, recordings))
    if timed * 2 < points or timed < 2:
        raise _refuse(
            "FG-gpx-without-times",
            f"{timed} of its {points} points have a time, so it is a way and no recording",
        )
    return recordings


def _refuse(code: str, what: str) -> RecordRefused:
    return refusal(
        code,
        what,
        "export it again, with times, or remove it from the folder",
    )


# -- making the workout ----------------------------------------------------------------------------


def _sport(gpx: GPX) -> tuple[str, str | None]:
    """The canonical sport, and the word of the file for it."""
    raw = _first(track.type for track in gpx.tracks)
    creator = gpx.creator or ""
    if raw in _STRAVA_TYPES and creator.startswith("Strava"):
        return _STRAVA_TYPES[raw], raw
    return canonical_sport(raw), raw


def _figures(
    gpx: GPX,
    samples: Sequence[Sample],
    streams: Streams,
) -> dict[str, Any]:
    """What follows from the points; of what the entry's table does not call computed, the
    provenance does.
    """
    figures: dict[str, Any] = dict(averages(streams))
    moving = gpx.get_moving_data()
    if moving is not None:
        figures["moving_s"] = moving.moving_time
        if moving.max_speed:  # 0 is its word for too few points
            figures["max_speed_mps"] = moving.max_speed
    heights = gpx.get_elevation_extremes()
    if heights.minimum is not None:
        climb = gpx.get_uphill_downhill()
        figures["elevation_gain_m"] = climb.uphill
        figures["elevation_loss_m"] = climb.downhill
        figures["min_altitude_m"] = heights.minimum
        figures["max_altitude_m"] = heights.maximum
    first = samples[0]
    last = samples[-1]
    elapsed = last.time - first.time
    figures["elapsed_s"] = elapsed.total_seconds()
    figures["distance_m"] = last.distance_m
    computed = Provenance("computed", by="gpxpy")
    figures["provenance"] = dict.fromkeys(figures, computed)
    return figures


def _streams(samples: Sequence[Sample]) -> Streams:
    """The streams of a recording, seconds counted from its first point."""
    start = samples[0].time
    points = [sample.point for sample in samples]
    latitudes = [point.latitude for point in points]
    longitudes = [point.longitude for point in points]
    measured = [dict(_extensions(point)) for point in points]
    columns = {
        "time": seconds_after(start, (sample.time for sample in samples)),
        "latlng": Column.pairs(latitudes, longitudes),
        "distance": Column.of(sample.distance_m for sample in samples),
        "altitude": Column.of(point.elevation for point in points),
    }
    columns |= columns_of(_EXTENSIONS.values(), measured)
    return streams_of(columns)


def _extensions(point: GPXTrackPoint) -> Iterator[tuple[str, float]]:
    """Stream and value of each known element, however deep its maker put it."""
    for extension in point.extensions:
        for element in extension.iter():
            kind = _EXTENSIONS.get(local_name(element))
            if kind is None:
                continue
            try:
                value = float(element.text or "")
            except ValueError:
                continue
            # No heart beats zero times: that is a strap that was not heard.
            if kind == "heartrate" and value <= 0:
                continue
            if math.isfinite(value):
                yield kind, value
