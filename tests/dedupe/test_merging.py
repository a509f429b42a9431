"""Merging: each value of an activity comes from the source activity that the rules prefer, and the
origins say which one that is.
"""

from __future__ import annotations

import itertools
import time
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fitglue_registry import dedupe
from fitglue_registry.dedupe import Choice, Member, alternatives
from fitglue_registry.model import (
    BY_THE_ATHLETE,
    COMPUTED_SPEED,
    UNLISTED_SPORT,
    Column,
    Completeness,
    Device,
    Gear,
    Lap,
    Link,
    Location,
    Provenance,
    SourceActivity,
    Stream,
    Stub,
    TrainingLoad,
)
from fitglue_registry.model.stored import FieldOrigin
from fitglue_registry.registry.loading import load_catalogue

RULES = load_catalogue().merge_rules
merge = partial(dedupe.merge, rules=RULES)

START = datetime(2026, 5, 1, 5, 30, tzinfo=UTC)
LOCAL = datetime(2026, 5, 1, 7, 30)  # noqa: DTZ001 - a local time


def member(number, parts=("summary",), kinds=None, streams=((), 0), **changes):
    values = {"sport": "Ride", "start_local": LOCAL, "completeness": Completeness(parts=parts)}
    return Member(
        number, (f"c{number}", "x", 0), SourceActivity(**(values | changes)), kinds or {}, *streams
    )


def rich(number, **changes):
    """Return a member that was also made from streams."""
    return member(number, ("summary", "streams"), **changes)


def test_one_member_is_the_activity_without_its_streams():
    """The activity of a single member has its values without the streams, which stay with the
    source activity.
    """
    only = member(7, title="x", streams=(Stream("time", Column.of([0])),))
    merged, origins = merge([only])
    assert (merged.title, merged.streams, origins) == ("x", (), {"": 7})


@pytest.mark.parametrize("parts", [("file",), ("streams",), ("detail",)])
def test_the_member_made_from_the_richest_parts_goes_first(parts):
    """A member made from a file, streams or a detail is preferred to one made from a summary."""
    merged, origins = merge(
        [member(1, distance_m=1.0), member(2, ("summary", *parts), distance_m=2.0)]
    )
    assert (merged.distance_m, origins) == (2.0, {"": 2})


def test_among_equals_the_natural_key_decides():
    """Among equally good members, the natural key decides, in any order of the members."""
    members = [member(number, title=f"t{number}") for number in (3, 1, 2)]
    assert {merge(order)[0].title for order in itertools.permutations(members)} == {"t1"}


TYPED = Provenance("reported", by=BY_THE_ATHLETE)


def recording(number, **changes):
    """Return a member with a file of one hour."""
    return member(number, ("summary", "file"), **({"elapsed_s": 3600.0} | changes))


@pytest.mark.parametrize(
    ("field", "corrected", "recorded"),
    [
        ("distance_m", 14_000.0, 12_888.0),
        ("sport", "Walk", "TrailRun"),
        ("elevation_gain_m", 210.0, 12.0),
        ("training_load", 80.0, 64.0),
    ],
)
def test_a_corrected_value_wins_over_that_of_the_same_recording(field, corrected, recorded):
    """What the athlete corrected at one service is not undone by an uncorrected copy of it."""
    typed = recording(2, provenance={field: TYPED}, **{field: corrected})
    copies = [recording(number, **{field: recorded}) for number in (1, 3)]
    for order in itertools.permutations([typed, *copies]):
        merged, origins = merge(order)
        assert (getattr(merged, field), origins[field]) == (corrected, 2)
        assert merged.provenance[field] == TYPED


def test_the_correction_of_a_part_is_not_that_of_the_workout():
    """A corrected distance of a recording that was cut does not win over the whole one."""
    part = recording(1, elapsed_s=900.0, distance_m=3000.0, provenance={"distance_m": TYPED})
    whole = recording(2, distance_m=12_000.0, kinds={"distance_m": "reported"})
    assert merge([part, whole])[0].distance_m == 12_000.0


