"""Writer for GPX 1.1, by gpxpy: a track with its segments, and Garmin's extension for samples."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from gpxpy.gpx import GPX, GPXTrack, GPXTrackPoint, GPXTrackSegment
from lxml import etree

from fitglue_formats.writing.cadence import cadence_factor
from fitglue_formats.writing.moments import start_of
from fitglue_formats.writing.numbers import decimal
from fitglue_formats.writing.refusals import unwritable
from fitglue_formats.writing.samples import samples_of
from fitglue_formats.writing.segments import segment_starts
from fitglue_formats.writing.texts import one_line, safe_text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from lxml.etree import _Element

    from fitglue_formats.writing.samples import Floats, Samples
    from fitglue_registry.model import SourceActivity

_FORMAT = "GPX"
CREATOR = "FitGlue"
#: Garmin's extension of a track point. Since its version 2 it also has the speed.
_EXTENSION = "http://www.garmin.com/xmlschemas/TrackPointExtension/v2"
_PREFIX = "gpxtpx"
#: A degree has 111 km, so this is a millimeter.
_DEGREE_DIGITS = 8
#: The lowest and the highest number of the types of the extension.
_MOST_HEARTRATE = 255
_MOST_CADENCE = 254
#: The words that programs expect for the most common sports; others have their canonical name.
_SPORT_WORDS = {
    "Ride": "cycling",
    "Run": "running",
    "Walk": "walking",
    "Hike": "hiking",
    "Swim": "swimming",
}


class _Measured(NamedTuple):
    """An element of the extension: the stream it comes from, and the range of its whole numbers."""

    name: str
    stream: str
    most: int | None = None


#: In the order of the schema.
_MEASURED = (
    _Measured("atemp", "temperature"),
    _Measured("hr", "heartrate", _MOST_HEARTRATE),
    _Measured("cad", "cadence", _MOST_CADENCE),
    _Measured("speed", "velocity"),
)


def write_gpx(*activities: SourceActivity) -> bytes:
    """Return a GPX file of an activity; further activities become further tracks.

    Args:
        *activities: The activities with their streams, in the order of time.

    Raises:
        RecordRefused: FG-start-unknown, or FG-gpx-without-positions if an activity has none.
        ValueError: If there is no activity.
    """
    if not activities:
        raise ValueError("a GPX file has at least one activity")
    file = GPX()
    file.creator = CREATOR
    file.nsmap = {_PREFIX: _EXTENSION}
    file.time = start_of(activities[0], _FORMAT)
    file.name = one_line(activities[0].title)
    file.description = safe_text(activities[0].description)
    for activity in activities:
        file.tracks.append(_track(activity))
    return file.to_xml(version="1.1", prettyprint=False).encode()


def _track(activity: SourceActivity) -> GPXTrack:
    """Return the track of an activity."""
    start = start_of(activity, _FORMAT)
    samples = samples_of(activity)
    if samples.latitudes is None:
        raise unwritable(
            "FG-gpx-without-positions",
            _FORMAT,
            "it has no positions, and a GPX file consists of positions",
            "write it as FIT or TCX",
        )
    track = GPXTrack(
        name=one_line(activity.title),
        description=safe_text(activity.description),
    )
    sport = activity.sport or "Other"
    # gpxpy's annotation leaves out the text.
    track.type = _SPORT_WORDS.get(sport, sport)  # type: ignore[assignment]
    breaks = segment_starts(activity, samples)
    points = _points(samples, start, cadence_factor(activity))
    for second, point in points:
        is_new = not track.segments
        while breaks and second >= breaks[0]:
            breaks.pop(0)
            is_new = True
        if is_new:
            track.segments.append(GPXTrackSegment())
        track.segments[-1].points.append(point)
    return track


def _points(
    samples: Samples,
    start: datetime,
    factor: float,
) -> Iterator[tuple[float, GPXTrackPoint]]:
    """Yield the points with their seconds after the start; samples without a position are left
    out.
    """
    assert samples.latitudes is not None
    assert samples.longitudes is not None
    columns = _columns(samples, factor)
    rows = zip(
        samples.time.tolist(),
        samples.latitudes.tolist(),
        samples.longitudes.tolist(),
        samples.channels.get("altitude", samples.latitudes * math.nan).tolist(),
        strict=True,
    )
    for index, (second, latitude, longitude, altitude) in enumerate(rows):
        if math.isnan(latitude):
            continue
        point = GPXTrackPoint(
            round(latitude, _DEGREE_DIGITS),
            round(longitude, _DEGREE_DIGITS),
            elevation=None if math.isnan(altitude) else round(altitude, 3),
            time=start + timedelta(seconds=second),
        )
        point.extensions.extend(_extensions(columns, index))
        yield second, point


def _columns(
    samples: Samples,
    factor: float,
) -> dict[str, list[float]]:
    """Return the streams that the extension has, and the power."""
    columns: dict[str, list[float]] = {}
    for name in ("temperature", "heartrate", "cadence", "velocity", "watts"):
        if name in samples.channels:
            values: Floats = samples.channels[name]
            scaled = values * factor if name == "cadence" else values
            columns[name] = scaled.tolist()
    return columns


def _extensions(
    columns: dict[str, list[float]],
    index: int,
) -> Iterator[_Element]:
    """Yield the extensions of a point; one without any has no element."""
    texts = []
    for measured in _MEASURED:
        text = _text(columns, measured, index)
        if text is not None:
            texts.append((measured.name, text))
    if texts:
        extension = etree.Element(f"{{{_EXTENSION}}}TrackPointExtension")
        for name, text in texts:
            etree.SubElement(extension, f"{{{_EXTENSION}}}{name}").text = text
        yield extension
    watts = _text(columns, _Measured("power", "watts"), index)
    if watts is not None:
        # Garmin's extension lacks the power; Strava and others write it beside the extension.
        power = etree.Element("power")
        power.text = watts
        yield power


def _text(
    columns: dict[str, list[float]],
    measured: _Measured,
    index: int,
) -> str | None:
    """Return the text of an element, or ``None`` for a gap or a number out of range."""
    values = columns.get(measured.stream)
    if values is None or math.isnan(values[index]):
        return None
    if measured.most is None:
        return decimal(values[index])
    whole = round(values[index])
    return str(whole) if 0 <= whole <= measured.most else None
