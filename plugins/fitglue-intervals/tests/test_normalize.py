"""The parts of one activity become a source activity with times, values and claims, or
are refused.
"""

from __future__ import annotations

import gzip
import hashlib
from datetime import UTC, datetime

import msgspec
import pytest

from fitglue_intervals import plugin
from fitglue_intervals.extras import MOST_VALUES
from fitglue_intervals.laps import MOST_LAPS
from fitglue_intervals.values import AMOUNTS, NUMBERS
from fitglue_registry.errors import RecordRefused
from fitglue_registry.model import (
    SPORTS,
    Provenance,
    TrainingLoad,
    decode,
    document_schema,
    encode,
    problems,
)
from fitglue_registry.plugin_api import Body, Record

STREAMS = [{"type": "time", "data": [0, 1]}, {"type": "watts", "data": [200, 0]}]


# -- parts -----------------------------------------------------------------------------------------


def test_a_summary_alone_does(normalized):
    """An activity can be normalized from its summary, before its detail has arrived."""
    made = normalized()
    assert (made.title, made.sport, made.completeness.parts) == (
        "Morning ride",
        "Ride",
        ("summary",),
    )


def test_a_detail_alone_does(normalized, activity):
    """An activity can be normalized from its detail, as ``fitglue dev normalize`` does."""
    assert normalized(parts={"summary": None, "detail": activity()}).title == "Morning ride"


def test_the_summary_is_newer_than_the_detail(normalized, activity):
    """The summary wins over an older detail, because a rename does not make the host fetch the
    detail again.
    """
    assert (
        normalized(name="New name", parts={"detail": activity(name="Old name")}).title == "New name"
    )


def test_a_null_in_the_summary_takes_a_value_back(normalized, activity):
    """A null in the summary removes a value of the detail, such as a description that the athlete
    deleted.
    """
    assert (
        normalized(description=None, parts={"detail": activity(description="gone")}).description
        is None
    )


def test_a_key_that_the_summary_lacks_comes_from_the_detail(normalized, activity):
    """A key that the summary does not have comes from the detail."""
    assert normalized(parts={"detail": activity(calories=517)}).calories_kcal == 517


def test_intervals_come_from_the_detail_also_beside_a_null(normalized, activity):
    """Intervals come from the detail, whether the summary lacks them or has a null."""
    interval = {
        "type": "WORK",
        "start_index": 10,
        "end_index": 20,
        "start_time": 12,
        "label": "Lap 1",
        "group_id": "15s@357w",
        "zone": 5,
    }
    [lap] = normalized(
        icu_intervals=None, parts={"detail": activity(icu_intervals=[interval])}
    ).laps
    assert (lap.kind, lap.intensity, lap.label, lap.group, lap.zone) == (
        "interval",
        "work",
        "Lap 1",
        "15s@357w",
        "5",
    )
    assert (lap.start_index, lap.end_index, lap.start_s) == (10, 20, 12.0)


def test_more_laps_than_any_workout_has_are_cut_with_a_remark(normalized, activity):
    """Thousands of intervals, which only a hostile source sends, are cut with a remark."""
    intervals = [{"distance": 1}] * (MOST_LAPS + 1)
    made = normalized(parts={"detail": activity(icu_intervals=intervals)})
    assert len(made.laps) == MOST_LAPS
    assert made.completeness.missing["all laps"] == "the source has 2,001, cut to 2,000"


@pytest.mark.parametrize("key", ["mine", "attachments"])
def test_an_extension_with_thousands_of_values_is_left_out_with_a_remark(normalized, key):
    """A list of thousands of values in a custom field, or in another extension, is left out with a
    remark; smaller ones stay.
    """
    made = normalized(**{key: [{"a": 1}] * MOST_VALUES, "small": [1, 2]})
    assert made.completeness.missing[key] == "the source has 4,000 values, more than 2,000"
    assert made.extensions["custom"] == {"small": [1, 2]}
    assert key not in made.extensions


def test_streams_are_decoded_with_the_record(normalized):
    """Streams become columns of the activity, and 0 W while coasting is a value."""
    made = normalized(parts={"streams": STREAMS})
    assert {stream.type: list(stream.values) for stream in made.streams} == {
        "time": [0.0, 1.0],
        "watts": [200.0, 0.0],
    }


