"""What leaves through a pipeline lacks what its privacy rules hide."""

from __future__ import annotations

import math
import time
from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from fitglue_registry.model import (
    STREAM_UNITS,
    Column,
    Device,
    Lap,
    Link,
    Location,
    Provenance,
    SourceActivity,
    Stream,
    TrainingLoad,
)
from fitglue_registry.pipeline.circles import distance_m
from fitglue_registry.pipeline.document import Privacy, Zone
from fitglue_registry.pipeline.hidden_positions import track_of
from fitglue_registry.pipeline.left_out import CONTENTS
from fitglue_registry.pipeline.privacy import departing
from tests.pipeline.strategies import enum

#: A street that leads north, with a sample every 111 m.
STREET = [(47.0 + number / 1_000, 8.0) for number in range(11)]
HOME = Zone(47.0, 8.0, 250.0)


def track(points, kind="latlng"):
    latitudes = [point and point[0] for point in points]
    longitudes = [point and point[1] for point in points]
    return Stream(kind, Column.pairs(latitudes, longitudes))


def numbers(kind, count=11):
    return Stream(kind, Column.of(map(float, range(count))))


def workout(points=STREET, **values):
    """Return a workout with a track, and with whatever else could show where it was."""
    known = {
        "title": "Around Zürich",
        "sport": "Run",
        "start_utc": datetime(2026, 5, 1, 5, 30, tzinfo=UTC),
        "distance_m": 1_110.0,
        "location": Location("Zürich", "Switzerland", 47.0, 8.0),
        "links": (Link("map", "https://example.org/987"),),
        "claims": ("strava:987",),
        "metrics": {"start_latitude": 47.0, "strain": 12.0},
        "extensions": {"polyline": "_p~iF~ps|U", "heartrate_zones": {"times_s": [1, 2]}},
        "average_heartrate_bpm": 140.0,
        "streams": (numbers("time", len(points)), track(points), numbers("heartrate", len(points))),
        "provenance": {"location": Provenance("reported"), "distance_m": Provenance("reported")},
    }
    return SourceActivity(**(known | values))


def left(activity, *zones, leave_out=()):
    return departing(activity, Privacy(zones, leave_out))


def positions(activity):
    return track_of(activity.streams)


# -- zones -----------------------------------------------------------------------------------------


def test_a_workout_outside_of_all_zones_leaves_as_it_is():
    """A zone that the workout does not enter changes nothing."""
    assert left(workout(), Zone(48.0, 8.0, 500.0)) == (workout(), ())


def test_the_ends_within_a_zone_are_hidden():
    """Positions within the zone become gaps; all other samples stay where they are."""
    departure = left(workout(), HOME)
    assert positions(departure.activity) == [None, None, None, *STREET[3:]]
    assert len(departure.activity.streams[2].values) == 11
    assert departure.removed == ("its positions in a privacy zone, the place and the links",)


def test_the_middle_of_a_track_is_hidden_too():
    """A track that passes through a zone has a gap there."""
    departure = left(workout(), Zone(47.005, 8.0, 150.0))
    hidden = [index for index, point in enumerate(positions(departure.activity)) if point is None]
    assert hidden == [4, 5, 6]


def test_a_way_between_two_samples_is_hidden():
    """A zone between two samples hides both of them, although neither lies within it."""
    departure = left(workout(), Zone(47.0055, 8.0, 20.0))
    hidden = [index for index, point in enumerate(positions(departure.activity)) if point is None]
    assert hidden == [5, 6]


def test_what_follows_from_the_position_is_removed():
    """The place, links, claims, and unknown values that could be positions do not leave."""
    rest = left(workout(), HOME).activity
    assert (rest.location, rest.links, rest.claims) == (None, (), ())
    assert rest.metrics == {"strain": 12.0}
    assert rest.extensions == {"heartrate_zones": {"times_s": [1, 2]}}
    assert set(rest.provenance) == {"distance_m"}


def test_texts_and_totals_stay():
    """A title that names a place is not touched, and the distance stays."""
    rest = left(workout(), HOME).activity
    assert (rest.title, rest.distance_m) == ("Around Zürich", 1_110.0)


