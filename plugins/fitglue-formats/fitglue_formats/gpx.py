"""Reader for GPX: it makes one workout from all tracks of a file.

GPX has no summary, so duration, distance, climb and averages are computed from the points.
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

#: Local name of an element in the extensions of a point → our stream. Each manufacturer has its own
#: namespace, but they all use the same few names.
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
#: An altitude above 100 km (where space begins) is an error in the file.
_HIGHEST_M = 100_000
#: The points of one segment that have a time, each with that time.
TimedPoints: TypeAlias = "list[tuple[datetime, GPXTrackPoint]]"
#: Strava writes a number as the type of a track. No list of them is published; these two were seen
#: in exported files.
_STRAVA_TYPES = {"1": "Ride", "9": "Run"}


@dataclass(frozen=True, slots=True)
class Sample:
    """One point of the recording, with its time in UTC and its distance along the track."""

    point: GPXTrackPoint
    time: datetime
    distance_m: float


def activities(content: bytes) -> list[SourceActivity]:
    """Return the one workout of a file as a list; raise ``RecordRefused`` if it contains none."""
    return [_activity(content)]


def summaries(content: bytes) -> list[SourceActivity]:
    """Return the same as ``activities``: a GPX file has no summary, so all points have to be
    read.
    """
    return [_activity(content)]


def _activity(content: bytes) -> SourceActivity:
    """Return the workout of a file; raise ``RecordRefused`` with a code for the reason if it has
    none.
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
        **_computed_fields(gpx, samples, streams),
    )


def _first(texts: Iterable[str | None]) -> str | None:
    """Return the first text that is not empty."""
    return next(filter(None, texts), None)


# -- reading ---------------------------------------------------------------------------------------


def _parse(content: bytes) -> GPX:
    """Return the parsed document; raise ``RecordRefused`` if it is not a usable GPX."""
    content = clean(content)
    # gpxpy uses lxml if it is installed, else the parser of the standard library. So that no
    # document type reaches either of them, the document passes through the safe parser first.
    parse(content, "gpx")
    try:
        return gpxpy.parse(content.decode(encoding(content)))
    except (gpxpy.gpx.GPXException, LookupError, ValueError) as error:
        raise _refuse(
            "FG-not-gpx",
            f"a value in it cannot be read: {error}",
        ) from error


def _tidy(gpx: GPX) -> None:
    """Remove points with impossible positions, and clear impossible altitudes and times.

    gpxpy accepts any number as a coordinate, and times both with and without a zone.
    """
    for segment in _segments(gpx):
        segment.points = [point for point in segment.points if _is_on_earth(point)]
        for point in segment.points:
            point.elevation = _elevation(point.elevation)
            point.time = _utc_or_none(point.time)


def _segments(gpx: GPX) -> Iterator[GPXTrackSegment]:
    """Yield the segments of all tracks."""
    for track in gpx.tracks:
        yield from track.segments


def _is_on_earth(point: GPXTrackPoint) -> bool:
    """Return whether the position is possible; some programs count longitudes up to 360 degrees."""
    return abs(point.latitude) <= 90 and abs(point.longitude) <= 360


def _elevation(elevation: float | None) -> float | None:
    """Return the altitude, or ``None`` if it is impossible."""
    if elevation is None or not abs(elevation) <= _HIGHEST_M:  # written so that NaN fails too
        return None
    return elevation


def _utc_or_none(time: datetime | None) -> datetime | None:
    """Return the time in UTC, or ``None`` if it is missing or outside the calendar.

    gpxpy accepts offsets of up to four days, and 0001-01-01 in a zone east of UTC.
    """
    if time is None:
        return None
    try:
        return utc(time)
    except (OverflowError, ValueError):
        return None


