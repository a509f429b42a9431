"""A recording as a GPX track, the way Strava writes it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from fitglue_intervals.testing.places import PLACES
from fitglue_intervals.testing.shapes import Leg, shape_of
from fitglue_intervals.testing.streams import streams_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<gpx creator="StravaGPX" version="1.1" xmlns="http://www.topografix.com/GPX/1/1"'
    ' xmlns:gpxtpx="http://www.garmin.com/xmlschemas/TrackPointExtension/v1">\n'
    "<trk><name>{name}</name><type>{kind}</type><trkseg>"
)
_TAIL = "</trkseg></trk></gpx>\n"
_COLUMNS = ("time", "altitude", "heartrate", "cadence")


class _Point(NamedTuple):
    """One sample of the track; without a fix it has no latitude."""

    lat: float | None
    lng: float | None
    second: int
    height: float
    heart_rate: int | None
    cadence: int

    def element(self, moment: datetime) -> str:
        """The element of this point at a moment in UTC."""
        heart = ""
        if self.heart_rate is not None:
            heart = f"<gpxtpx:hr>{self.heart_rate}</gpxtpx:hr>"
        cadence = f"<gpxtpx:cad>{self.cadence}</gpxtpx:cad>"
        return (
            f'<trkpt lat="{self.lat}" lon="{self.lng}">'
            f"<ele>{self.height}</ele>"
            f"<time>{moment.isoformat()}Z</time>"
            "<extensions><gpxtpx:TrackPointExtension>"
            f"{heart}{cadence}"
            "</gpxtpx:TrackPointExtension></extensions></trkpt>"
        )


def gpx_file(
    start: datetime,
    leg: Leg,
    from_s: int = 0,
    until_s: int | None = None,
) -> bytes:
    """The GPX file of a leg, cut to some seconds since its local start."""
    sport = shape_of(leg).sport
    begin = start - PLACES[leg.zone].offset(start)
    lines = [_HEAD.format(name=sport.names[0], kind=sport.fit[0])]
    for point in _points(leg):
        if point.lat is None or point.second < from_s:
            continue
        if until_s is None or point.second <= until_s:
            lines.append(point.element(begin + timedelta(seconds=point.second)))
    return "\n".join([*lines, _TAIL]).encode()


def _points(leg: Leg) -> Iterator[_Point]:
    streams = {stream["type"]: stream for stream in streams_of(leg)}
    track = streams["latlng"]
    columns = [streams[kind]["data"] for kind in _COLUMNS]
    for values in zip(track["data"], track["data2"], *columns, strict=True):
        yield _Point(*values)
