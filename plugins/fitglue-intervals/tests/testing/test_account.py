"""The generated account resembles a real one, is the same each time, and changes in the ways in
which a real one does.
"""

from __future__ import annotations

import hashlib
import json
from datetime import date, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from fitglue_intervals.testing import Account, History
from fitglue_intervals.testing.bodies import Bodies

pytestmark = pytest.mark.long


@pytest.fixture
def account():
    return Account.generate(count=120)


@pytest.fixture(scope="module")
def life():
    """All rows of a longer account that no test changes."""
    account = Account.generate(count=600)
    return [account.row(id_) for id_ in account.ids()]


def native(account: Account) -> str:
    """Return the newest activity that is neither a stub nor typed in."""
    return next(id_ for id_ in account.ids() if account.row(id_).get("file_type"))


def listed(account: Account) -> bytes:
    """Return all rows as the list endpoint returns them."""
    return Bodies(account).rows(account.ids())


def test_the_same_arguments_give_the_same_bytes():
    """Two accounts with equal arguments return equal bytes for rows, streams and files; another
    seed gives others.
    """
    account, same, other = (
        Account.generate(count=30, seed=seed, distinct_streams=3) for seed in (5, 5, 6)
    )
    assert listed(account) == listed(same) != listed(other)
    assert account.streams(native(account)) == same.streams(native(same))
    assert account.file(native(account)) == same.file(native(same))


def test_the_bytes_are_those_of_every_machine():
    """The rows and streams of a small account are equal on each machine. Their hashes are pinned
    here; renew them when you change how they are generated.
    """
    account = Account.generate(count=12, seed=3, until=date(2026, 11, 20))
    text = listed(account) + json.dumps(account.streams(native(account))).encode()
    assert hashlib.sha256(text).hexdigest()[:16] == "104ba8d084a00a38"


def test_count_is_exact():
    """An account has exactly as many activities as its arguments say, with stubs and the legs of a
    race counted.
    """
    assert [len(Account.generate(count=count).ids()) for count in (0, 1, 14, 500)] == [
        0,
        1,
        14,
        500,
    ]


def test_the_newest_is_on_the_last_day(account):
    """The newest activity is on the last day of the history."""
    assert account.row(account.ids()[0])["start_date_local"][:10] == "2026-11-20"


def test_stubs_are_as_many_as_asked_for():
    """``strava_stubs`` says how many activities came from Strava; by default it is 3 %."""
    accounts = [Account.generate(count=100, strava_stubs=wanted) for wanted in (None, 0, 40)]
    assert [sum(map(account.is_stub, account.ids())) for account in accounts] == [3, 0, 40]


def test_life_has_every_kind(life):
    """A long account has rides, indoor rides, runs, trail runs, swims, strength sessions, hikes,
    yoga and transitions, from many sources.
    """
    kinds = (
        "Ride VirtualRide GravelRide Run VirtualRun TrailRun Swim OpenWaterSwim WeightTraining "
        "Hike Yoga Transition"
    )
    assert set(kinds.split()) <= {row.get("type") for row in life}
    assert {"GARMIN_CONNECT", "UPLOAD", "ZWIFT", "WAHOO", "MANUAL", "OAUTH_CLIENT", "STRAVA"} <= {
        row["source"] for row in life
    }


def test_race_legs_share_their_file(life):
    """The legs of a triathlon share the external id and differ in their position in the file."""
    shared = next(row["external_id"] for row in life if row.get("type") == "Transition")
    race = [row for row in life if row.get("external_id") == shared]
    assert [row["file_sport_index"] for row in race] == [4, 3, 2, 1, 0]


def test_legs_of_a_race_have_the_same_bytes_as_file(account):
    """Each leg of a race has the complete file of the race as its file."""
    legs = [id_ for id_ in account.ids() if account.row(id_).get("file_sport_index")][:2]
    assert account.file(legs[0]) == account.file(legs[1])