def test_streams_as_the_wire_brought_them_are_unpacked(normalized):
    """Streams that are stored as gzip are unpacked before they are read."""
    body = Body(gzip.compress(b'[{"type":"time","data":[0]}]'), "gzip")
    assert len(normalized(parts={"streams": body}).streams) == 1


def test_broken_streams_do_not_cost_the_record(normalized):
    """Broken streams are left out with a reason, and the activity is kept."""
    made = normalized(parts={"streams": Body(b"\x1f\x8bnothing", "gzip")})
    assert made.streams == ()
    assert "cannot be unpacked" in made.completeness.missing["streams"]


def test_a_part_that_never_came_is_reported_with_its_reason(normalized):
    """The completeness of an activity has the host's reason for a part that is not available."""
    assert normalized(unavailable={"file": "entered by hand"}).completeness.missing == {
        "file": "entered by hand"
    }


# -- the model -------------------------------------------------------------------------------------


def test_the_table_of_amounts_agrees_with_the_model():
    """Exactly the fields that the model requires to be zero or more are protected from negative
    numbers.
    """
    properties = document_schema()["$defs"]["SourceActivity"]["properties"]
    bounded = {
        name
        for name in AMOUNTS | NUMBERS
        if any(kind.get("minimum") == 0 for kind in properties[name]["anyOf"])
    }
    assert bounded == set(AMOUNTS)


def test_zero_is_a_value_and_null_is_absence(normalized):
    """A zero is a value, and a null means the same as a missing key."""
    made = normalized(calories=0, distance=None)
    assert (made.calories_kcal, made.distance_m, made.work_j) == (0.0, None, None)


def test_a_value_that_the_model_cannot_hold_is_left_out_and_reported(normalized):
    """A number that the model cannot hold is left out with a reason, and the activity is kept."""
    made = normalized(calories=-1)
    assert (made.calories_kcal, made.completeness.missing["calories_kcal"]) == (
        None,
        "the source says -1",
    )


@pytest.mark.parametrize("sport", sorted(SPORTS))
def test_every_sport_of_the_api_is_mapped(normalized, sport):
    """Each of the API's sixty types is mapped to a sport of its own."""
    assert (normalized(type=sport).sport, normalized(type=sport).sport_raw) == (sport, sport)


def test_an_unknown_sport_is_kept_by_its_own_name(normalized):
    """A type that the specification does not have is kept under its own name."""
    made = normalized(type="Quidditch")
    assert (made.sport, made.sport_raw) == ("Other", "Quidditch")


@pytest.mark.parametrize(("first", "second"), [(5000, -1), (-1, 5000)])
def test_a_negative_distance_beside_a_distance_is_not_missing(normalized, first, second):
    """If one of the two keys has a distance, a negative number in the other is no remark."""
    made = normalized(icu_distance=first, distance=second)
    assert made.distance_m == 5000
    assert "distance_m" not in made.completeness.missing


def test_a_distance_that_is_negative_everywhere_is_missing(normalized):
    """If no key has a distance, the remark says which number was stated."""
    made = normalized(icu_distance=-1, distance=None)
    assert made.distance_m is None
    assert made.completeness.missing["distance_m"] == "the source says -1"


def test_icu_distance_is_the_one_to_use(normalized):
    """The distance is ``icu_distance``, as the API's data model advises."""
    assert normalized(icu_distance=1000, distance=900).distance_m == 1000
    assert normalized(icu_distance=None, distance=900).distance_m == 900


@pytest.mark.parametrize(("first", "second", "expected"), [(0, 900, 900), (0, 0, 0), (0, None, 0)])
def test_an_icu_distance_of_zero_gives_way_to_a_distance(normalized, first, second, expected):
    """A distance of zero beside another one means "not measured", and is kept if it stands
    alone.
    """
    assert normalized(icu_distance=first, distance=second).distance_m == expected


def test_numbers_that_mean_not_measured_are_left_out(normalized):
    """The invalid values of FIT and negative averages are no measurements, and the completeness
    says what the source has.
    """
    made = normalized(average_heartrate=255, calories=65535, icu_average_watts=-5)
    assert (made.average_heartrate_bpm, made.calories_kcal, made.average_watts) == (None,) * 3
    assert made.completeness.missing == {
        "average_heartrate_bpm": 'the source says 255, which means "not measured"',
        "calories_kcal": 'the source says 65,535, which means "not measured"',
        "average_watts": "the source says -5",
    }


