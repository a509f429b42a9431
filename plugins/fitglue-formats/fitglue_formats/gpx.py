"""Makes one workout of one GPX file: all its tracks together, with streams, zone and the figures
that follow from the points.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import gpxpy

from fitglue_formats.clock import start_fields, utc
from fitglue_formats.refusals import refusal
from fitglue_formats.safe_xml import clean, encoding, parse
from fitglue_registry.model import (
    STREAM_UNITS,
    Column,
    Device,
    Provenance,
    SourceActivity,
    Stream,
    canonical_sport,
)
from fitglue_registry.model.sports import ON_FOOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime
    from typing import Any

    from gpxpy.gpx import GPX, GPXTrackPoint

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
    gpx = _tidied(_parse(content))
    samples = _samples(gpx)
    sport, sport_raw = _sport(gpx)
    streams = _streams(samples)
    title = next((track.name for track in gpx.tracks if track.name), None) or gpx.name
    return SourceActivity(
        title=title,
        description=next((track.description for track in gpx.tracks if track.description), None)
        or gpx.description,
        sport=sport,
        sport_raw=sport_raw,
        device=Device(name=gpx.creator) if gpx.creator else None,
        streams=tuple(streams.values()),
        cadence_per_leg=True if "cadence" in streams and sport in ON_FOOT else None,
        **start_fields(samples[0].time, (samples[0].point.latitude, samples[0].point.longitude)),
        **_figures(gpx, samples, streams),
    )


# -- reading ---------------------------------------------------------------------------------------


def _parse(content: bytes) -> GPX:
    content = clean(content)
    parse(content, "gpx")  # gpxpy takes whatever XML parser is installed, so a safe one looks first
    try:
        return gpxpy.parse(content.decode(encoding(content)))
    except (gpxpy.gpx.GPXException, LookupError, ValueError) as error:
        raise _refuse("FG-not-gpx", f"a value in it cannot be read: {error}") from error


def _tidied(gpx: GPX) -> GPX:
    """Without points that lie nowhere and heights that nothing has; gpxpy takes any number, and
    times with and without a zone.
    """
    for segment in (segment for track in gpx.tracks for segment in track.segments):
        segment.points = [
            point
            for point in segment.points
            if abs(point.latitude) <= 90 and abs(point.longitude) <= 360
        ]
        for point in segment.points:
            if point.elevation is not None and not abs(point.elevation) <= _HIGHEST_M:
                point.elevation = None
            point.time = _moment(point.time)
    return gpx


def _moment(time: datetime | None) -> datetime | None:
    """The time in UTC, ``None`` where there is none: gpxpy takes zones of four days, and the first
    second of the calendar east of UTC.
    """
    try:
        return utc(time) if time is not None else None
    except (OverflowError, ValueError):
        return None


def _samples(gpx: GPX) -> list[Sample]:
    """The points with a time, in the order of time; between segments no distance is added: a gap
    stays a gap.
    """
    points = [
        point for track in gpx.tracks for segment in track.segments for point in segment.points
    ]
    timed = sum(1 for point in points if point.time is not None)
    if not points:
        raise _refuse(
            "FG-gpx-without-points",
            "it has no track points; routes and way points are no recording",
        )
    if timed * 2 < len(points) or timed < 2:
        raise _refuse(
            "FG-gpx-without-times",
            f"{timed} of its {len(points)} points have a time, so it is a way and no recording",
        )
    segments = [
        [point for point in segment.points if point.time]
        for track in gpx.tracks
        for segment in track.segments
    ]
    samples: list[Sample] = []
    for segment in sorted(filter(None, segments), key=lambda segment: _time(segment[0])):
        previous: GPXTrackPoint | None = None
        for point in segment:
            time, distance = _time(point), samples[-1].distance_m if samples else 0.0
            if samples and time < samples[-1].time:
                # A clock that was set back, or two tracks that overlap: a stream knows one moment
                # at a time.
                continue
            step = point.distance_2d(previous) if previous is not None else None
            samples.append(Sample(point, time, distance + (step or 0.0)))
            previous = point
    return samples


def _time(point: GPXTrackPoint) -> datetime:
    if point.time is None:
        raise ValueError("a point without a time")
    return utc(point.time)


def _refuse(code: str, what: str) -> RecordRefused:
    return refusal(code, what, "export it again, with times, or remove it from the folder")


# -- making the workout ----------------------------------------------------------------------------


def _sport(gpx: GPX) -> tuple[str, str | None]:
    raw: str | None = next((str(track.type) for track in gpx.tracks if track.type), None)
    if raw in _STRAVA_TYPES and (gpx.creator or "").startswith("Strava"):
        return _STRAVA_TYPES[raw], raw
    return canonical_sport(raw), raw


def _figures(gpx: GPX, samples: Sequence[Sample], streams: dict[str, Stream]) -> dict[str, Any]:
    """What follows from the points; of what the entry's table does not call computed, the
    provenance does.
    """
    climb, moving, heights = (
        gpx.get_uphill_downhill(),
        gpx.get_moving_data(),
        gpx.get_elevation_extremes(),
    )
    figures: dict[str, float | None] = _averages(streams)
    if moving is not None:
        # 0 is its word for too few points.
        figures |= {"moving_s": moving.moving_time, "max_speed_mps": moving.max_speed or None}
    if heights.minimum is not None:
        figures |= {
            "elevation_gain_m": climb.uphill,
            "elevation_loss_m": climb.downhill,
            "min_altitude_m": heights.minimum,
            "max_altitude_m": heights.maximum,
        }
    figures |= {
        "elapsed_s": (samples[-1].time - samples[0].time).total_seconds(),
        "distance_m": samples[-1].distance_m,
    }
    provenance = {
        field: Provenance("computed", by="gpxpy")
        for field, figure in figures.items()
        if figure is not None
    }
    return figures | {"provenance": provenance}


def _streams(samples: Sequence[Sample]) -> dict[str, Stream]:
    start, points = samples[0].time, [sample.point for sample in samples]
    columns = {
        "time": Column.of((sample.time - start).total_seconds() for sample in samples),
        "latlng": Column.pairs(
            [point.latitude for point in points], [point.longitude for point in points]
        ),
        "distance": Column.of(sample.distance_m for sample in samples),
        "altitude": Column.of(point.elevation for point in points),
    }
    found = [dict(_extensions(point)) for point in points]
    columns |= {
        kind: Column.of(values.get(kind) for values in found)
        for kind in dict.fromkeys(_EXTENSIONS.values())
    }
    return {
        kind: Stream(kind, column, unit=STREAM_UNITS[kind])
        for kind, column in columns.items()
        if any(value is not None for value in column)
    }


def _extensions(point: GPXTrackPoint) -> Iterator[tuple[str, float]]:
    """Stream and value of each known element, however deep its maker put it."""
    for extension in point.extensions:
        for element in extension.iter():
            kind = _EXTENSIONS.get(str(element.tag).rpartition("}")[2])
            try:
                value = float(element.text or "") if kind else math.nan
            except ValueError:
                continue
            # No heart beats zero times: that is a strap that was not heard.
            if kind and math.isfinite(value) and not (kind == "heartrate" and value <= 0):
                yield kind, value


def _averages(streams: dict[str, Stream]) -> dict[str, float | None]:
    """Plain means over the samples; zeros count, gaps do not."""
    figures: dict[str, float | None] = {}
    for kind, average, highest in (
        ("heartrate", "average_heartrate_bpm", "max_heartrate_bpm"),
        ("watts", "average_watts", "max_watts"),
    ):
        values = (
            [value for value in streams[kind].values if isinstance(value, float)]
            if kind in streams
            else []
        )
        if values:
            figures |= {average: sum(values) / len(values), highest: max(values)}
    return figures