def test_local_time_utc_and_zone_agree(life):
    """Local start, UTC start and zone describe the same moment, in summer, in winter and on
    journeys; some rows have no zone.
    """
    zoned = [row for row in life if row.get("timezone")]
    for row in zoned:
        local = datetime.fromisoformat(row["start_date_local"]).replace(
            tzinfo=ZoneInfo(row["timezone"])
        )
        assert local == datetime.fromisoformat(row["start_date"])
    assert len({row["timezone"] for row in zoned}) == 3
    assert len(zoned) < len(life)


def test_manual_activities_start_at_midnight(life):
    """An activity that was typed in starts at 00:00:00 and has no file."""
    manual = [row for row in life if row["source"] == "MANUAL"]
    assert {row["start_date_local"][10:] for row in manual} == {"T00:00:00"}
    assert not any(row["file_type"] for row in manual)


def test_strength_has_no_load(life):
    """A strength session has a heart rate, but neither a distance nor a load."""
    row = next(row for row in life if row.get("type") == "WeightTraining")
    assert row["average_heartrate"]
    assert row["icu_training_load"] is None
    assert "distance" not in row


def test_names_are_not_ascii(life):
    """Names contain emoji, Cyrillic letters, × and ’; descriptions contain line breaks."""
    names = "".join(row.get("name", "") for row in life)
    assert all(sign in names for sign in "🎉×’Б")
    assert any("\n" in (row.get("description") or "") for row in life)


def test_some_custom_field_is_the_text_nan(life):
    """A field that the athlete defined has the text ``NaN`` in some rows."""
    assert "NaN" in {row.get("PercentWmin") for row in life}


def test_nulls_are_written_out_on_some_rows_only(life):
    """A field without a value is null in some rows and missing in others."""
    assert {row.get("kg_lifted", "absent") for row in life if row.get("type") == "Run"} == {
        "absent",
        None,
    }


def test_numbers_are_float32(life):
    """A floating-point number is written with the digits of a float32."""
    assert all(len(str(row["average_speed"])) <= 11 for row in life if row.get("average_speed"))


def test_streams_agree_with_the_row(account):
    """The last time of the streams is the elapsed time of the row, the last distance is its
    distance, and the mean power is its average power.
    """
    id_ = next(id_ for id_ in account.ids() if account.row(id_).get("coasting_time"))
    row, columns = (
        account.row(id_),
        {entry["type"]: entry["data"] for entry in account.streams(id_)},
    )
    assert (columns["time"][-1], columns["distance"][-1]) == (row["elapsed_time"], row["distance"])
    assert sum(columns["watts"]) / len(columns["watts"]) == pytest.approx(
        row["icu_average_watts"], abs=0.5
    )


def test_coasting_is_zero_watts(account):
    """Power is 0, not null, while the athlete coasts."""
    id_ = next(id_ for id_ in account.ids() if account.row(id_).get("coasting_time"))
    watts = next(entry["data"] for entry in account.streams(id_) if entry["type"] == "watts")
    assert 0 in watts
    assert None not in watts


def test_tracks_have_gaps_and_times_have_jumps(account):
    """The recordings of an account include GPS gaps as nulls, recording stops, smart recording,
    custom streams and nested streams.
    """
    streams = [
        entry
        for id_ in account.ids()[:60]
        if not account.is_stub(id_)
        for entry in account.streams(id_)
    ]
    times = [entry["data"] for entry in streams if entry["type"] == "time"]
    steps = {later - sooner for time in times for sooner, later in pairwise(time)}
    assert any(None in entry["data"] for entry in streams if entry["type"] == "latlng")
    assert {1, 2, 7} < steps
    assert max(steps) > 30
    assert any(entry["custom"] for entry in streams)
    assert any(entry["valueTypeIsArray"] for entry in streams)


def test_a_rename_moves_no_date(account):
    """A rename leaves ``icu_sync_date`` and ``analyzed`` unchanged."""
    before = account.row(native(account))
    account.edit(before["id"], name="Renamed")
    assert account.row(before["id"]) == before | {"name": "Renamed"}


def test_a_reanalysis_moves_the_dates(account):
    """A change that analyzes the activity again moves ``icu_sync_date`` and ``analyzed``."""
    before = account.row(native(account))
    account.edit(before["id"], reanalyzed=True, icu_training_load=99)
    after = account.row(before["id"])
    assert {key for key in after if after[key] != before[key]} == {
        "icu_training_load",
        "analyzed",
        "icu_sync_date",
    }