@pytest.mark.parametrize("highest", [3.5, 4.5])
def test_no_maximum_is_below_the_average_of_a_corrected_distance(highest):
    """A highest speed that the device measured too low does not come back from a copy."""
    typed = recording(
        1,
        distance_m=14_400.0,
        moving_s=3600.0,
        average_speed_mps=4.0,
        provenance={"distance_m": TYPED},
    )
    copy = recording(2, distance_m=10_800.0, moving_s=3600.0, max_speed_mps=highest)
    merged, origins = merge([typed, copy])
    is_kept = highest > 4.0
    assert merged.average_speed_mps == 4.0
    assert (merged.max_speed_mps, "max_speed_mps" in origins) == (
        highest if is_kept else None,
        is_kept,
    )


def test_what_the_best_lacks_comes_from_another_and_says_so():
    """A value that the best member lacks comes from another member, and the origins name that
    member.
    """
    merged, origins = merge([rich(1), member(2, description="windy", gear=Gear(name="Bike"))])
    assert (merged.description, merged.gear) == ("windy", Gear(name="Bike"))
    assert origins == {"": 1, "description": 2, "gear": 2}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("elevation_gain_m", 0.0),
        ("average_temperature_c", 0.0),
        ("trainer", False),
        ("sub_type", ""),
        ("rpe", 0.0),
    ],
)
def test_zero_is_a_value_and_is_kept(field, value):
    """A zero, a false or an empty text of the best member is not replaced by the value of another
    member.
    """
    merged, origins = merge([rich(1, **{field: value}), member(2, **{field: type(value)(1)})])
    assert (getattr(merged, field), field in origins) == (value, False)


def test_values_that_mean_something_together_come_from_one_member_together():
    """A start never gets another member's time zone, and a power never another member's kind of
    power.
    """
    best = rich(1, timezone="Europe/Berlin", max_watts=900.0, power_kind="estimated")
    other = member(2, start_utc=START, utc_offset_s=7200, average_watts=200.0)
    merged, origins = merge([best, other])
    assert (merged.start_utc, merged.timezone, merged.utc_offset_s) == (START, None, 7200)
    assert (merged.average_watts, merged.max_watts, merged.power_kind) == (200.0, None, None)
    assert origins["start_utc"] == origins["average_watts"] == 2


def test_fields_that_belong_together_are_kept_without_the_first_of_them():
    """If no member has the average power, the weighted power that one member has is kept."""
    loads = (TrainingLoad(40.0, method="heart_rate"),)
    merged, origins = merge(
        [rich(1), member(2, weighted_average_watts=210.0, training_loads=loads)]
    )
    assert (merged.weighted_average_watts, merged.training_loads) == (210.0, loads)
    assert (origins["weighted_average_watts"], origins["training_loads"]) == (2, 2)


def test_claims_links_and_tags_are_joined():
    """The merged activity has every claim, link and tag once, the best member's first."""
    link = Link("self", "https://example.org/1")
    best, other = (
        member(1, claims=("a:1",), tags=("y", "x"), links=(link,)),
        member(2, claims=("b:2", "a:1"), tags=("x",), links=(link,)),
    )
    merged, _ = merge([other, best])
    assert (merged.claims, merged.tags, merged.links) == (("a:1", "b:2"), ("y", "x"), (link,))


def test_a_stub_gives_its_claims_and_nothing_else():
    """The claims of a stub are kept, and none of its values is used."""
    stub = member(
        1,
        ("file",),
        stub=Stub("FG-stub", "terms"),
        title="secret",
        tags=("stub",),
        description="d",
        claims=("strava:9",),
    )
    merged, origins = merge([stub, member(2, claims=("garmin:1",))])
    assert (merged.stub, merged.title, merged.description, merged.tags) == (None, None, None, ())
    assert (merged.claims, origins) == (("garmin:1", "strava:9"), {"": 2})


def test_provenance_is_that_of_the_values_in_use():
    """The provenance of a value is the one stated by the member that supplies the value."""
    best = rich(
        1,
        calories_kcal=500.0,
        provenance={
            "calories_kcal": Provenance("reported", by="watch"),
            "work_j": Provenance("computed"),
        },
    )
    other = member(
        2,
        calories_kcal=1.0,
        metrics={"trimp": 5.0},
        work_j=1.0,
        provenance={
            "calories_kcal": Provenance("reported"),
            "metrics.trimp": Provenance("computed", by="service"),
            "work_j": Provenance("reported"),
        },
    )
    merged, _ = merge([best, other])
    assert merged.provenance == {
        "calories_kcal": Provenance("reported", by="watch"),
        "work_j": Provenance("reported"),
        "metrics.trimp": Provenance("computed", by="service"),
    }