def test_an_average_speed_that_is_missing_is_computed_and_marked(normalized):
    """Without ``average_speed``, the speed is the distance divided by the moving time."""
    made = normalized(average_speed=None, icu_distance=1980, moving_time=600)
    assert made.average_speed_mps == 3.3
    assert made.provenance["average_speed_mps"].how == "computed"


def test_cadence_on_foot_counts_one_leg(normalized):
    """The cadence of a run counts one leg if it can: 72.9 are 146 steps per minute."""
    assert normalized(type="Run", average_cadence=72.9).cadence_per_leg is True
    assert normalized(type="Run", average_cadence=174).cadence_per_leg is False
    assert normalized(type="Walk", average_cadence=110).cadence_per_leg is False
    assert normalized(type="Ride", average_cadence=90).cadence_per_leg is None


def test_stride_is_only_of_foot_sports(normalized):
    """A stride is read only for foot sports, although the API gives rides one, too."""
    assert normalized(type="Run", average_stride=1.05).average_stride_m == 1.05
    assert normalized(type="Run", average_step_length=918).average_stride_m == 0.918
    assert normalized(type="Ride", average_stride=3.5).average_stride_m is None


def test_rpe_and_feel_off_the_scale_go_to_extensions(normalized):
    """A rating that is off its scale is kept in the extensions and not in the model's field."""
    made = normalized(icu_rpe=11, feel=0)
    assert (made.rpe, made.feel, made.extensions["rpe"], made.extensions["feel"]) == (
        None,
        None,
        11.0,
        0.0,
    )


def test_older_exertion_replaces_a_missing_rpe(normalized):
    """If ``icu_rpe`` is missing, ``perceived_exertion`` replaces it, and the provenance says so."""
    made = normalized(perceived_exertion=6)
    assert (made.rpe, made.provenance["rpe"].upstream) == (6.0, "perceived_exertion")


def test_an_rpe_of_zero_gives_way_to_an_older_exertion(normalized):
    """An ``icu_rpe`` of 0 is not on its scale, so a ``perceived_exertion`` is used."""
    made = normalized(icu_rpe=0, perceived_exertion=6.0)
    assert (made.rpe, made.provenance["rpe"].upstream) == (6.0, "perceived_exertion")


def test_watts_of_a_meter_are_measured(normalized):
    """Power is measured if ``device_watts`` is true, even for a run without average watts."""
    assert normalized(device_watts=True, icu_average_watts=131).power_kind == "measured"
    assert normalized(device_watts=True).power_kind == "measured"


@pytest.mark.parametrize("word", [False, None])
def test_watts_without_a_meter_are_estimated_and_marked(normalized, word):
    """Power without ``device_watts`` is marked as estimated in the document and in its
    provenance.
    """
    made = normalized(device_watts=word, icu_average_watts=131)
    assert made.power_kind == "estimated"
    assert made.provenance == {
        "average_watts": Provenance(
            "estimated", upstream="icu_average_watts", note="device_watts is not set"
        )
    }


def test_custom_fields_stay_in_their_corner(normalized):
    """A custom field stays in the extensions even if its name is TSS, and NaN is left out in both
    notations.
    """
    made = normalized(TSS=48.6, PercentWmin="NaN", Color="red")
    assert made.extensions["custom"] == {"TSS": 48.6, "Color": "red"}
    assert made.training_load is None


def test_a_bare_nan_is_nothing(activity):
    """A NaN without quotes, which is not JSON, is a missing value and does not lose the record."""
    body = (
        msgspec.json.encode(activity())[:-1]
        + b',"trimp":NaN,"AerobicEffect":NaN,"decoupling":"NaN"}'
    )
    [made] = plugin.fitglue_normalize(record=Record("i7", "intervals", {"summary": Body(body)}))
    assert (made.metrics, made.extensions) == ({}, {})


def test_text_that_no_store_takes_is_cleaned(normalized):
    """Lone surrogates and NULs become U+FFFD, while emoji and Cyrillic letters stay."""
    assert normalized(name="a\u0000b").title == "a�b"
    body = b'{"id":"i7","start_date":"2026-05-01T05:30:00Z","name":"\\ud83d Lauf \xf0\x9f\x8e\x89"}'
    [made] = plugin.fitglue_normalize(record=Record("i7", "intervals", {"summary": Body(body)}))
    assert made.title == "� Lauf 🎉"
    assert decode(encode(made)) == made