def test_edited_intervals_are_analyzed_again(account):
    """An edit of the intervals changes them, sets ``icu_intervals_edited``, and moves the date of
    analysis.
    """
    before, intervals = account.row(native(account)), account.intervals(native(account))[0]
    account.edit_intervals(before["id"])
    assert len(account.intervals(before["id"])[0]) == len(intervals) - 1
    assert account.row(before["id"])["icu_intervals_edited"]
    assert account.row(before["id"])["analyzed"] > before["analyzed"]


def test_replaced_streams_are_analyzed_again(account):
    """Replaced streams are returned, are listed in ``stream_types``, and move the date
    of analysis.
    """
    before = account.row(native(account))
    account.replace_streams(before["id"], [{"type": "time", "data": [0, 1, 2]}])
    assert account.streams(before["id"]) == [{"type": "time", "data": [0, 1, 2]}]
    assert account.row(before["id"])["stream_types"] == ["time"]
    assert account.row(before["id"])["icu_sync_date"] > before["icu_sync_date"]


def test_a_late_upload_is_created_now_and_starts_in_the_past(account):
    """A late upload is listed at its start in the past, although it is created after everything
    else.
    """
    id_ = account.add("2026-09-01T06:30:00", sport="TrailRun", name="Found on the old watch")
    assert account.records.window("2026-09-01T06:30:00", "2026-09-01T06:30:00") == [id_]
    created = [account.row(other).get("created", "") for other in account.ids() if other != id_]
    assert account.row(id_)["created"] > max(created)


def test_an_unknown_sport_is_refused(account):
    """A late upload of an unknown sport raises an error that lists the known sports."""
    with pytest.raises(ValueError, match="unknown sport 'Quidditch'; expected one of ride"):
        account.add("2026-09-01T06:30:00", sport="Quidditch")


def test_a_deleted_activity_is_gone(account):
    """A deleted activity is neither listed nor found by its id."""
    id_ = native(account)
    account.delete(id_)
    assert id_ not in account.ids()
    assert account.records.present([id_]) == []


@pytest.mark.parametrize("keep", [True, False])
def test_a_native_copy_replaces_or_joins_its_stub(account, keep):
    """A native copy starts at the same time as its stub and has its id as ``strava_id``; the stub
    stays only with ``keep_stub``.
    """
    stub = account.add_strava_stub("2026-10-01T18:00:00")
    copy = account.make_native(stub, keep_stub=keep)
    assert (account.row(copy)["start_date_local"], account.row(copy)["strava_id"]) == (
        "2026-10-01T18:00:00",
        stub,
    )
    assert (stub in account) is keep


def test_only_a_stub_becomes_native(account):
    """An activity that is not a stub cannot become native."""
    with pytest.raises(ValueError, match="not a Strava stub"):
        account.make_native(native(account))


def test_drift_moves_only_volatile_values(account):
    """When days pass, only fitness, weight and resting heart rate change."""
    before = account.row(native(account))
    account.drift()
    after = account.row(before["id"])
    assert {key for key in after if after[key] != before[key]} == {
        "icu_atl",
        "icu_ctl",
        "icu_weight",
        "icu_resting_hr",
    }


def test_a_moved_start_moves_the_row(account):
    """An activity whose start is changed is listed at its new position."""
    id_ = account.ids()[-1]
    account.edit(id_, start_date_local="2026-11-30T10:00:00")
    assert account.ids()[0] == id_


def test_a_crowd_puts_a_long_history_into_fewer_days():
    """The history of a crowd of athletes takes fewer days than that of one athlete, and its ids are
    distinct.
    """
    account, crowd = Account.generate(count=300), Account.from_history(History(count=300, crowd=10))
    numbers = [int(id_[1:]) for id_ in crowd.ids() if not crowd.is_stub(id_)]
    assert (
        crowd.row(crowd.ids()[-1])["start_date_local"]
        > account.row(account.ids()[-1])["start_date_local"]
    )
    assert len(set(numbers)) == len(numbers)