def test_completeness_and_leg_are_those_of_the_best():
    """Completeness, leg and parent come from the best member, because they describe the member
    itself.
    """
    merged, _ = merge([member(1, leg_no=0), rich(2, leg_no=3, parent="file:a")])
    assert (merged.completeness.parts, merged.leg_no, merged.parent) == (
        ("summary", "streams"),
        3,
        "file:a",
    )


# -- the rules of the registry ---------------------------------------------------------------------


def test_what_was_measured_goes_before_what_was_computed_before_what_was_estimated():
    """A reported value is preferred to a computed one, and that to an estimated one, whether the
    source activity or its entry states it.
    """
    file = member(
        1,
        ("file",),
        distance_m=1.0,
        calories_kcal=1.0,
        kinds={"distance_m": "computed"},
        provenance={"calories_kcal": Provenance("estimated")},
    )
    other = member(
        2,
        distance_m=2.0,
        calories_kcal=2.0,
        kinds={"distance_m": "reported", "calories_kcal": "computed"},
    )
    merged, origins = merge([file, other])
    assert (merged.distance_m, merged.calories_kcal) == (2.0, 2.0)
    assert origins == {"": 1, "distance_m": 2, "calories_kcal": 2}


def test_a_cut_file_supplies_nothing_that_a_complete_recording_has():
    """A cut file supplies no value that a complete recording has. A summary does not count as a
    recording, since it may have been typed in.
    """
    cut = member(1, ("file",), elapsed_s=2400.0, distance_m=18_000.0)
    merged, _ = merge([cut, rich(2, elapsed_s=6300.0, distance_m=45_000.0)])
    assert (merged.elapsed_s, merged.distance_m) == (6300.0, 45_000.0)
    merged, _ = merge([cut, member(2, elapsed_s=6300.0, distance_m=45_000.0)])
    assert merged.elapsed_s == 2400.0


def test_a_recording_that_was_never_stopped_is_no_measure():
    """A recording that ran on for a day does not make the other recordings count as cut."""
    merged, _ = merge(
        [
            member(1, ("file",), elapsed_s=1800.0),
            rich(2, elapsed_s=102_732.0),
            rich(3, elapsed_s=1810.0),
        ]
    )
    assert merged.elapsed_s == 1800.0


def test_of_three_clocks_the_one_that_is_off_is_not_used():
    """Of three starts, the one that disagrees is not used, even if it is from a file. Of two that
    disagree, the one from a file is used.
    """
    late, early = (
        member(1, ("file",), start_utc=START + timedelta(hours=1)),
        rich(2, start_utc=START),
    )
    assert (
        merge([late, early, rich(3, start_utc=START + timedelta(seconds=40))])[0].start_utc == START
    )
    assert merge([late, early])[0].start_utc == START + timedelta(hours=1)


def test_power_of_a_meter_goes_before_a_models():
    """Power from a meter is preferred to power from a model, and replaces its maximum and its kind
    as well.
    """
    modeled = rich(1, average_watts=180.0, max_watts=400.0, power_kind="estimated")
    merged, _ = merge([modeled, member(2, average_watts=200.0, power_kind="measured")])
    assert (merged.average_watts, merged.max_watts, merged.power_kind) == (200.0, None, "measured")


@pytest.mark.parametrize(
    "default",
    [
        "",
        "Morning Run",
        "Lauf am Morgen",
        "Lunch Ride",
        "Course à pied le matin",
        "Corsa mattutina",
        "2026-05-01-073000.fit",
        "activity_1234.gpx.gz",
        "Ride",
        "Potsdam Radfahren",
        "Evening Ride 2",
        "Garmin Edge 530",
        "Apple Watch Workout",
        "Forerunner 245 Activity",
        "New Activity",
        "Unbenannt",
        "Sans titre",
        "Innsbruck Running",
        "St. Anton Mountain Biking",
        "Graz Trail Running",
        "My Tracks",
        "Recording 5",
        "Strava",
        "garmin connect",
        "Komoot tour 12345",
        "Track 12",
        "Unnamed",
        "New Track",
        "Aufzeichnung 3",
        "Current Track: 01 JUN 2024 08:00",
    ],
)
def test_a_written_title_is_preferred_to_a_default_one(default):
    """A title that a person wrote is preferred to a default one in any language, to a file name,
    and to the place with the sport.
    """
    best = rich(1, title=default, location=Location(name="Potsdam"))
    assert merge([best, member(2, title="With Ada to the lake")])[0].title == "With Ada to the lake"