def test_zones_weather_and_meter_are_extensions(normalized):
    """Values without a field of the model are kept in the extensions by name."""
    made = normalized(
        average_weather_temp=17.8,
        power_meter="Assioma",
        icu_hr_zone_times=[1, 2],
        icu_ignore_hr=True,
        oauth_client_id=315,
    )
    assert made.extensions == {
        "weather": {"average_temperature_c": 17.8},
        "power_meter": {"name": "Assioma"},
        "ignored": ["heartrate"],
        "heartrate_zones": {"times_s": [1, 2]},
        "oauth_client": {"id": 315},
    }


# -- training load ---------------------------------------------------------------------------------


def test_the_counted_load_is_marked(normalized):
    """The load that counts is marked, as for a captured swim with pace load 72, heart rate load 40,
    and 40 counted.
    """
    made = normalized(
        icu_training_load=40, pace_load=72, pace_load_type="SWIM", hr_load=40, hr_load_type="HRSS"
    )
    assert made.training_loads == (
        TrainingLoad(40, "heart_rate", "HRSS", "Intervals.icu", True),
        TrainingLoad(72, "pace", "SWIM", "Intervals.icu", False),
    )


@pytest.mark.parametrize(
    ("order", "method"),
    [("HR_POWER_PACE", "heart_rate"), ("POWER_HR_PACE", "power"), (None, "power")],
)
def test_of_equal_loads_the_preferred_one_is_marked(normalized, order, method):
    """Of equal loads, the first in the order of the sport's settings is marked."""
    made = normalized(icu_training_load=41, power_load=41, hr_load=41, tiz_order=order)
    assert [load.method for load in made.training_loads if load.chosen] == [method]


def test_an_edited_load_is_the_athletes(normalized):
    """A load that the athlete typed is one more load, and its provenance says who typed it."""
    made = normalized(icu_training_load=99, power_load=41, icu_training_load_edited=True)
    assert made.training_loads[-1] == TrainingLoad(99, by="athlete", chosen=True)
    assert made.provenance["training_load"].by == "athlete"


def test_a_null_load_is_no_load(normalized):
    """A strength session without heart rate has no load."""
    assert (
        normalized(icu_training_load=None).training_load,
        normalized(icu_training_load=None).training_loads,
    ) == (None, ())


# -- start -----------------------------------------------------------------------------------------


def test_both_starts_and_the_offset_are_kept(normalized):
    """Both starts are kept, and the offset is their difference, because the zone is often blank."""
    made = normalized(timezone="")
    assert (made.start_utc, made.start_local) == (
        datetime(2026, 5, 1, 5, 30, tzinfo=UTC),
        datetime.fromisoformat("2026-05-01T07:30"),
    )
    assert (made.utc_offset_s, made.timezone, made.start_precision) == (7200, None, "second")


def test_a_zone_gives_the_start_that_is_missing(normalized):
    """A missing start is computed from the other one and the zone, and the provenance says so."""
    made = normalized(start_date=None, timezone="Africa/Johannesburg")
    assert (made.start_utc, made.provenance["start_utc"].how) == (
        datetime(2026, 5, 1, 5, 30, tzinfo=UTC),
        "computed",
    )


def test_a_zone_that_nobody_knows_is_reported(normalized):
    """An unknown zone is left out with a reason, and the start is kept."""
    made = normalized(timezone="Mars/Olympus")
    assert (made.timezone, made.utc_offset_s) == (None, 7200)
    assert "Mars/Olympus" in made.completeness.missing["timezone"]


@pytest.mark.parametrize(
    ("starts", "field"),
    [
        (
            {
                "start_date": None,
                "start_date_local": "0001-01-01T00:00:05",
                "timezone": "Asia/Tokyo",
            },
            "start_utc",
        ),
        (
            {
                "start_date": "9999-12-31T23:59:59Z",
                "start_date_local": None,
                "timezone": "Asia/Tokyo",
            },
            "start_local",
        ),
    ],
)
def test_a_start_at_the_end_of_the_calendar_is_left_out_and_reported(normalized, starts, field):
    """A start that cannot be computed at the end of the calendar is left out, and the activity is
    kept.
    """
    made = normalized(**starts)
    assert getattr(made, field) is None
    assert made.completeness.missing[field] == "it would be outside the years 1 to 9999"


