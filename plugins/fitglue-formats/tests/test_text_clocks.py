"""The two clocks of GPX and TCX: the place of the start, stated offsets, and changes of the
clocks.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from fitglue_formats import activities

TCX = (
    '<TrainingCenterDatabase xmlns="http://www.garmin.com/xmlschemas/TrainingCenterDatabase/v2">'
    '<Activities><Activity Sport="Running"><Id>{id}</Id><Lap StartTime="{id}">'
    "<TotalTimeSeconds>3000</TotalTimeSeconds><DistanceMeters>9000</DistanceMeters><Track>{points}"
    "</Track></Lap></Activity></Activities></TrainingCenterDatabase>"
)
#: Near Innsbruck.
POSITION = (
    "<Position><LatitudeDegrees>47.0</LatitudeDegrees>"
    "<LongitudeDegrees>11.0</LongitudeDegrees></Position>"
)


def times(start: str) -> list[str]:
    """Return the start of a workout and a time 50 minutes later, written in the same way."""
    first = datetime.fromisoformat(start)
    both = (first, first + timedelta(minutes=50))
    return [time.isoformat().replace("+00:00", "Z") for time in both]


def gpx(start: str) -> bytes:
    """Return a GPX file of a run of 50 minutes near Innsbruck."""
    points = [
        f'<trkpt lat="47.0{number}" lon="11.0"><time>{time}</time></trkpt>'
        for number, time in enumerate(times(start))
    ]
    track = f"<trk><trkseg>{''.join(points)}</trkseg></trk>"
    return f'<gpx version="1.1">{track}</gpx>'.encode()


def tcx(start: str, position: str = POSITION) -> bytes:
    """Return a TCX file of a run of 50 minutes."""
    points = [f"<Trackpoint><Time>{time}</Time>{position}</Trackpoint>" for time in times(start)]
    return TCX.format(id=times(start)[0], points="".join(points)).encode()


def indoors(start: str) -> bytes:
    """Return a TCX file of a run of 50 minutes without positions."""
    return tcx(start, position="")


def clocks(content: bytes) -> tuple[str | None, int | None, str | None]:
    """Return the local start of the only workout, its offset and its zone."""
    [activity] = activities(content)
    local = activity.start_local.isoformat() if activity.start_local else None
    return local, activity.utc_offset_s, activity.timezone


@pytest.mark.parametrize("made", [gpx, tcx])
@pytest.mark.parametrize(
    ("start", "local", "offset_s"),
    [
        ("2026-10-25T00:40:00+00:00", "2026-10-25T02:40:00", 7200),  # winter time at 01:00 UTC
        ("2026-03-29T00:40:00+00:00", "2026-03-29T01:40:00", 3600),  # summer time at 01:00 UTC
        ("2026-10-25T01:10:00+00:00", "2026-10-25T02:10:00", 3600),
        ("2026-03-29T01:10:00+00:00", "2026-03-29T03:10:00", 7200),
    ],
)
def test_the_local_start_has_the_offset_of_the_start(made, start, local, offset_s):
    """On a night when the clocks change, the start has the offset that its place has then."""
    assert clocks(made(start)) == (local, offset_s, "Europe/Vienna")


@pytest.mark.parametrize("made", [gpx, tcx])
def test_an_offset_that_fits_the_place_is_that_of_the_place(made):
    """A stated offset that the place has at that time leads to the zone of the place."""
    assert clocks(made("2026-07-01T10:00:00+02:00")) == (
        "2026-07-01T10:00:00",
        7200,
        "Europe/Vienna",
    )


@pytest.mark.parametrize("made", [gpx, tcx, indoors])
def test_a_stated_offset_is_kept(made):
    """An offset that the times state is kept if the place is unknown or has another one."""
    assert clocks(made("2026-07-01T10:00:00+05:30")) == ("2026-07-01T10:00:00", 19_800, None)


@pytest.mark.parametrize("start", ["2026-07-01T10:00:00+00:00", "2026-07-01T10:00:00"])
def test_utc_is_no_local_time(start):
    """Times in UTC, or without a zone, state no local time."""
    assert clocks(indoors(start)) == (None, None, None)


def test_the_offset_of_the_first_day_is_not_applied_to_a_day_after_clocks_changed():
    """A GPX file of two days states the offset of its first day; the second day, on which winter
    time began, has the offset of its own start.
    """
    days = [gpx("2026-10-24T10:00:00+02:00"), gpx("2026-10-25T10:00:00+01:00")]
    tracks = [day.decode().partition(">")[2].removesuffix("</gpx>") for day in days]
    both = f'<gpx version="1.1">{"".join(tracks)}</gpx>'.encode()
    assert [activity.start_local.isoformat() for activity in activities(both)] == [
        "2026-10-24T10:00:00",
        "2026-10-25T10:00:00",
    ]
