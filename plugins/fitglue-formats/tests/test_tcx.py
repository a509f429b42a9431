"""What a TCX file becomes, or why it is refused."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from fitglue_formats import activities, glance
from fitglue_registry.errors import RecordRefused
from fitglue_registry.model import decode, encode, problems

HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?><TrainingCenterDatabase '
    'xmlns="http://www.garmin.com/xmlschemas/TrainingCenterDatabase/v2" '
    'xmlns:x="http://www.garmin.com/xmlschemas/ActivityExtension/v2">'
)


def point(second: int, more: str = "", latitude: float | None = 47.0) -> str:
    place = (
        ""
        if latitude is None
        else (
            f"<Position><LatitudeDegrees>{latitude}</LatitudeDegrees>"
            "<LongitudeDegrees>11.0</LongitudeDegrees></Position>"
        )
    )
    time = f"2026-05-03T06:{second // 60:02}:{second % 60:02}Z"
    return f"<Trackpoint><Time>{time}</Time>{place}{more}</Trackpoint>"


def lap(second: int, points: str, more: str = "", seconds: float = 10) -> str:
    time = f"2026-05-03T06:{second // 60:02}:{second % 60:02}.000Z"
    return (
        f'<Lap StartTime="{time}"><TotalTimeSeconds>{seconds}</TotalTimeSeconds>'
        f"<DistanceMeters>100</DistanceMeters>{more}<Track>{points}</Track></Lap>"
    )


def tcx(laps: str, sport: str = "Running", more: str = "") -> str:
    return f'<Activity Sport="{sport}"><Id>2026-05-03T06:00:00Z</Id>{laps}{more}</Activity>'


def whole(*elements: str) -> bytes:
    return f"{HEAD}<Activities>{''.join(elements)}</Activities></TrainingCenterDatabase>".encode()


def only(content: bytes):
    [activity] = activities(content)
    assert (problems(activity), decode(encode(activity))) == ([], activity)
    return activity


def stream(activity, kind):
    return next((list(item.values) for item in activity.streams if item.type == kind), None)


def test_an_activity_is_a_workout_of_all_its_laps(gpx):
    """Moving time and distance are the sums of the laps; elapsed time ends with the last point."""
    activity = only(whole(tcx(lap(0, point(0) + point(10)) + lap(60, point(60) + point(70)))))
    assert (activity.sport, activity.start_utc, activity.moving_s) == (
        "Run",
        datetime(2026, 5, 3, 6, tzinfo=UTC),
        20,
    )
    assert (activity.elapsed_s, activity.distance_m, activity.utc_offset_s) == (70, 200, 7200)
    assert [(item.start_s, item.start_index, item.end_index) for item in activity.laps] == [
        (0, 0, 1),
        (60, 2, 3),
    ]


def test_extensions_become_streams(gpx):
    """Power, speed and run cadence in the extensions of a point become streams; 0 is a value."""
    more = (
        "<Extensions><x:TPX><x:Speed>2.5</x:Speed><x:RunCadence>81</x:RunCadence>"
        "<x:Watts>0</x:Watts></x:TPX></Extensions>"
    )
    activity = only(whole(tcx(lap(0, point(0, more) + point(10)))))
    assert (
        stream(activity, "velocity"),
        stream(activity, "cadence"),
        stream(activity, "watts"),
    ) == ([2.5, None], [81, None], [0, None])
    assert activity.cadence_per_leg is True


def test_heart_rates_are_those_of_the_laps_or_else_of_the_points():
    """The mean heart rate is that of the laps, weighted by time, or is computed from the points."""
    mean = "<AverageHeartRateBpm><Value>{}</Value></AverageHeartRateBpm>"
    laps = lap(0, "", mean.format(100), seconds=30) + lap(30, "", mean.format(140), seconds=10)
    assert only(whole(tcx(laps))).average_heartrate_bpm == 110
    beats = "".join(
        point(at, f"<HeartRateBpm><Value>{beat}</Value></HeartRateBpm>")
        for at, beat in ((0, 120), (5, 0), (10, 130))
    )
    computed = only(whole(tcx(lap(0, beats))))
    assert (computed.average_heartrate_bpm, stream(computed, "heartrate")) == (
        125,
        [120, None, 130],
    )
    assert computed.provenance["average_heartrate_bpm"].how == "computed"


def test_the_device_claims_its_recording():
    """A workout claims the unit id of its device, with the same claim that a FIT file would
    make.
    """
    creator = (
        "<Creator><Name>EDGE705</Name><UnitId>3471911100</UnitId>"
        "<ProductID>625</ProductID></Creator>"
    )
    activity = only(whole(tcx(lap(0, point(0)), more=creator)))
    assert (activity.device.name, activity.claims[1]) == (
        "EDGE705",
        "device:3471911100@2026-05-03T06:00:00Z",
    )


def test_every_activity_of_a_file_is_a_workout():
    """Every activity of a file is a workout, including the legs and transitions of a multisport
    session.
    """
    legs = (
        "<MultiSportSession><Id>x</Id>"
        f"<FirstSport>{tcx(lap(0, point(0)), 'Other')}</FirstSport>"
        f"<NextSport><Transition>{lap(20, point(20))}</Transition>"
        f"{tcx(lap(60, point(60)), 'Biking')}</NextSport></MultiSportSession>"
    )
    workouts = activities(whole(legs))
    assert [(leg.sport, leg.leg_no) for leg in workouts] == [
        ("Other", 0),
        ("Transition", 1),
        ("Ride", 2),
    ]
    assert len({leg.parent for leg in workouts}) == 1


def test_blanks_in_front_are_accepted():
    """Blanks before the XML declaration, as Strava writes them, are accepted."""
    assert only(b"          " + whole(tcx(lap(0, point(0))))).sport == "Run"


def test_points_are_put_in_the_order_of_time():
    """Points are put in the order of time with their values; a point without a position is a
    gap.
    """
    activity = only(whole(tcx(lap(0, point(0) + point(2) + point(1, latitude=None)))))
    assert (stream(activity, "time"), stream(activity, "latlng")) == (
        [0, 1, 2],
        [(47.0, 11.0), None, (47.0, 11.0)],
    )


def test_laps_without_points_are_a_workout():
    """An activity with laps and no points, recorded indoors without a sensor, is a workout."""
    activity = only(whole(tcx(lap(0, "", "<Calories>50</Calories>", seconds=1800))))
    assert (activity.streams, activity.elapsed_s, activity.calories_kcal) == ((), 1800, 50)


@pytest.mark.parametrize("value", ["NaN", "Infinity", "1e400", "many", "", "-5"])
def test_invalid_numbers_are_left_out(value):
    """An invalid number in a lap or in a point is left out."""
    text = (
        f"<Calories>{value}</Calories>"
        f"<MaximumHeartRateBpm><Value>{value}</Value></MaximumHeartRateBpm>"
    )
    activity = only(
        whole(tcx(lap(0, point(0, f"<HeartRateBpm><Value>{value}</Value></HeartRateBpm>"), text)))
    )
    assert activity.max_heartrate_bpm is None
    assert not activity.calories_kcal


BOMB = (
    b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "bbbb"><!ENTITY c "&b;&b;">]>'
    b"<TrainingCenterDatabase><Id>&c;</Id></TrainingCenterDatabase>"
)
COURSE = (
    f"{HEAD}<Courses><Course><Name>x</Name></Course></Courses></TrainingCenterDatabase>".encode()
)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (BOMB, "FG-file-unsafe"),
        (COURSE, "FG-tcx-without-activities"),
        (whole(tcx("").replace("2026-05", "x")), "FG-tcx-without-times"),
        (whole(tcx(lap(0, point(0))))[:-60], "FG-not-tcx"),
    ],
)
def test_a_file_without_a_workout_is_refused_with_a_specific_code(content, code):
    """A file that contains no workout is refused with a code for the reason."""
    with pytest.raises(RecordRefused) as caught:
        activities(content)
    assert (caught.value.code, glance(content, "x").problem.code) == (code, code)