@pytest.mark.parametrize("external_id", ["i 1", "\x1b[31mred", "i\u200b1", "i\x7f"])
def test_an_id_that_cannot_be_claimed_is_refused(normalized, external_id):
    """An id with white space, a control character or an invisible one refuses only its row."""
    with pytest.raises(RecordRefused) as caught:
        normalized(id=external_id)
    assert caught.value.code == "FG-payload-invalid"
    assert caught.value.at.field == "$.id"


def test_a_start_beyond_the_calendar_is_refused(normalized):
    """A start whose UTC time is after the year 9999 is refused."""
    with pytest.raises(RecordRefused) as caught:
        normalized(start_date="9999-12-31T23:59:59-12:00")
    assert caught.value.at.field == "$.start_date"


@pytest.mark.parametrize("local", ["2026-05-03T07:30:00", "2026-05-02T01:30:00"])
def test_starts_that_no_zone_explains_have_no_offset(normalized, local):
    """Two starts that are further apart than in any zone are kept without an offset."""
    made = normalized(start_date_local=local)
    assert made.utc_offset_s is None
    assert "more than in any time zone" in made.completeness.missing["utc_offset_s"]


@pytest.mark.parametrize(
    ("changes", "precision"),
    [
        ({"start_date": None, "start_date_local": "2026-05-01T00:00:00"}, "day"),
        ({"start_date_local": "2026-05-01T00:00:00", "source": "MANUAL"}, "day"),
        (
            {"start_date_local": "2026-05-01T12:00:00", "paired_event_id": 7, "start_date": None},
            "day",
        ),
        ({"start_date_local": "2026-05-01T12:00:00", "source": "MANUAL"}, "minute"),
        ({"start_date_local": "2026-05-01T07:30:00", "source": "MANUAL"}, "minute"),
        ({"start_date_local": "2026-05-01T07:30:05", "source": "MANUAL"}, "second"),
        ({"start_date_local": "2026-05-01T00:00:00", "file_type": "fit"}, "second"),
        (
            {
                "start_date_local": "2026-05-01T00:00:00",
                "stream_types": ["time"],
                "start_date": None,
            },
            "second",
        ),
    ],
)
def test_how_exact_the_start_is(normalized, changes, precision):
    """A start that a person typed has no seconds, and a workout marked as done in the calendar has
    no time of day.
    """
    assert normalized(**changes).start_precision == precision


# -- claims ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "claims"),
    [
        ({}, ("intervals:i7",)),
        ({"strava_id": "987"}, ("intervals:i7", "strava:987")),
        ({"strava_id": 987}, ("intervals:i7", "strava:987")),
        (
            {"source": "GARMIN_CONNECT", "external_id": "22543294456"},
            ("intervals:i7", "garmin:22543294456"),
        ),
        (
            {"source": "GARMIN_CONNECT", "external_id": "22543294456", "file_sport_index": 1},
            ("intervals:i7",),
        ),
        ({"source": "GARMIN_CONNECT", "external_id": "file.dat"}, ("intervals:i7",)),
        ({"source": "UPLOAD", "external_id": "22543294456"}, ("intervals:i7",)),
        ({"source": "UPLOAD", "external_id": "Run.gpx"}, ("intervals:i7",)),
        # As gc2everywhere names what it copies from Garmin Connect.
        (
            {"source": "UPLOAD", "external_id": "garmin-22543294456"},
            ("intervals:i7", "garmin:22543294456"),
        ),
        ({"source": "UPLOAD", "external_id": "garmin-edge.fit"}, ("intervals:i7",)),
        (
            {"source": "UPLOAD", "external_id": "fitglue-7Qm2xV0pLw9dTz"},
            ("intervals:i7", "fitglue:fitglue-7Qm2xV0pLw9dTz"),
        ),
        ({"source": "UPLOAD", "external_id": "fitglue-1"}, ("intervals:i7",)),
        (
            {
                "source": "UPLOAD",
                "external_id": "fitglue-7Qm2xV0pLw9dTz",
                "file_sport_index": 1,
            },
            ("intervals:i7",),
        ),
    ],
)
def test_what_an_activity_claims(normalized, changes, claims):
    """The name of a file is not claimed, a Garmin id is claimed only by activities from Garmin and
    by their copies, and legs do not claim the id of their complete workout.
    """
    assert normalized(**changes).claims == claims


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_file_is_claimed_by_its_unpacked_content(normalized, pack):
    """A file and its gzip make the same claim, which includes the number of the leg."""
    made = normalized(file_sport_index=2, parts={"file": pack(b"FIT bytes")})
    assert made.claims[-1] == f"file:sha256:{hashlib.sha256(b'FIT bytes').hexdigest()}#2"