@pytest.mark.parametrize(
    "written",
    [
        "Long run with Ada",
        "Ada's birthday ride",
        "10 x 400 m",
        "Berlin Marathon",
        "Zwift - Race: Crit City",
        "Bike fit",
        "My first track session with Ada",
    ],
)
def test_a_written_title_is_recognized(written):
    """A title that a person wrote is recognized, even if it contains the name of a sport or of a
    place.
    """
    assert merge([rich(1, title="Morning Run"), member(2, title=written)])[0].title == written


@pytest.mark.parametrize(
    "field",
    [
        "distance_m",
        "calories_kcal",
        "average_heartrate_bpm",
        "average_cadence_rpm",
        "average_watts",
        "elapsed_s",
    ],
)
def test_a_zero_of_one_source_gives_way_to_a_value_of_another(field):
    """A total of zero in the richest source means "not measured" if another source has a value."""
    merged, origins = merge([rich(1, **{field: 0.0}), member(2, **{field: 210.0})])
    assert (getattr(merged, field), origins[field]) == (210, 2)


def test_a_zero_that_stands_alone_is_kept():
    """A total of zero is kept if no source has another value."""
    members = [rich(1, distance_m=0.0), member(2), member(3, distance_m=0.0)]
    merged, origins = merge(members)
    assert (merged.distance_m, origins) == (0, {"": 1})


def test_zeros_of_values_that_belong_together_give_way_together():
    """A source with an average of zero watts supplies no power if another source has a maximum."""
    merged, _ = merge(
        [rich(1, average_watts=0.0, max_watts=0.0), member(2, average_watts=None, max_watts=640.0)]
    )
    assert (merged.average_watts, merged.max_watts) == (None, 640)


def test_a_zero_that_gave_way_is_among_the_alternatives():
    """The zero that a source states is listed among the values that were not taken."""
    members = [rich(1, distance_m=0.0), member(2, distance_m=2500.0)]
    _, origins = merge(members)
    assert alternatives(members, origins)["distance_m"] == [(1, 0.0)]


def test_a_crop_wins_over_longer_copies_at_other_sources():
    """If the athlete cropped the workout at one service, no value of the complete recording comes
    back from another source, not even one that the cropped copy lacks. Texts are not affected.
    """
    whole = rich(
        1,
        elapsed_s=600.0,
        distance_m=1980.0,
        calories_kcal=150.0,
        laps=(Lap(), Lap()),
        description="windy",
        streams=(("time", "heartrate", "latlng"), 600),
    )
    extent = {"start_s": 300.0, "end_s": 600.0}
    cropped = member(
        2,
        elapsed_s=300.0,
        distance_m=990.0,
        extensions={"crop": extent},
        streams=(("time",), 300),
    )
    merged, origins = merge([whole, cropped])
    assert (merged.elapsed_s, merged.distance_m) == (300, 990)
    assert (merged.calories_kcal, merged.laps, merged.description) == (None, (), "windy")
    assert origins["streams"] == 2


def test_a_source_that_the_athlete_chose_supplies_a_field_that_a_crop_lacks():
    """A source that the athlete chose supplies its value, also beside a crop that has none."""
    whole = rich(1, elapsed_s=600.0, calories_kcal=150.0)
    cropped = member(2, elapsed_s=300.0, extensions={"crop": {"start_s": 300.0, "end_s": 600.0}})
    merged, _ = merge(
        [whole, cropped],
        choices=[Choice("calories_kcal", account="c1")],
    )
    assert (merged.elapsed_s, merged.calories_kcal) == (300, 150)


#: The mark of a crop that keeps the second half of a recording of ten minutes.
CROPPED = {"start_s": 300.0, "end_s": 600.0, "values": {"elapsed_s": 300.0, "distance_m": 990.0}}


def test_a_mark_of_a_crop_is_applied_even_to_an_only_member():
    """The merged activity has the values of the crop, and no value of the whole recording that the
    crop does not have. Its mark has only the extent.
    """
    only = rich(1, elapsed_s=600.0, calories_kcal=150.0, extensions={"crop": CROPPED})
    merged, _ = merge([only])
    assert (merged.elapsed_s, merged.distance_m, merged.calories_kcal) == (300, 990, None)
    assert merged.extensions == {"crop": {"start_s": 300.0, "end_s": 600.0}}


