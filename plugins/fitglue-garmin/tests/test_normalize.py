"""Tests of normalizing: rows and details as source activities."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from syrupy.extensions.json import JSONSnapshotExtension

from fitglue_garmin import plugin
from fitglue_garmin.testing import Leg, Workout
from fitglue_garmin.testing.bodies import detail_of, row_of
from fitglue_garmin.testing.workout import event, utc
from fitglue_registry.errors import RecordRefused
from fitglue_registry.model import problems, to_builtins

PAYLOADS = Path(__file__).parent / "payloads"


def test_a_row_is_enough(normalized, run):
    """The row of the list alone makes a complete workout, with its claim."""
    [activity] = normalized()
    assert (activity.title, activity.sport, activity.sport_raw) == (
        "Oslo Running",
        "Run",
        "running",
    )
    assert activity.start_utc == datetime(2026, 11, 2, 6, 31, 10, tzinfo=UTC)
    assert activity.start_local == datetime.fromisoformat("2026-11-02T07:31:10")
    assert (activity.utc_offset_s, activity.timezone) == (3600, None)
    assert activity.claims == (f"garmin:{run.id}",)
    assert activity.completeness.parts == ("summary",)


def test_a_detail_adds_zone_ratings_and_upload(normalized, run):
    """The detail adds what the list does not have."""
    [activity] = normalized({"summary": row_of(run), "detail": detail_of(run)})
    assert (activity.timezone, activity.rpe, activity.feel) == ("Europe/Oslo", 4.0, 2)
    assert activity.min_heartrate_bpm == 108
    assert activity.extensions["uploaded_at"] == "2026-11-02T07:16:50Z"


@pytest.mark.parametrize("name", ["run", "swim", "strength"])
def test_the_document_of_a_payload(name, snapshot):
    """The document of a payload equals its snapshot in each field."""
    [record] = plugin.offline_records((PAYLOADS / f"{name}.json").read_bytes(), name, None)
    [made] = plugin.fitglue_normalize(record=record)
    assert to_builtins(made) == snapshot(extension_class=JSONSnapshotExtension)


# -- start -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("zone", ["Mars/Olympus", "../../etc/passwd", "", 7, None])
def test_an_unknown_zone_is_left_out(normalized, run, zone):
    """A name that is not of the IANA database is no zone, and no path."""
    detail = detail_of(run)
    detail["timeZoneUnitDTO"] = {"timeZone": zone, "unitKey": zone}
    [activity] = normalized({"summary": row_of(run), "detail": detail})
    assert activity.timezone is None
    assert activity.utc_offset_s == 3600


def test_a_start_only_in_utc_gets_its_local_time_from_the_zone(normalized, run):
    """If a row has no local start, it follows from the zone of the detail."""
    row = row_of(run) | {"startTimeLocal": None}
    detail = detail_of(run)
    del detail["summaryDTO"]["startTimeLocal"]
    [activity] = normalized({"summary": row, "detail": detail})
    assert activity.start_local == datetime.fromisoformat("2026-11-02T07:31:10")


def test_starts_that_are_days_apart_show_no_offset(normalized):
    """Two starts further apart than any zone leave the local one out, with the reason."""
    [activity] = normalized(startTimeLocal="2026-11-05 07:31:10")
    assert activity.start_local is None
    assert "more than in any time zone" in activity.completeness.missing["start_local"]


def test_the_start_of_a_clock_that_was_never_set_gives_way(normalized):
    """A start in 1989 is used only if there is no other."""
    [activity] = normalized(startTimeGMT="1989-12-31 00:00:10")
    assert activity.start_utc == datetime(2026, 11, 2, 6, 31, 10, tzinfo=UTC)


@pytest.mark.parametrize("zone", ["localtime", "posixrules", "Factory"])
def test_a_file_beside_the_zones_is_no_zone(normalized, run, zone):
    """A name that stands for the zone of this machine, or for none, is left out."""
    detail = detail_of(run)
    detail["timeZoneUnitDTO"] = {"timeZone": zone, "unitKey": zone}
    [activity] = normalized({"summary": row_of(run), "detail": detail})
    assert (activity.timezone, activity.utc_offset_s) == (None, 3600)


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Tokyo"])
def test_a_zone_that_contradicts_both_starts_is_left_out(normalized, run, zone):
    """Two starts show the offset; a zone that has another one then is left out with the reason."""
    detail = detail_of(run)
    detail["timeZoneUnitDTO"] = {"timeZone": zone, "unitKey": zone}
    [activity] = normalized({"summary": row_of(run), "detail": detail})
    assert (activity.timezone, activity.utc_offset_s) == (None, 3600)
    assert zone in activity.completeness.missing["timezone"]


def test_a_corrected_local_start_wins_over_a_clock_that_was_never_set(normalized):
    """Of a start in 1989 and a plausible one, only the plausible one is used."""
    never_set = {"startTimeGMT": "1989-12-31 00:00:10", "beginTimestamp": None}
    [activity] = normalized(**never_set)
    assert activity.start_utc is None
    assert activity.start_local.isoformat() == "2026-11-02T07:31:10"


@pytest.mark.parametrize("start", ["2026-11-02T07:31:10+01:00", "2026-11-02T06:31:10Z"])
def test_an_offset_in_a_time_counts(normalized, start):
    """A start that is written with an offset is converted to UTC."""
    [activity] = normalized(startTimeGMT=start)
    assert activity.start_utc == datetime(2026, 11, 2, 6, 31, 10, tzinfo=UTC)


def test_a_workout_without_a_start_is_refused(normalized):
    """A row without any start goes to quarantine."""
    with pytest.raises(RecordRefused) as raised:
        normalized(startTimeGMT=None, startTimeLocal=None, beginTimestamp=None)
    assert raised.value.code == "FG-payload-invalid"


def test_the_start_of_a_typed_workout_is_known_to_the_minute(normalized):
    """A person types no seconds."""
    changes = {"startTimeGMT": "2026-11-02 06:31:00", "startTimeLocal": "2026-11-02 07:31:00"}
    [activity] = normalized(isManualActivity=True, **changes)
    assert activity.start_precision == "minute"


# -- values ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rating", "rpe"),
    [(0, None), (10, 1.0), (55, 5.5), (100, 10.0), (101, None), (-1, None), (7, None)],
)
def test_exertion_is_counted_to_a_hundred(normalized, detail, rating, rpe):
    """A rating from 10 to 100 becomes 1 to 10; 0 is no rating, and others are off the scale."""
    [activity] = normalized({"detail": detail(directWorkoutRpe=rating)})
    assert activity.rpe == rpe
    assert ("rpe" in activity.completeness.missing) == (rating in (101, -1, 7))


@pytest.mark.parametrize(
    ("unit", "meters"), [("yards", 22.86), ("yard", 22.86), ("feet", 7.62), ("meters", 25.0)]
)
def test_the_unit_of_a_pool_may_be_written_in_the_plural(normalized, detail, unit, meters):
    """The length of a pool is converted from each spelling of its unit."""
    pool = detail(poolLength=25.0, unitOfPoolLength={"unitKey": unit})
    [activity] = normalized({"detail": pool})
    assert activity.pool_length_m == pytest.approx(meters)


def test_negative_loads_and_zones_are_left_out(normalized):
    """A load, an intensity, a zone or a best value below zero makes no sense."""
    negative = {"trainingStressScore": -3, "intensityFactor": -1, "hrTimeInZone_1": -5}
    [activity] = normalized(**negative, maxAvgPower_60=-3)
    assert (activity.training_load, activity.training_loads) == (None, ())
    assert activity.intensity_pct is None
    assert -5.0 not in activity.extensions.get("heartrate_zones", {}).get("times_s", [])
    assert "60" not in activity.extensions.get("best_power_watts", {})


@pytest.mark.parametrize(("rating", "feel"), [(0, 5), (25, 4), (50, 3), (75, 2), (100, 1)])
def test_feeling_is_counted_from_a_hundred(normalized, detail, rating, feel):
    """A feeling from 100 (very strong) to 0 becomes 1 to 5."""
    [activity] = normalized({"detail": detail(directWorkoutFeel=rating)})
    assert activity.feel == feel


@pytest.mark.parametrize(("steps", "per_leg"), [(168.4, False), (84.0, True), (115.0, False)])
def test_a_running_cadence_says_whether_it_counts_one_leg(normalized, steps, per_leg):
    """The value says whether it counts one leg, and the documentation decides in between."""
    [activity] = normalized(averageRunningCadenceInStepsPerMinute=steps)
    assert (activity.average_cadence_rpm, activity.cadence_per_leg) == (steps, per_leg)


@pytest.mark.parametrize(("event_type", "race"), [("race", True), ("training", None), (None, None)])
def test_the_type_of_the_event_says_whether_it_was_a_race(normalized, event_type, race):
    """Only the event type of a race makes a race; other types are kept as they are."""
    [activity] = normalized(eventType=event_type and {"typeKey": event_type})
    assert (activity.race, activity.extensions.get("event_type")) == (race, event_type)


def test_private_names_and_pictures_are_not_in_the_document(normalized, run):
    """Names and pictures of the owner, likes and comments reach no field and no extension."""
    [activity] = normalized(
        activityLikeFullNames=["Bob Secret"],
        comments=[{"text": "Nice run, says Bob Secret", "displayName": "bob-secret"}],
    )
    text = json.dumps(to_builtins(activity))
    for private in ("Ada", "ada-nordmann", "amazonaws", "Secret", "bob"):
        assert private not in text


def test_zones_bests_and_exercises_are_extensions(normalized):
    """Zones, best power, fastest splits and exercises are kept with their units."""
    [activity] = normalized(
        hrTimeInZone_1=600.0,
        hrTimeInZone_3=900.0,
        hrTimeInZone_2=None,
        powerTimeInZone_1=10.0,
        maxAvgPower_60=301,
        fastestSplit_1000=242.5,
        summarizedExerciseSets=[
            {
                "category": "SQUAT",
                "sets": 3,
                "reps": 30,
                "volume": 1_800_000,
                "maxWeight": 60_000,
                "duration": 250_000.0,
            }
        ],
    )
    kept = activity.extensions
    assert kept["heartrate_zones"] == {"times_s": [600.0, 0.0, 900.0]}
    assert kept["power_zones"] == {"times_s": [10.0]}
    assert (kept["best_power_watts"], kept["fastest_s_by_m"]) == ({"60": 301.0}, {"1000": 242.5})
    [exercise] = kept["exercises"]
    assert (exercise["volume_kg"], exercise["max_weight_kg"]) == (1800.0, 60.0)
    assert exercise["duration_s"] == 250.0


def test_a_position_in_the_chinese_system_is_left_out(normalized, run):
    """A position that is shifted by some hundred meters is not taken for a true one."""
    row = row_of(run) | {"startLatitude": 31.2, "startLongitude": 121.4}
    detail = detail_of(run)
    detail["metadataDTO"]["gcj02"] = True
    [activity] = normalized({"summary": row, "detail": detail})
    assert (activity.location.name, activity.location.latitude_deg) == ("Oslo", None)
    assert "GCJ-02" in activity.completeness.missing["location"]


@pytest.mark.parametrize("odd", ["x", [], {}, True, 1e300, -5.0])
def test_an_odd_value_costs_only_itself(normalized, odd):
    """A value of a wrong type or size is left out, and the rest of the row is used."""
    [activity] = normalized(distance=odd, averageHR=odd, calories=odd)
    assert (activity.distance_m, activity.average_heartrate_bpm) == (None, None)
    assert activity.elapsed_s == 2500


ODD = (None, [], {}, "x", "", True, -1, 0, 1e308, 10**400, [[1]], {"typeKey": []}, [{"a": []}])


@pytest.mark.parametrize("odd", ODD, ids=repr)
def test_no_value_of_a_row_or_a_detail_is_a_bug(normalized, run, odd):
    """Whatever is in any place of a row or a detail, the result is valid, or the record refused."""
    row = row_of(run) | {"summarizedExerciseSets": [], "splitSummaries": [], "hrTimeInZone_9": 1}
    detail = detail_of(run)
    payloads = [({**row, key: odd}, detail) for key in row]
    payloads += [(row, {**detail, key: odd}) for key in detail]
    for section in ("summaryDTO", "metadataDTO", "timeZoneUnitDTO"):
        for key in detail[section]:
            payloads.append(({"activityId": 7}, detail | {section: {**detail[section], key: odd}}))
    payloads.append(({**row, "activityType": {"typeKey": odd, "parentTypeId": odd}}, detail))
    payloads.append((row | {"fitglue_legs": [odd, {"activityId": 8, "startTimeGMT": odd}]}, detail))
    for summary, changed in payloads:
        try:
            made = normalized({"summary": summary, "detail": changed})
        except RecordRefused:
            continue
        assert [problems(activity) for activity in made] == [[]]


@pytest.mark.parametrize("content", [b"", b"[]", b"null", b"{", b'"x"'])
def test_a_payload_that_is_no_object_is_refused(normalized, content):
    """Anything but a JSON object goes to quarantine."""
    with pytest.raises(RecordRefused):
        normalized({"summary": content})


def test_characters_that_no_store_accepts_are_replaced(normalized):
    """NUL and halves of emojis in a title are replaced."""
    known = b'"activityId": 7, "startTimeGMT": "2026-11-02 06:31:10"'
    content = b'{%s, "activityName": "a\\u0000\\ud83d"}' % known
    [activity] = normalized({"summary": content})
    assert activity.title == "a\ufffd\ufffd"


# -- events ----------------------------------------------------------------------------------------

RACE = event(
    500,
    utc("2026-06-14T07:00:00"),
    (("open_water_swimming", 1500), ("road_biking", 3600), ("running", 2400)),
)


def parts_of(workout, *, rows=True, details=True):
    """Return the parts of an event, with the rows or details of its legs."""
    summary = row_of(workout)
    detail = detail_of(workout)
    if rows:
        summary["fitglue_legs"] = [row_of(workout, leg) for leg in workout.legs]
    if details:
        detail["fitglue_legs"] = [detail_of(workout, leg) for leg in workout.legs]
    return {"summary": summary, "detail": detail}


@pytest.mark.parametrize(("rows", "details"), [(True, True), (True, False), (False, True)])
def test_the_legs_of_an_event_are_workouts_and_the_event_is_a_group(normalized, rows, details):
    """An event becomes its legs, from their rows, their details, or both; it is no workout."""
    legs = normalized(parts_of(RACE, rows=rows, details=details))
    assert [(leg.leg_no, leg.sport, leg.parent) for leg in legs] == [
        (0, "OpenWaterSwim", "500"),
        (1, "Ride", "500"),
        (2, "Run", "500"),
    ]


def test_the_first_leg_also_claims_the_id_of_the_event(normalized):
    """Intervals.icu knows the first leg by the id of the event, and the archive by its own."""
    legs = normalized(parts_of(RACE))
    assert [leg.claims for leg in legs] == [
        ("garmin:501", "garmin:500"),
        ("garmin:502",),
        ("garmin:503",),
    ]


def test_a_leg_that_makes_no_sense_costs_only_itself(normalized):
    """A leg without a start is left out, and the first of the others says so."""
    parts = parts_of(RACE, details=False)
    ride = parts["summary"]["fitglue_legs"][1]
    ride |= {"startTimeGMT": None, "startTimeLocal": None, "beginTimestamp": None}
    legs = normalized(parts)
    assert [(leg.leg_no, leg.sport) for leg in legs] == [(0, "OpenWaterSwim"), (2, "Run")]
    assert "has no start" in legs[0].completeness.missing["leg 2"]


def test_an_event_whose_legs_are_unknown_is_a_workout(normalized):
    """An event without legs in the list and the detail is a workout, so that nothing is lost."""
    [activity] = normalized({"summary": row_of(RACE)})
    assert (activity.sport, activity.sport_raw, activity.elapsed_s) == (
        "Other",
        "multi_sport",
        7500,
    )


def test_the_order_of_the_detail_decides_about_the_numbers_of_legs(normalized):
    """The numbers of legs follow the order in the detail, whatever the order of their rows is."""
    parts = parts_of(RACE)
    parts["summary"]["fitglue_legs"].reverse()
    assert [leg.claims[0] for leg in normalized(parts)] == [
        "garmin:501",
        "garmin:502",
        "garmin:503",
    ]


def test_a_saved_page_of_the_list_is_read_without_a_connection(run):
    """A saved list has a record for each row, and a saved detail one."""
    page = json.dumps([row_of(run), row_of(Workout(Leg(8, utc("2026-11-03T08:00:00"))))]).encode()
    records = plugin.offline_records(page, "page.json", None)
    assert [record.external_id for record in records] == [str(run.id), "8"]
    [record] = plugin.offline_records(json.dumps(detail_of(run)).encode(), "detail.json", None)
    assert list(record.parts) == ["detail"]


@pytest.mark.parametrize("content", [b"GIF89a", b"[", b"[1]", b"7"])
def test_a_file_that_is_no_payload_is_refused(content):
    """A file that is no payload of the API is refused by its name."""
    with pytest.raises(RecordRefused) as raised:
        plugin.offline_records(content, "saved.json", None)
    assert (raised.value.code, "saved.json" in raised.value.what) == ("FG-not-an-activity", True)