def test_a_broken_file_is_no_claim(normalized):
    """A broken file makes no claim, and the activity is kept."""
    made = normalized(parts={"file": b"\x1f\x8bnothing"})
    assert (made.claims, made.completeness.missing["file"]) == (
        ("intervals:i7",),
        "the file is a broken gzip",
    )


def test_later_legs_name_their_group(normalized):
    """The second and later legs name their group by the upstream id, and by the day if that id is
    only the name of a file.
    """
    assert normalized(source="GARMIN_CONNECT", external_id="99", file_sport_index=2).parent == "99"
    assert (
        normalized(source="UPLOAD", external_id="tri.fit", file_sport_index=2).parent
        == "tri.fit 2026-05-01"
    )
    assert normalized(source="UPLOAD", external_id="tri.fit", file_sport_index=0).parent is None


def test_a_stub_is_kept_with_its_reason_and_claims():
    """A stub becomes a placeholder with its reason and its claims, not an empty activity."""
    body = b'{"id":"987","start_date_local":"2026-05-01T07:30:00","source":"STRAVA","_note":"no"}'
    [made] = plugin.fitglue_normalize(record=Record("987", "intervals", {"summary": Body(body)}))
    assert (made.stub.code, made.sport, made.start_local) == (
        "FG-strava-stub",
        None,
        datetime.fromisoformat("2026-05-01T07:30"),
    )
    assert made.claims == ("intervals:987", "strava:987")
    assert problems(made) == []


def test_a_native_detail_outlives_a_stub_row(normalized, activity):
    """If the summary or the detail is a stub, the other part is used."""
    made = normalized(
        parts={"summary": {"id": "i7", "source": "STRAVA", "_note": "no"}, "detail": activity()}
    )
    assert (made.stub, made.title) == (None, "Morning ride")


def test_a_row_hidden_by_another_source_keeps_the_services_words():
    """A row that is hidden for another reason than Strava's terms keeps the service's own note."""
    body = (
        b'{"id":"9","start_date_local":"2026-05-01T07:30:00","source":"ZEPP","_note":"ZEPP '
        b'activities are hidden"}'
    )
    [made] = plugin.fitglue_normalize(record=Record("9", "intervals", {"summary": Body(body)}))
    assert (made.stub.code, made.claims) == ("FG-hidden-by-source", ("intervals:9",))
    assert "ZEPP activities are hidden" in made.stub.reason


# -- refusals --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"moving_time": "fast"}, "$.moving_time"),
        ({"trainer": "yes"}, "$.trainer"),
        ({"name": 7}, "$.name"),
        ({"tags": "a,b"}, "$.tags"),
        ({"gear": "bike"}, "$.gear"),
        ({"icu_intervals": [{"start_index": "x"}]}, "$.icu_intervals[0].start_index"),
        ({"id": None}, "$.id"),
        ({"id": "a b"}, "$.id"),
        ({"start_date": "2026-04-16T..."}, "$.start_date"),
        ({"start_date": None, "start_date_local": None}, "$.start_date_local"),
    ],
)
def test_a_record_that_makes_no_sense_is_refused_with_its_place(normalized, changes, field):
    """A value of the wrong type is refused with its exact path in the payload."""
    with pytest.raises(RecordRefused) as caught:
        normalized(**changes)
    assert (caught.value.code, caught.value.at.field) == ("FG-payload-invalid", field)
    assert "nothing is lost" in caught.value.fix


def test_a_refusal_says_what_was_found_and_what_is_allowed(normalized):
    """A refusal says what was found and what is allowed, and how many more errors the
    payload has.
    """
    with pytest.raises(
        RecordRefused, match=r"moving_time is 'fast', but must be a number or nothing, and 1 more"
    ):
        normalized(moving_time="fast", trimp="x")


