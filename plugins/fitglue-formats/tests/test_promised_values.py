"""Values that the documentation of a file source promises for every format that can have them."""

from __future__ import annotations

import pytest

from fitglue_formats import activities
from fitglue_registry.model import COMPUTED_SPEED

#: Seconds, latitude, and what was measured.
MEASURED = (
    "<ele>{}</ele><extensions><hr>140</hr><cad>85</cad><power>200</power><atemp>{}</atemp>"
    "</extensions>"
)
TCX = (
    "<TrainingCenterDatabase><Activities>{}<Activity Sport='Running'>"
    "<Id>2026-05-03T06:00:00{zone}</Id><Lap StartTime='2026-05-03T06:00:00{zone}'>"
    "<TotalTimeSeconds>20</TotalTimeSeconds><DistanceMeters>60</DistanceMeters>"
    "<MaximumSpeed>0</MaximumSpeed><Track>"
    "<Trackpoint><Time>2026-05-03T06:00:00{zone}</Time><AltitudeMeters>500</AltitudeMeters>"
    "</Trackpoint>"
    "<Trackpoint><Time>2026-05-03T06:00:20{zone}</Time><AltitudeMeters>510</AltitudeMeters>"
    "</Trackpoint></Track></Lap></Activity></Activities>{}</TrainingCenterDatabase>"
)
COURSE = (
    "<Courses><Course><Name>x</Name><Lap><TotalTimeSeconds>9</TotalTimeSeconds></Lap><Track>"
    "<Trackpoint><Time>2020-01-01T00:00:00Z</Time></Trackpoint></Track></Course></Courses>"
)


def tcx(before: str = "", after: str = "", zone: str = "Z") -> bytes:
    """Return a TCX of one lap without positions."""
    return TCX.format(before, after, zone=zone).encode()


def only(content: bytes):
    """Return the only workout of a file."""
    [workout] = activities(content)
    return workout


@pytest.fixture
def walk(gpx) -> bytes:
    """A GPX of 60 seconds that climbs 10 m while it becomes warmer."""
    return gpx([(0, 47.0, MEASURED.format(500, 10)), (60, 47.001, MEASURED.format(510, 20))])


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("average_temperature_c", 15),
        ("min_temperature_c", 10),
        ("max_temperature_c", 20),
        ("average_altitude_m", 505),
        ("min_altitude_m", 500),
        ("max_altitude_m", 510),
        ("average_watts", 200),
        ("average_cadence_rpm", 85),
        ("average_heartrate_bpm", 140),
    ],
)
def test_a_gpx_has_the_promised_averages(walk, field, value):
    """Averages, minima and maxima of a GPX are computed from its points, and marked."""
    workout = only(walk)
    assert getattr(workout, field) == value
    assert workout.provenance[field].note == "from the points"


@pytest.mark.parametrize("name", ["walk", "tcx", "fit"])
def test_the_average_speed_belongs_to_the_distance_and_time_beside_it(name, walk, fit):
    """The average speed is the distance divided by the time without pauses, in every format."""
    recording = fit().file_id().record(0).record(60).session(0, 60).activity(60)
    contents = {"walk": walk, "tcx": tcx(), "fit": recording.content()}
    workout = only(contents[name])
    assert workout.average_speed_mps == pytest.approx(workout.distance_m / workout.moving_s)
    assert workout.provenance["average_speed_mps"] == COMPUTED_SPEED


def test_a_tcx_has_an_ascent_and_a_descent():
    """The climb of a TCX is computed from its altitudes, because no element states it."""
    workout = only(tcx())
    assert (workout.elevation_gain_m, workout.elevation_loss_m) == (10, 0)


def test_a_top_speed_of_0_is_absent():
    """A lap with a distance cannot have had a top speed of 0."""
    workout = only(tcx())
    assert (workout.max_speed_mps, workout.laps[0].max_speed_mps) == (None, None)


def test_a_transition_has_the_start_that_it_states():
    """A transition between two sports is written like a lap, with its start in an attribute."""
    transition = (
        "<MultiSportSession><NextSport><Transition StartTime='2026-05-03T05:59:00Z'>"
        "<TotalTimeSeconds>60</TotalTimeSeconds></Transition></NextSport></MultiSportSession>"
    )
    first, _ = activities(tcx(transition))
    assert (first.sport, first.elapsed_s, f"{first.start_utc:%H:%M}") == ("Transition", 60, "05:59")


@pytest.mark.parametrize("place", [{"before": COURSE}, {"after": COURSE}])
def test_the_points_of_a_course_are_not_those_of_the_activity_beside_it(place):
    """A planned course in the file of an activity adds no lap and no sample to it."""
    workout = only(tcx(**place))
    assert (len(workout.laps), len(workout.streams[0].values), workout.elapsed_s) == (1, 2, 20)


def test_an_activity_that_is_written_twice_counts_once():
    """A copy of an activity in the same file is left out, with a message."""
    inner = TCX.partition("<Activities>{}")[2].partition("</Activities>")[0].format(zone="Z")
    workout = only(tcx(inner))
    assert "activity 2 repeats" in workout.completeness.missing["use of all activities"]


def test_the_laps_of_several_days_in_one_activity_are_several_workouts():
    """An athlete who slept between two laps did two workouts."""
    lap = TCX.partition("</Id>")[2].partition("</Activity>")[0].format(zone="Z")
    both = tcx().decode().replace(lap, lap + lap.replace("05-03", "05-04"))
    workouts = activities(both.encode())
    assert [(f"{day.start_utc:%d}", day.elapsed_s, len(day.laps)) for day in workouts] == [
        ("03", 20, 1),
        ("04", 20, 1),
    ]


@pytest.mark.parametrize(
    ("zone", "offset_s", "hour"), [("+02:00", 7200, 6), ("-0730", -27_000, 6), ("Z", None, None)]
)
def test_an_offset_that_a_time_states_is_kept(zone, offset_s, hour):
    """A time with an offset states the local time, also of a workout without a place."""
    workout = only(tcx(zone=zone))
    assert workout.utc_offset_s == offset_s
    assert (workout.start_local and workout.start_local.hour) == hour


@pytest.mark.parametrize("zone", ["", " "])
def test_times_without_a_zone_are_in_doubt(zone, gpx):
    """Times count as UTC if they state no zone, and the file says that this was assumed."""
    for content in (tcx(zone=zone), gpx().replace(b"Z</time>", b"</time>")):
        assert "count as UTC" in only(content).completeness.missing["zone of the times"]


@pytest.mark.parametrize("zone", ["+20:00", "-15:00", "+2500"])
def test_an_offset_that_no_zone_has_is_in_doubt(zone, gpx):
    """The time before an impossible offset is kept as UTC, and the file says so."""
    right, wrong = gpx(), gpx().replace(b"Z</time>", f"{zone}</time>".encode())
    assert only(wrong).start_utc == only(right).start_utc
    assert only(tcx(zone=zone)).start_utc == only(tcx()).start_utc
    for content in (wrong, tcx(zone=zone)):
        doubt = only(content).completeness.missing["zone of the times"]
        assert doubt.startswith(f"the file states {zone[:3]}:00, which no zone has")


def test_what_a_file_lost_is_stated_on_each_of_its_workouts(gpx):
    """Each day of a file states that the file was not read completely."""
    two = gpx().decode().replace("</trk></gpx>", "</trk>")
    other = gpx().decode().partition("<trk>")[2].replace("05-03", "05-04")
    workouts = activities((two + "<trk>" + other).encode() + b"</junk>")
    assert ["intact file" in day.completeness.missing for day in workouts] == [True, True]