def test_a_crop_that_the_athlete_undid_does_not_count():
    """After an undo, the merge is that of the whole recording, without a mark."""
    values = {"elapsed_s": 600.0, "distance_m": 1980.0, "streams": (("time",), 600)}
    marked = rich(1, **values, extensions={"crop": CROPPED})
    longer = member(2, elapsed_s=605.0, distance_m=1990.0)
    choices = [Choice("crop", value=False)]
    assert merge([marked, longer], choices=choices) == merge([rich(1, **values), longer])


def test_any_other_shorter_copy_does_not_win():
    """A shorter copy that nobody cropped supplies neither the time nor the streams."""
    whole = rich(1, elapsed_s=600.0, streams=(("time",), 600))
    short = rich(2, elapsed_s=300.0, streams=(("time",), 300))
    merged, origins = merge([whole, short])
    assert (merged.elapsed_s, origins) == (600, {"": 1})


#: The names that devices and services give to files, as they become titles.
FILE_NAMES = [
    "2024-06-01-080000-ELEMNT BOLT 7D4A-123-0",  # Wahoo
    "2024-06-01-08-00-00",  # Garmin Edge, Zwift
    "C5SG4213",  # Garmin watches
    "15123456789_ACTIVITY",  # Garmin Connect
    "ann@example.org_15123456789",  # Garmin's archive
    "activity_15123456789",
    "Ann_Example_2024-06-01_08-00-00",  # Polar Flow
    "suuntoapp-Running-2024-06-01T08-00-00Z-track",
    "Move_2024_06_01_08_00_00_Running",  # Suunto Movescount
    "Potsdam Run20240601080000",  # Coros
    "2024-06-01-080000-Outdoor Running-Apple Watch von Ann",  # HealthFit
    "route_2024-06-01_8.00am",  # Apple Health
    "tp-3456789.2024-06-01-08-00-00-123Z.GarminPing.AAAAAGZa",  # TrainingPeaks
    "MyNewActivity-3.8.5",  # MyWhoosh
    "ACTIVE LOG: 01 JUN 2024 08:00",  # Garmin eTrex
    "ann@example.org",
    "3f2b8c1e-90ab-4cde-8f01-23456789abcd",
    "IMG_1234",
    "strava.12345.678",
    "03.05.2026 08:00",
    "2026-05-03",
    "May 3, 2026 8:00 AM",
    "3 mai 2026 à 08:00",
    "3. Mai 2026 um 08:00 Uhr",
    "01-JUN-24 08:00:00 AM",
    "1 June 2024 08:00",
    "Whole gpx",
    "lake_loop_tcx",
]


@pytest.mark.parametrize("name", FILE_NAMES)
@pytest.mark.parametrize("title", ["Round the lake with Ann", "Morning Run", "Trail Run Potsdam"])
def test_the_name_of_a_file_is_the_last_choice_for_a_title(name, title):
    """A title made from a file name, an id or an e-mail address gives way to every other title,
    whichever source it comes from and however rich that source is.
    """
    assert merge([rich(1, title=name), member(2, title=title)])[0].title == title


@pytest.mark.parametrize("order", list(itertools.permutations([1, 2, 3])))
def test_the_name_of_a_file_is_the_last_choice_of_three_sources(order):
    """Where three sources meet, a title that a person wrote wins, then a default one."""
    numbers = dict(zip(("C5SG4213", "Morning Run", "Round the lake"), order, strict=True))
    members = [member(number, title=title) for title, number in numbers.items()]
    assert merge(members)[0].title == "Round the lake"
    assert merge(members[:2])[0].title == "Morning Run"


def test_a_file_may_have_any_name_and_it_stays_the_last_choice():
    """A reader marks a title that it took from the name of the file, so the words of the name do
    not matter.
    """
    mark = {"title": Provenance("estimated", note="the name of the file")}
    best = rich(1, title="Grandmother's birthday", provenance=mark)
    assert merge([best, member(2, title="Lunch Ride")])[0].title == "Lunch Ride"