def _samples(gpx: GPX) -> list[Sample]:
    """Return the points that have a time, in chronological order, with their cumulative distance.

    No distance is added between segments: a new segment begins where the recording was interrupted.
    """
    segments = _timed_segments(gpx)
    samples: list[Sample] = []
    distance_m = 0.0
    # Some programs write the last segment first.
    segments.sort(key=_start)
    for timed_points in segments:
        previous: GPXTrackPoint | None = None
        for time, point in timed_points:
            if samples and time < samples[-1].time:
                # The clock was set back, or two tracks overlap. The stream ``time`` has to be
                # monotonic, so the point is dropped.
                continue
            if previous is not None:
                distance_m += point.distance_2d(previous) or 0.0
            samples.append(Sample(point, time, distance_m))
            previous = point
    return samples


def _start(timed_points: TimedPoints) -> datetime:
    time, _ = timed_points[0]
    return time


def _timed_segments(gpx: GPX) -> list[TimedPoints]:
    """Return the points of each segment that have a time.

    Raises:
        RecordRefused: If there are no points, or if most of them have no time.
    """
    count = 0
    segments = []
    for segment in _segments(gpx):
        count += len(segment.points)
        timed_points = []
        for point in segment.points:
            if point.time is not None:
                timed_points.append((point.time, point))
        if timed_points:
            segments.append(timed_points)
    if count == 0:
        raise _refuse(
            "FG-gpx-without-points",
            "it has no track points; a route or a list of waypoints is not a recording",
        )
    timed_count = sum(map(len, segments))
    # A planned route can have a few stray times, so most of the points need one.
    if timed_count * 2 < count or timed_count < 2:
        raise _refuse(
            "FG-gpx-without-times",
            f"only {timed_count} of its {count} points have a time, so it is a route, not a "
            "recording",
        )
    return segments


def _refuse(code: str, what: str) -> RecordRefused:
    """Return a refusal whose fix asks for an export with times."""
    return refusal(
        code,
        what,
        "export it again, with times, or remove it from the folder",
    )


# -- making the workout ----------------------------------------------------------------------------


def _sport(gpx: GPX) -> tuple[str, str | None]:
    """Return the canonical sport and the sport as the file states it."""
    raw = _first(track.type for track in gpx.tracks)
    creator = gpx.creator or ""
    if raw in _STRAVA_TYPES and creator.startswith("Strava"):
        return _STRAVA_TYPES[raw], raw
    return canonical_sport(raw), raw


def _computed_fields(
    gpx: GPX,
    samples: Sequence[Sample],
    streams: Streams,
) -> dict[str, Any]:
    """Return the fields that follow from the points, with a provenance that marks them as computed.

    Moving time, speed and climb are those of gpxpy: in ``get_moving_data``, less than 1 km/h counts
    as stopped, and ``get_uphill_downhill`` smooths the altitudes first.
    """
    fields: dict[str, Any] = dict(averages(streams))
    moving = gpx.get_moving_data()
    if moving is not None:
        fields["moving_s"] = moving.moving_time
        if moving.max_speed:  # gpxpy returns 0 if there are too few points
            fields["max_speed_mps"] = moving.max_speed
    altitudes = gpx.get_elevation_extremes()
    if altitudes.minimum is not None:
        climb = gpx.get_uphill_downhill()
        fields["elevation_gain_m"] = climb.uphill
        fields["elevation_loss_m"] = climb.downhill
        fields["min_altitude_m"] = altitudes.minimum
        fields["max_altitude_m"] = altitudes.maximum
    first = samples[0]
    last = samples[-1]
    elapsed = last.time - first.time
    fields["elapsed_s"] = elapsed.total_seconds()
    fields["distance_m"] = last.distance_m
    # A GPX states none of these, so a value that a device reported has precedence.
    computed = Provenance("computed", by="gpxpy")
    fields["provenance"] = dict.fromkeys(fields, computed)
    return fields


def _streams(samples: Sequence[Sample]) -> Streams:
    """Return the streams of a recording, with ``time`` in seconds after its first point."""
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
    """Yield the stream and value of each known element in a point's extensions, at any depth."""
    for extension in point.extensions:
        for element in extension.iter():
            kind = _EXTENSIONS.get(local_name(element))
            if kind is None:
                continue
            try:
                value = float(element.text or "")
            except ValueError:
                continue
            # A heart rate of 0 means that the strap was not received.
            if kind == "heartrate" and value <= 0:
                continue
            if math.isfinite(value):
                yield kind, value
