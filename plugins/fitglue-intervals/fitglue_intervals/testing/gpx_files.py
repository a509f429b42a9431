"""A recording as a GPX track, in the way in which Strava writes it."""

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
    """One sample of the track; a sample without a GPS fix has neither latitude nor longitude."""

    lat: float | None
    lng: float | None
    second: int
    height: float
    heart_rate: int | None
    cadence: int

    def element(self, moment: datetime) -> str:
        """Return the ``trkpt`` element of this point.

        Args:
            moment: The time of the point in UTC, without a zone.
        """
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
    """Return the GPX file of a leg.

    Args:
        start: The local start of the leg.
        leg: The leg, which must have a track.
        from_s: The first second since the start that the file has.
        until_s: The last second that the file has; None means the end of the recording.
    """
    sport = shape_of(leg).sport
    begin = start - PLACES[leg.zone].offset(start)
    lines = [_HEAD.format(name=sport.names[0], kind=sport.fit[0])]
    for point in _points(leg):
        # GPX cannot express a point without a position, so such samples are missing in the file.
        if point.lat is None or point.second < from_s:
            continue
        if until_s is None or point.second <= until_s:
            lines.append(point.element(begin + timedelta(seconds=point.second)))
    return "\n".join([*lines, _TAIL]).encode()


def _points(leg: Leg) -> Iterator[_Point]:
    """Yield the samples of a leg in their order."""
    streams = {stream["type"]: stream for stream in streams_of(leg)}
    track = streams["latlng"]
    columns = [streams[kind]["data"] for kind in _COLUMNS]
    for values in zip(track["data"], track["data2"], *columns, strict=True):
        yield _Point(*values)