@pytest.mark.parametrize(
    "written",
    [
        "2024-06-01 parkrun",
        "Tour 2024 with Ann",
        "10000 steps",
        "Everesting 8848",
        "5x1000m",
        "K2",
        "Ride @ Ann's",
        "1:59:40",
        "Track Attack 12",
        "Stage 12 2024",
        "May 3, 2026 with Ann",
        "03.05.2026 parkrun",
    ],
)
def test_a_title_with_numbers_is_not_the_name_of_a_file(written):
    """A title with a date, a distance or a number of a race is better than the name of a file."""
    merged, _ = merge([rich(1, title="activity_15123456789"), member(2, title=written)])
    assert merged.title == written


@pytest.mark.parametrize("piece", ["1", "a@", "2024-06-01", "a@a."])
def test_a_hostile_title_costs_no_time(piece):
    """A title that is built to make patterns slow is compared in no time, at each length."""
    before = time.process_time()
    for repeats in (20, 60, 120, 250, 1_000_000):
        merge([rich(1, title=f"{piece * repeats} x"), member(2, title="Lake")])
    assert time.process_time() - before < 1


def test_the_name_of_a_file_is_better_than_no_title():
    """A title made from the name of a file is kept if no source has another one."""
    assert merge([rich(1, title=""), member(2, title="C5SG4213")])[0].title == "C5SG4213"


def test_an_empty_description_gives_way_to_one():
    """A description is preferred to an empty one."""
    assert (
        merge([rich(1, description=""), member(2, description="windy")])[0].description == "windy"
    )


@pytest.mark.parametrize(
    ("vague", "exact"),
    [
        ({"start_precision": "day"}, {"start_precision": "minute"}),
        ({"start_precision": "minute"}, {}),
        ({}, {"start_utc": START}),
        ({"start_local": None, "start_utc": START}, {"start_utc": START, "start_local": LOCAL}),
    ],
)
def test_the_most_exact_start_is_taken(vague, exact):
    """The start that is most precise is used; of two equally precise ones, the one whose zone is
    known.
    """
    merged, origins = merge([rich(1, **vague), member(2, **exact)])
    assert (origins["start_local"], merged.start_precision) == (
        2,
        exact.get("start_precision", "second"),
    )


def test_a_specific_sport_is_preferred_to_a_general_one():
    """A specific sport such as VirtualRide is preferred to a general one such as Ride."""
    merged, _ = merge(
        [
            rich(1, sport="Ride", sub_type="generic"),
            member(2, sport="VirtualRide", sport_raw="virtual_ride"),
        ]
    )
    assert (merged.sport, merged.sport_raw, merged.sub_type) == (
        "VirtualRide",
        "virtual_ride",
        None,
    )


def test_a_sport_that_the_model_does_not_have_is_an_answer():
    """A sport that a source names is preferred to a general one, though the model calls it Other;
    an ``Other`` of which nobody says what it is gives way.
    """
    named = {"sport": "Other", "sport_raw": "underwater_hockey"}
    ride = rich(1, sport="Ride")
    merged, _ = merge([ride, member(2, **named, provenance={"sport": UNLISTED_SPORT})])
    assert (merged.sport, merged.sport_raw) == ("Other", "underwater_hockey")
    merged, _ = merge([ride, member(2, **named)])
    assert merged.sport == "Ride"


def test_a_timer_that_was_never_stopped_gives_way_to_a_time_in_motion():
    """A file whose timer ran through the stops does not supply the time in motion, unless no other
    source has one.
    """
    timer = rich(1, elapsed_s=2670.0, moving_s=2670.0)
    merged, _ = merge([timer, member(2, elapsed_s=2670.0, moving_s=2631.0)])
    assert merged.moving_s == 2631
    merged, _ = merge([timer, member(2, elapsed_s=2670.0)])
    assert merged.moving_s == 2670


FULL = ("time", "latlng", "heartrate", "watts")


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (
            {"elapsed_s": 3000.0, "streams": (FULL, 3000)},
            {"elapsed_s": 3600.0, "streams": (("time", "latlng"), 3600)},
        ),
        (
            {"elapsed_s": 3600.0, "streams": (("time", "latlng", "grade", "dfa_a1"), 3600)},
            {"elapsed_s": 3590.0, "streams": (FULL, 900)},
        ),
        (
            {"elapsed_s": 3600.0, "streams": (FULL, 700)},
            {"elapsed_s": 3600.0, "streams": (FULL, 3600)},
        ),
    ],
)
def test_streams_are_those_of_one_member_the_longer_the_fuller_the_denser(first, second):
    """The streams come from the member whose recording is the longest, then from the one with the
    most sensor channels, then from the one with the most samples.
    """
    _, origins = merge([rich(1, **first), member(2, **second)])
    assert origins["streams"] == 2