def test_a_zone_can_hide_the_track():
    """With ``hide: track``, no position leaves of a workout that enters the zone."""
    departure = left(workout(), Zone(47.0, 8.0, 250.0, "track"))
    assert [stream.type for stream in departure.activity.streams] == ["time", "heartrate"]
    assert departure.removed == (
        "all positions, because it enters a privacy zone that hides the track",
    )


def test_a_zone_can_hide_everything():
    """With ``hide: everything``, a workout that enters the zone does not leave."""
    departure = left(workout(), HOME, Zone(47.01, 8.0, 50.0, "everything"))
    assert departure == (None, ("it enters a privacy zone that hides everything of a workout",))


def test_a_place_without_a_track_is_compared_too():
    """A workout of which only the place of its start is known can enter a zone as well."""
    bare = workout(streams=())
    assert left(bare, HOME).activity.location is None
    assert left(bare, Zone(47.0, 8.0, 250.0, "everything")).activity is None


def test_streams_of_unknown_types_can_be_positions():
    """A copy of the track under another name does not leave with a hidden track."""
    copied = workout(streams=(numbers("time"), track(STREET), track(STREET, "raw_position")))
    rest = left(copied, HOME).activity
    assert [stream.type for stream in rest.streams] == ["time", "latlng"]


def test_no_rule_allows_the_original_file():
    """A pipeline with any privacy rule sends no original file; one without rules does."""
    assert Privacy().allows_files
    assert not Privacy((HOME,)).allows_files
    assert not Privacy((), ("notes",)).allows_files


# -- no point within a zone ever leaves ------------------------------------------------------------


def point_at(center, bearing_deg, distance):
    """Return the point at a distance from the center, in multiples of the Earth's radius."""
    latitude = math.radians(center[0])
    bearing = math.radians(bearing_deg)
    sine = math.sin(latitude) * math.cos(distance)
    sine += math.cos(latitude) * math.sin(distance) * math.cos(bearing)
    east = math.atan2(
        math.sin(bearing) * math.sin(distance) * math.cos(latitude),
        math.cos(distance) - math.sin(latitude) * sine,
    )
    longitude = math.degrees(east) + center[1]
    return math.degrees(math.asin(max(min(sine, 1.0), -1.0))), (longitude + 540) % 360 - 180


@st.composite
def zones_and_tracks(draw):
    """Return a zone anywhere on Earth, and a track around its edge and through it."""
    zone = Zone(
        draw(st.sampled_from([-90.0, -60.0, 0.0, 47.0, 80.0, 89.5, 89.99]) | st.floats(-90, 90)),
        draw(st.sampled_from([-180.0, 8.0, 179.999]) | st.floats(-180, 180)),
        draw(st.sampled_from([10.0, 500.0, 50_000.0])),
    )
    center = (zone.latitude_deg, zone.longitude_deg)
    radius = zone.radius_m / 6_371_008.8
    shares = st.sampled_from([0.0, 0.9, 0.999_999, 1.001, 1.01, 1.4]) | st.floats(0, 3)
    samples = st.none() | st.builds(
        lambda bearing, share: point_at(center, bearing, share * radius),
        st.sampled_from([0, 45, 90, 180, 225, 270]) | st.floats(0, 360),
        shares,
    )
    return zone, draw(st.lists(samples, min_size=1, max_size=8))


def between(first, second, share):
    """Return the point at a share of the way, the shorter way around the Earth."""
    east = (second[1] - first[1] + 540) % 360 - 180
    return first[0] + share * (second[0] - first[0]), first[1] + share * east


@settings(max_examples=300)
@given(zones_and_tracks(), st.lists(st.floats(0, 1), max_size=4))
def test_no_point_within_a_zone_ever_leaves(zone_and_track, shares):
    """Neither a position nor any point on the straight way between two of them is in the zone."""
    zone, points = zone_and_track
    center = (zone.latitude_deg, zone.longitude_deg)
    rest = left(workout(points, location=None), zone).activity
    for first, second in pairwise([*positions(rest), None]):
        if first is not None:
            assert distance_m(first, center) > zone.radius_m
        if first is None or second is None:
            continue
        for share in (0.5, *shares):
            assert distance_m(between(first, second, share), center) > zone.radius_m


@settings(max_examples=50)
@given(zones_and_tracks())
def test_a_position_that_leaves_is_where_it_was(zone_and_track):
    """A position is hidden or unchanged, never moved."""
    zone, points = zone_and_track
    for point, known in zip(positions(left(workout(points), zone).activity), points, strict=True):
        assert point in (None, known)