def test_unknown_keys_are_no_reason_to_refuse(normalized):
    """Unknown keys are accepted, because the specification lags behind the service."""
    assert normalized(brand_new={"nested": [1]}).extensions["custom"] == {
        "brand_new": {"nested": [1]}
    }


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"[1]", "a list"),
        (b"7", "a single JSON value"),
        (b"<html>", "not JSON"),
        (b"", "not JSON"),
        (b'{"id":', "not JSON"),
        (
            b'{"status":401,"error":"Auth failed"}',
            "an error response of Intervals.icu: 401 Auth failed",
        ),
        (b"[" * 100_000, "not JSON"),
    ],
)
def test_a_payload_that_is_no_activity_is_named(body, words):
    """The refusal of a payload that is not an activity says what it is instead."""
    with pytest.raises(RecordRefused) as caught:
        plugin.fitglue_normalize(record=Record("i7", "intervals", {"summary": Body(body)}))
    assert words in caught.value.what or body.startswith(b"[1")


def test_a_record_without_summary_and_detail_is_refused():
    """A record that has only streams is refused."""
    with pytest.raises(RecordRefused, match="neither a summary nor a detail"):
        plugin.fitglue_normalize(record=Record("i7", "intervals", {"streams": Body(b"[]")}))


@pytest.mark.parametrize(
    ("start_utc", "start_local", "offset_s"),
    [
        ("2026-10-25T00:40:00Z", "2026-10-25T02:40:00", 7200),  # winter time at 01:00 UTC
        ("2026-03-29T00:40:00Z", "2026-03-29T01:40:00", 3600),  # summer time at 01:00 UTC
    ],
)
def test_the_offset_is_that_of_the_start_on_a_night_when_clocks_change(
    normalized, start_utc, start_local, offset_s
):
    """On a night when the clocks change, the offset is the difference of the two starts, and a
    local start is computed with the offset that the zone has then.
    """
    zone = {"start_date": start_utc, "timezone": "Europe/Zurich"}
    assert normalized(**zone, start_date_local=start_local).utc_offset_s == offset_s
    made = normalized(**zone, start_date_local=None)
    assert (made.start_local, made.utc_offset_s) == (datetime.fromisoformat(start_local), offset_s)


@pytest.mark.parametrize("start", ["2026-10-25T02:40:00", "2026-03-29T02:40:00"])
def test_a_local_start_that_exists_twice_or_never_has_no_utc_time(normalized, start):
    """In the hour that clocks repeat or leave out, no UTC start is computed, and the reason is
    reported.
    """
    made = normalized(start_date=None, start_date_local=start, timezone="Europe/Zurich")
    assert (made.start_utc, made.utc_offset_s) == (None, None)
    assert "clocks change" in made.completeness.missing["start_utc"]


@pytest.mark.parametrize(
    ("local", "zone", "expected", "offset_s"),
    [
        ("2026-05-01T05:30:00", "Europe/Zurich", "07:30", 7200),
        ("2026-05-01T07:30:00", "America/New_York", "01:30", -14400),
        ("2026-05-01T05:30:00", "Asia/Kathmandu", "11:15", 20700),
    ],
)
def test_a_local_start_that_is_not_the_time_in_its_zone_is_computed(
    normalized, local, zone, expected, offset_s
):
    """UTC in the place of the local start is recognized by the stated zone, and marked."""
    made = normalized(start_date="2026-05-01T05:30:00Z", start_date_local=local, timezone=zone)
    assert (f"{made.start_local:%H:%M}", made.utc_offset_s, made.timezone) == (
        expected,
        offset_s,
        zone,
    )
    origin = made.provenance["start_local"]
    assert (origin.how, origin.note) == (
        "computed",
        f"the source states {local[11:16]}, which is not the time in {zone}",
    )


@pytest.mark.parametrize(
    ("local", "zone"),
    [("2026-05-01T05:30:00", "Africa/Abidjan"), ("2026-05-01T07:31:00", "Europe/Zurich")],
)
def test_a_local_start_that_fits_its_zone_is_kept(normalized, local, zone):
    """A local start is kept if it is the time in its zone, apart from rounding."""
    made = normalized(start_date="2026-05-01T05:30:00Z", start_date_local=local, timezone=zone)
    assert made.start_local.isoformat() == local
    assert "start_local" not in made.provenance