def test_laps_come_with_the_streams_they_point_into():
    """The laps come from the member that supplies the streams, even if another member has more
    laps.
    """
    best = member(1, ("file",), laps=(Lap(), Lap()), elapsed_s=60.0, streams=(("time",), 60))
    other = member(2, laps=(Lap(start_index=5),), elapsed_s=60.0, streams=(FULL, 60))
    merged, origins = merge([best, other])
    assert (merged.laps, origins["laps"], origins["streams"]) == ((Lap(start_index=5),), 2, 2)


def test_laps_of_another_member_than_the_streams_point_at_no_samples():
    """Laps of a member that does not supply the streams lose their indices, which point into that
    member's own samples.
    """
    merged, _ = merge(
        [
            rich(1, streams=(FULL, 60)),
            member(2, laps=(Lap(start_s=1.0, start_index=1, end_index=9),)),
        ]
    )
    assert merged.laps == (Lap(start_s=1.0),)


def test_the_device_with_more_details_is_used():
    """The device with more known details, such as its serial number, is preferred."""
    known = Device(name="Edge 840", manufacturer="garmin", serial="39001")
    assert (
        merge([rich(1, device=Device(name="Edge 840")), member(2, device=known)])[0].device == known
    )


def test_metrics_are_united():
    """The metrics of all members are united; of equal names, the value of the best member is used,
    and the origins name the others.
    """
    merged, origins = merge([rich(1, metrics={"a": 1.0}), member(2, metrics={"a": 2.0, "b": 3.0})])
    assert (merged.metrics, origins) == ({"a": 1.0, "b": 3.0}, {"": 1, "metrics.b": 2})


# -- the choices of the athlete --------------------------------------------------------------------


def test_a_value_that_the_athlete_set_wins():
    """A value that the athlete set takes precedence over every source, and its provenance is the
    athlete.
    """
    merged, origins = merge(
        [rich(1, title="Long run with Ada", distance_m=9.0)],
        choices=[Choice("title", "Our run"), Choice("distance_m", None)],
    )
    assert (merged.title, merged.distance_m) == ("Our run", None)
    assert origins == {"": 1, "title": FieldOrigin.ATHLETE, "distance_m": FieldOrigin.ATHLETE}
    assert merged.provenance["title"] == Provenance("reported", by="athlete")


def test_a_chosen_source_supplies_all_fields_that_belong_together():
    """A source that the athlete chose for one field also supplies the fields that belong to it."""
    first, second = (
        rich(1, average_watts=200.0, max_watts=900.0, power_kind="measured"),
        member(2, average_watts=180.0, power_kind="estimated"),
    )
    merged, origins = merge([first, second], choices=[Choice("average_watts", account="c2")])
    assert (
        merged.average_watts,
        merged.max_watts,
        merged.power_kind,
        origins["average_watts"],
    ) == (180.0, None, "estimated", 2)


def test_a_chosen_source_without_a_value_gives_way_to_the_rules():
    """If the chosen source no longer has a value, the rules decide."""
    choices = [Choice("distance_m", account="c2"), Choice("rpe", account="c9")]
    assert merge([rich(1, distance_m=5.0), member(2)], choices=choices)[0].distance_m == 5.0


def test_streams_come_from_the_source_that_the_athlete_chose():
    """The athlete can choose the source of the streams, which are not a field of the document."""
    members = [
        rich(1, elapsed_s=60.0, streams=(FULL, 60)),
        member(2, elapsed_s=6.0, streams=(("time",), 6)),
    ]
    assert merge(members, choices=[Choice("streams", account="c2")])[1]["streams"] == 2


def test_an_average_speed_comes_from_a_source_with_the_same_distance_and_time():
    """If the distance comes from another source than the speed, a speed is taken whose source has
    that distance.
    """
    best = rich(1, distance_m=0.0, moving_s=600.0, average_speed_mps=3.3)
    other = member(2, distance_m=2500.0, moving_s=600.0, average_speed_mps=4.16)
    merged, origins = merge([best, other])
    assert (merged.distance_m, merged.average_speed_mps) == (2500, 4.16)
    assert origins == {"": 1, "distance_m": 2, "average_speed_mps": 2}