@settings(max_examples=50)
@given(zones_and_tracks())
def test_what_is_far_from_a_zone_stays(zone_and_track):
    """Samples are not hidden without need: of a track far away from the zone, all leave."""
    zone, points = zone_and_track
    assume(abs(zone.latitude_deg) < 80)
    center = (zone.latitude_deg, zone.longitude_deg)
    far = [point for point in points if point and distance_m(point, center) > 2 * zone.radius_m]
    lonely = [sample for point in far for sample in (point, None)]
    assert positions(left(workout(lonely, location=None), zone).activity) == lonely


def test_a_long_track_is_searched_quickly():
    """A track of six hours at one sample per second takes at most 10 s of CPU with fifty zones."""
    points = [(47 + number / 21_600, 8.0) for number in range(21_600)]
    zones = tuple(Zone(46.5 + number / 25, 8.1, 500.0) for number in range(50))
    begin = time.process_time()
    assert left(workout(points), *zones).removed == ()
    assert time.process_time() - begin < 10


# -- fields that are left out ----------------------------------------------------------------------


def test_the_table_has_every_name_of_the_schema():
    """Each name that ``leave_out`` allows has an entry in the table of what belongs to it."""
    assert set(CONTENTS) == set(enum("privacy", "properties", "leave_out", "items"))


def test_the_table_names_only_what_exists():
    """Fields, streams and lap fields of the table are those of the model."""
    fields = {field for content in CONTENTS.values() for field in content.fields}
    streams = {kind for content in CONTENTS.values() for kind in content.streams}
    laps = {field for content in CONTENTS.values() for field in content.laps}
    assert fields <= set(SourceActivity.__struct_fields__)
    assert streams <= set(STREAM_UNITS)
    assert laps <= set(Lap.__struct_fields__)


def test_the_heart_rate_is_left_out_with_all_that_follows_from_it():
    """Averages, laps, zones and loads that come from the heart rate do not leave either."""
    activity = workout(
        laps=(Lap(average_heartrate_bpm=150.0, average_watts=200.0, zone="Z4"),),
        training_load=80.0,
        training_loads=(
            TrainingLoad(80.0, "heart_rate", chosen=True),
            TrainingLoad(70.0, "power"),
            TrainingLoad(60.0),
        ),
    )
    departure = left(activity, leave_out=("heartrate",))
    rest = departure.activity
    assert [stream.type for stream in rest.streams] == ["time", "latlng"]
    assert rest.average_heartrate_bpm is None
    assert rest.laps == (Lap(average_watts=200.0),)
    assert rest.training_loads == (TrainingLoad(70.0, "power"),)
    assert (rest.training_load, rest.extensions, rest.metrics) == (None, {}, {})
    assert departure.removed == ("the heart rate, which the pipeline leaves out",)


def test_a_load_that_is_counted_by_power_stays_without_the_heart_rate():
    """The training load stays if the source says that another method gave it."""
    loads = (TrainingLoad(80.0, "heart_rate"), TrainingLoad(70.0, "power", chosen=True))
    activity = workout(training_load=70.0, training_loads=loads)
    assert left(activity, leave_out=("heartrate",)).activity.training_load == 70.0


def test_leaving_out_the_device_leaves_out_its_serial_number():
    """A claim with the serial number of the device goes with the device."""
    activity = workout(device=Device(serial="123"), claims=("device:123@2026-05-01T05:30:00Z",))
    rest = left(activity, leave_out=("device",)).activity
    assert (rest.device, rest.claims) == (None, ())


def test_what_is_not_there_is_not_reported():
    """A rule that finds nothing to remove is not named."""
    assert left(workout(extensions={}), leave_out=("notes", "sets")).removed == ()


@pytest.mark.parametrize("name", sorted(CONTENTS))
def test_what_is_left_out_is_gone(name):
    """Whatever is left out, none of its fields, streams and lap fields leaves."""
    content = CONTENTS[name]
    streams = tuple(numbers(kind) for kind in STREAM_UNITS)
    rest = left(workout(streams=streams), leave_out=(name,)).activity
    bare = SourceActivity()
    assert [field for field in content.fields if getattr(rest, field) != getattr(bare, field)] == []
    assert {stream.type for stream in rest.streams} == set(STREAM_UNITS) - set(content.streams)