def test_an_average_speed_of_another_distance_or_time_is_computed():
    """If no source has both the distance and the time in use, the speed is computed and marked."""
    best = rich(1, distance_m=0.0, moving_s=500.0, average_speed_mps=0.0)
    other = member(2, distance_m=2500.0, moving_s=800.0, average_speed_mps=3.125)
    merged, origins = merge([best, other])
    assert (merged.distance_m, merged.moving_s, merged.average_speed_mps) == (2500, 500, 5)
    assert origins["average_speed_mps"] == FieldOrigin.COMPUTED
    assert merged.provenance["average_speed_mps"] == COMPUTED_SPEED


def test_an_average_speed_follows_an_edited_distance():
    """If the athlete corrects the distance, the average speed is computed from it."""
    only = rich(1, distance_m=1980.0, moving_s=600.0, average_speed_mps=3.3)
    merged, origins = merge([only], choices=[Choice("distance_m", 2400.0)])
    assert (merged.average_speed_mps, origins["average_speed_mps"]) == (4, FieldOrigin.COMPUTED)
    assert merged.provenance["average_speed_mps"].how == "computed"


def test_an_average_speed_that_the_athlete_set_wins():
    """An average speed that the athlete set is not computed."""
    only = rich(1, distance_m=1980.0, moving_s=600.0)
    choices = [Choice("distance_m", 2400.0), Choice("average_speed_mps", 3.0)]
    assert merge([only], choices=choices)[0].average_speed_mps == 3


def test_alternatives_are_the_values_that_were_not_used():
    """Alternatives are the values of other members that differ from the one in use; stubs have
    none.
    """
    members = [
        rich(1, distance_m=5.0, rpe=3.0, title="x"),
        member(2, distance_m=6.0, rpe=3.0),
        member(3, distance_m=7.0, stub=Stub("FG-stub", "terms")),
    ]
    assert alternatives(members, merge(members)[1]) == {"distance_m": [(2, 6.0)]}


# -- any order -------------------------------------------------------------------------------------

MEMBERS = st.builds(
    lambda parts, kind, channels, changes: (
        parts,
        kind,
        channels,
        {name: value for name, value in changes.items() if value is not None},
    ),
    st.sampled_from([("summary",), ("summary", "detail"), ("summary", "streams"), ("file",)]),
    st.sampled_from(
        [{}, {"distance_m": "computed"}, {"distance_m": "estimated", "average_watts": "reported"}]
    ),
    st.sampled_from([((), 0), (("time", "latlng"), 60), (FULL, 60), (FULL, 3600)]),
    st.fixed_dictionaries(
        {
            "title": st.sampled_from([None, "", "Morning Run", "With Ada"]),
            "sport": st.sampled_from(["Run", "TrailRun", "Other"]),
            "elapsed_s": st.sampled_from([None, 0.0, 100.0, 104.0, 110.0]),
            "distance_m": st.sampled_from([None, 0.0, 5.0, 6.0]),
            "average_watts": st.sampled_from([None, 0.0, 200.0]),
            "power_kind": st.sampled_from([None, "measured", "estimated"]),
            "start_utc": st.sampled_from([None, START]),
            "start_precision": st.sampled_from(["second", "minute"]),
            "laps": st.sampled_from([(), (Lap(start_index=1),), (Lap(), Lap())]),
            "metrics": st.sampled_from([{}, {"a": 1.0}, {"a": 2.0, "b": 0.0}]),
            "claims": st.sampled_from([(), ("a:1",), ("a:1", "b:2")]),
            "stub": st.sampled_from([None, None, Stub("FG-stub", "terms")]),
        }
    ),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(MEMBERS, min_size=1, max_size=4), st.randoms(use_true_random=False))
def test_any_order_of_members_gives_the_same_activity(drawn, random):
    """The order of the members has no influence on the merged activity, and merging again gives the
    same result.
    """
    members = [
        member(number, parts, kinds, streams, **changes)
        for number, (parts, kinds, streams, changes) in enumerate(drawn, 1)
    ]
    choices = [Choice("distance_m", account="c1"), Choice("rpe", 5.0)]
    once = merge(members, choices=choices)
    shuffled = random.sample(members, len(members))
    assert merge(shuffled, choices=choices) == once == merge(members, choices=choices)
