"""What a Garmin archive becomes: summaries in unusual units, and files in nested zips, joined by
their start.
"""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from fitglue_files import plugin
from fitglue_files.testing import listed, places, read_all, read_place
from fitglue_registry.errors import AthleteNeeded, RecordRefused
from fitglue_registry.model import problems
from fitglue_registry.plugin_api import Body, Record, Window

FITNESS, UPLOADS = "DI_CONNECT/DI-Connect-Fitness", "DI_CONNECT/DI-Connect-Uploaded-Files"
START = int(datetime(2026, 5, 3, 6, tzinfo=UTC).timestamp() * 1000)


def summary(external_id: int = 111, begin: int = START, **more: object) -> dict[str, object]:
    return {
        "activityId": external_id,
        "name": "Lake",
        "activityType": "running",
        "userProfileId": 77,
        "beginTimestamp": begin,
        "startTimeGmt": float(begin),
        "startTimeLocal": float(begin + 7_200_000),
        "duration": 3_590_000.0,
        "elapsedDuration": 3_605_000.0,
        "movingDuration": 3_580_000.0,
        "distance": 1_001_250.0,
        "elevationGain": 8_500.0,
        "avgSpeed": 0.279,
        "maxSpeed": 0.45,
        "avgHr": 151.0,
        "maxHr": 172.0,
        "calories": 2941.38,
        "avgRunCadence": 84.5,
        "avgStrideLength": 99.0,
        "deviceId": 3900000001,
        "manufacturer": "GARMIN",
        **more,
    }


def part(*summaries: dict[str, object]) -> bytes:
    return json.dumps([{"summarizedActivitiesExport": list(summaries)}]).encode()


@pytest.fixture
def archive(tmp_path, zipped, connect_to):
    """A function that connects to an archive of these files of summaries and these uploaded
    files.
    """

    def make(*parts: bytes, uploads: dict[str, bytes] | None = None):
        members = {
            f"{FITNESS}/ada_{number * 1000}_summarizedActivities.json": content
            for number, content in enumerate(parts)
        }
        if uploads:
            members[f"{UPLOADS}/UploadedFiles_0-_Part1.zip"] = zipped(None, uploads)
        zipped(
            tmp_path / "garmin.zip",
            members | {"DI_CONNECT/DI-Connect-User/user_profile.json": b"{}"},
        )
        return connect_to(tmp_path / "garmin.zip", entry="garmin-archive")

    return make


def made(listing, file: bytes | None = None):
    parts = {"summary": Body(listing.summary)} | ({"file": Body(file)} if file is not None else {})
    workouts = plugin.fitglue_normalize(record=Record(listing.external_id, "garmin-archive", parts))
    assert [problems(activity) for activity in workouts] == [[]] * len(workouts)
    return workouts


def test_a_summary_is_a_workout_in_the_units_of_the_model(archive):
    """A summary in milliseconds, centimeters, tenths of m/s and 4.19 kcal becomes a workout in our
    units.
    """
    [listing] = listed(archive(part(summary())))
    [activity] = made(listing)
    assert (activity.title, activity.sport, activity.sport_raw) == ("Lake", "Run", "running")
    assert activity.start_utc == datetime(2026, 5, 3, 6, tzinfo=UTC)
    assert (activity.start_local, activity.utc_offset_s) == (
        datetime.fromisoformat("2026-05-03T08:00:00"),
        7200,
    )
    assert (activity.elapsed_s, activity.moving_s, activity.distance_m) == (3605, 3580, 10012.5)
    assert (activity.elevation_gain_m, activity.average_speed_mps, activity.max_speed_mps) == (
        85,
        2.79,
        4.5,
    )
    assert (activity.average_heartrate_bpm, activity.calories_kcal, activity.average_stride_m) == (
        151,
        702,
        0.99,
    )
    assert (activity.average_cadence_rpm, activity.cadence_per_leg) == (84.5, True)
    assert activity.claims == ("garmin:111", "device:3900000001@2026-05-03T06:00:00Z")


@pytest.mark.parametrize(
    ("kind", "sport", "trainer"),
    [
        ("treadmill_running", "Run", True),
        ("indoor_running", "Run", True),
        ("virtual_run", "VirtualRun", None),
        ("trail_running", "TrailRun", None),
    ],
)
def test_only_a_virtual_run_is_virtual(archive, kind, sport, trainer):
    """A run on a treadmill is a run indoors, in no virtual world."""
    [listing] = listed(archive(part(summary(activityType=kind))))
    [activity] = made(listing)
    assert (activity.sport, activity.trainer) == (sport, trainer)


def test_all_parts_of_the_summaries_count_and_each_activity_once(archive):
    """An activity that is in two of several files of summaries is listed once."""
    connection = archive(
        part(summary(1), summary(2, START + 90_000_000)),
        part(summary(2, START + 90_000_000), summary(3)),
    )
    assert sorted(listing.external_id for listing in listed(connection)) == ["1", "2", "3"]


def test_a_summary_is_joined_with_the_file_that_begins_with_it(archive, gpx):
    """A summary is joined with the file that begins at the same time; the file's name does not
    matter.
    """
    connection = archive(
        part(summary(begin=START + 1000), summary(112, START + 90_000_000)),
        uploads={"ada_999.gpx": gpx()},
    )
    joined, other = listed(connection)
    assert (joined.external_id, json.loads(joined.summary)["file"]) == (
        "111",
        hashlib.sha256(gpx()).hexdigest(),
    )
    assert "file" not in json.loads(other.summary)
    records = read_all(connection)
    [missing] = records["112"].unavailable
    assert missing.state == "none"
    [activity] = records["111"].workouts
    assert [activity] == made(joined, records["111"].content)
    assert (activity.title, activity.elapsed_s, activity.average_heartrate_bpm) == ("Lake", 20, 151)
    assert {claim.partition(":")[0] for claim in activity.claims} == {"garmin", "device", "file"}


def test_a_summary_without_a_title_does_not_get_the_name_of_its_file(archive, gpx):
    """The name of an uploaded file contains an e-mail address. A joined workout has no title
    instead, when it is read as well as when it is derived from the stored bytes.
    """
    connection = archive(
        part(summary(name=None)),
        uploads={"ada@example.org_999.gpx": gpx(trk="")},
    )
    [listing] = listed(connection)
    record = read_all(connection)["111"]
    [activity] = record.workouts
    assert activity.title is None
    assert [activity] == made(listing, record.content)


def test_files_are_not_read_without_a_table_that_was_listed(archive, gpx, monkeypatch):
    """A file whose table of summaries cannot be read any more is an error, which the next sync
    repeats, and not a workout without a summary.
    """
    connection = archive(part(summary()), uploads={"a.gpx": gpx()})
    locations = list(plugin.fitglue_list(connection=connection, window=Window()))
    name = f"{FITNESS}/ada_0_summarizedActivities.json"
    path = Path(connection.settings["paths"])
    renamed = name.replace("ada", "bob")
    path.write_bytes(path.read_bytes().replace(name.encode(), renamed.encode()))
    for location in locations:
        with pytest.raises(RecordRefused):
            list(plugin.fitglue_read(connection=connection, location=location))


def test_a_summary_that_vanishes_after_it_was_listed_is_refused_alone(archive):
    """A summary that is no longer in the archive when it is read is available later, under its own
    id and with the reason; the others are workouts.
    """
    connection = archive(part(summary(1), summary(2, START + 9_000_000)))
    [first, second] = sorted(places(connection), key=lambda place: place.external_id)
    archive(part(summary(1)))
    [record] = read_place(connection, second)
    assert (record.listing.external_id, record.workouts) == ("2", [])
    assert (record.listing.unavailable.state, record.listing.unavailable.code) == (
        "later",
        "FG-row-missing",
    )
    assert "workout 2 is no longer in the tables" in record.listing.unavailable.reason
    [kept] = read_place(connection, first)
    assert len(kept.workouts) == 1


def test_a_file_without_a_summary_is_a_record_of_its_own(archive, gpx):
    """A file without a summary is a record of its own, and only once if it is there twice."""
    connection = archive(
        part(summary(begin=START + 600_000)), uploads={"a.gpx": gpx(), "b.gpx": gpx()}
    )
    by_id = read_all(connection)
    content_id = hashlib.sha256(gpx()).hexdigest()
    assert by_id.keys() == {"111", content_id}
    [activity] = by_id[content_id].workouts
    assert activity.start_utc == datetime(2026, 5, 3, 6, tzinfo=UTC)
    assert by_id[content_id].content == gpx()


def test_the_parent_of_a_multisport_event_is_a_group(archive):
    """The summary of a multisport event is a group, and the summaries of its legs are the
    workouts.
    """
    legs = [
        summary(2, parentId=1, activityType="lap_swimming"),
        summary(3, START + 3_700_000, parentId=1, activityType="cycling"),
    ]
    connection = archive(part(summary(1, parent=True, activityType="multi_sport"), *legs))
    activities = [made(listing)[0] for listing in listed(connection)]
    assert sorted((activity.sport, activity.parent) for activity in activities) == [
        ("Ride", "1"),
        ("Swim", "1"),
    ]


def test_a_parent_whose_legs_are_missing_stays_a_workout(archive):
    """The summary of a multisport event whose legs are missing is a workout, so that nothing is
    lost.
    """
    assert [
        listing.external_id
        for listing in listed(archive(part(summary(1, parent=True, activityType="multi_sport"))))
    ] == ["1"]


def test_a_summary_is_kept_verbatim(archive):
    """A summary is kept with all its fields, including those that no version reads yet."""
    [listing] = listed(archive(part(summary(hrTimeInZone_1=60000.0))))
    assert json.loads(listing.summary) == {"activity": summary(hrTimeInZone_1=60000.0)}


def test_half_an_emoji_in_a_name_costs_nothing_else(archive):
    """A name that the service truncated inside an emoji is repaired, and the other summaries are
    read.
    """
    listings = listed(
        archive(part(summary(111, name="Lake \ud83c"), summary(112, begin=START + 9_000_000)))
    )
    assert {listing.external_id: made(listing)[0].title for listing in listings} == {
        "111": "Lake ?",
        "112": "Lake",
    }


def test_a_workout_that_is_its_own_parent_is_a_workout(archive):
    """A summary that names itself as its parent is a workout."""
    assert [
        listing.external_id for listing in listed(archive(part(summary(111, parentId=111))))
    ] == ["111"]


@pytest.mark.parametrize("lasted", ["an hour", None, [], 10**400])
def test_a_summary_with_an_invalid_duration_is_joined_by_its_start(archive, fit, lasted):
    """A summary with an invalid duration is joined with a file by its start."""
    content = fit().file_id().record(0).record(60).session(0, 60).activity(60).content()
    [file] = read_all(archive(uploads={"1.fit": content})).values()
    [activity] = file.workouts
    begin = int(activity.start_utc.timestamp() * 1000)
    [listing] = listed(
        archive(part(summary(111, begin=begin, elapsedDuration=lasted)), uploads={"1.fit": content})
    )
    assert b'"file"' in listing.summary


def test_a_part_that_nests_too_deep_costs_itself(archive):
    """A hostile file of deeply nested JSON is refused, and the other summaries are read."""
    deep = (
        b'[{"summarizedActivitiesExport":[{"activityId":1,"x":'
        + b"[" * 5000
        + b"]" * 5000
        + b"}]}]"
    )
    assert [
        listing.external_id
        for listing in listed(archive(deep, part(summary(111))))
        if listing.unavailable is None
    ] == ["111"]


@pytest.mark.parametrize(
    ("value", "arrives"),
    [
        (b"7" * 5000, ["111", "112", "113"]),
        (b"1e99999", ["111", "112", "113"]),
        (b"NaN", ["111", "112", "113"]),
        (b'"\\ud83c"', ["111", "112", "113"]),
        (b'"]}{[ \\" \\\\"', ["111", "112", "113"]),
        (b"[" * 5000 + b"]" * 5000, ["111", "113"]),
        (b"words", ["111", "113"]),
    ],
    ids=["digits", "exponent", "NaN", "emoji", "brackets", "depth", "no JSON"],
)
def test_a_value_that_no_reader_accepts_costs_only_its_summary(archive, value, arrives):
    """A value that JSON readers refuse becomes empty, or costs its own summary, which is reported;
    all other summaries of the same file arrive.
    """
    content = part(
        summary(111), summary(112, START + 10**8, odd="ODD"), summary(113, START + 10**9)
    )
    rows = listed(archive(content.replace(b'"ODD"', value)))
    assert sorted(row.external_id for row in rows if row.unavailable is None) == arrives
    refused = [row.unavailable.reason for row in rows if row.unavailable is not None]
    assert len(refused) == 3 - len(arrives)
    assert all("1 summary (number 2) in" in reason for reason in refused)


@pytest.mark.parametrize("odd", [b"7" * 5000, b"null", b"{}", b"1e999"])
def test_a_summary_without_a_usable_id_is_reported(archive, odd):
    """A summary whose id cannot be read, or that has none, is reported by its number, and all other
    summaries arrive.
    """
    content = part(summary(111), summary("ODD", START + 10**8), summary(113, START + 10**9))
    rows = listed(archive(content.replace(b'"ODD"', odd)))
    assert {row.external_id for row in rows if row.unavailable is None} >= {"111", "113"}
    refused = [row.unavailable.reason for row in rows if row.unavailable is not None]
    assert len(refused) == 1
    assert "1 summary (number 2) in" in refused[0]


def test_a_file_of_summaries_that_is_cut_off_has_all_before_its_end(archive):
    """Of a file of summaries that is cut off, those before its end arrive, and it is reported."""
    content = part(summary(111), summary(112, START + 10**8))
    rows = listed(archive(content[:-100]))
    assert sorted(row.external_id for row in rows if row.unavailable is None) == ["111"]
    assert [row.unavailable.code for row in rows if row.unavailable] == ["FG-garmin-table"]


def test_the_name_of_a_member_costs_no_time(zipped, tmp_path):
    """Members with names of 60 kB are recognized within five seconds."""
    zipped(
        tmp_path / "x.zip",
        {"a" * 60_000 + ".fit": b"", "UploadedFiles_" * 4000: b"", "a_1_" * 15_000: b""},
    )
    started = time.monotonic()
    plugin.fitglue_recognize(paths=[str(tmp_path / "x.zip")])
    assert time.monotonic() - started < 5


def test_a_broken_part_costs_itself(archive):
    """A damaged file of summaries is refused, and the other files are read."""
    rows = listed(archive(part(summary()), b'[{"summarizedActivitiesExport": [{'))
    intact, damaged = sorted(rows, key=lambda row: row.unavailable is not None)
    assert intact.external_id == "111"
    assert damaged.unavailable.code == "FG-garmin-table"


def test_an_unpacked_archive_is_the_same(tmp_path, connect_to, archive, zipped, gpx):
    """An archive that was unpacked, except for the zips in it, gives the same listings and
    account.
    """
    (tmp_path / "out" / FITNESS).mkdir(parents=True)
    (tmp_path / "out" / FITNESS / "ada_0_summarizedActivities.json").write_bytes(part(summary()))
    (tmp_path / "out" / UPLOADS).mkdir(parents=True)
    zipped(tmp_path / "out" / UPLOADS / "UploadedFiles_0-_Part1.zip", {"a.gpx": gpx()})
    folder, packed = (
        connect_to(tmp_path / "out", entry="garmin-archive"),
        archive(part(summary()), uploads={"a.gpx": gpx()}),
    )
    # A zip states the dates of its members only to two seconds.
    unpacked = [replace(listing, at_source=None) for listing in listed(folder)]
    assert unpacked == [replace(listing, at_source=None) for listing in listed(packed)]
    assert (
        plugin.fitglue_connect(connection=folder).id
        == plugin.fitglue_connect(connection=packed).id
        == "77"
    )


def test_connecting_reports_the_contents(archive, gpx):
    """The notes of the account report activities, multisport events, files, and what is left
    out.
    """
    legs = [summary(2, parentId=1), summary(3, START - 100_000_000_000, parentId=1)]
    connection = archive(
        part(summary(1, parent=True), *legs), uploads={"a.gpx": gpx(), "b.fit": b"no FIT"}
    )
    assert plugin.fitglue_connect(connection=connection).notes == (
        "2 activities, 2023 to 2026; 1 multisport event split into legs.",
        "1 workout file to match with them.",
        "Left out: 1 file that cannot be used (b.fit); each sync reports the reason.",
        "Left out: 1 other file (user_profile.json).",
    )


def test_another_zip_is_no_archive(tmp_path, zipped, connect_to):
    """Connecting to another zip is refused with the code for "not a Garmin archive"."""
    zipped(tmp_path / "a.zip", {"a.gpx": b"<gpx/>"})
    with pytest.raises(AthleteNeeded) as caught:
        plugin.fitglue_connect(connection=connect_to(tmp_path / "a.zip", entry="garmin-archive"))
    assert caught.value.code == "FG-no-garmin-archive"


FIT_EPOCH_S = 631_065_600
T0 = 1_145_000_000


def fit_ms(second: int = 0) -> int:
    """Return a moment of the FIT files in these tests, in milliseconds since 1970."""
    return (T0 + FIT_EPOCH_S + second) * 1000


def test_monitoring_files_are_left_out_without_decoding_them(archive, fit, ride, monkeypatch):
    """The thousands of monitoring files in an archive are left out and counted."""
    monitoring = fit().file_id(32).content()
    connection = archive(
        part(summary(begin=fit_ms())),
        uploads={"ada_1.fit": monitoring, "ada_2.fit": ride, "ada_3.fit": monitoring},
    )
    assert plugin.fitglue_connect(connection=connection).notes[1:] == (
        "1 workout file to match with them.",
        "Left out: 2 FIT files without a workout (monitoring, sleep, settings).",
        "Left out: 1 other file (user_profile.json).",
    )
    [listing] = listed(connection)
    assert (listing.external_id, json.loads(listing.summary)["file"]) == (
        "111",
        hashlib.sha256(ride).hexdigest(),
    )


def triathlon(fit) -> bytes:
    made = fit().file_id()
    for second in range(31):
        made.record(second)
    for start, sport in ((0, 5), (10, 2), (20, 1)):
        made.lap(start).session(start, 10, sport=sport)
    return made.activity(30).content()


def test_each_leg_takes_its_own_part_of_the_file(archive, fit):
    """The summaries of three legs are each joined with their leg of the one multisport file."""
    legs = [
        summary(number, fit_ms(second), elapsedDuration=10_000.0, parentId=1, activityType=kind)
        for number, second, kind in ((2, 0, "lap_swimming"), (3, 10, "cycling"), (4, 20, "running"))
    ]
    connection = archive(
        part(summary(1, fit_ms(), parent=True, activityType="multi_sport"), *legs),
        uploads={"a.fit": triathlon(fit)},
    )
    rows = listed(connection)
    assert sorted(row.external_id for row in rows) == ["2", "3", "4"]
    legs = [activity for row in rows for activity in made(row, triathlon(fit))]
    assert sorted(
        (leg.start_utc.timestamp() * 1000 - fit_ms(), leg.sport, leg.leg_no) for leg in legs
    ) == [(0, "Swim", 0), (10_000, "Ride", 0), (20_000, "Run", 0)]
    assert sorted(
        claim[-2:] for leg in legs for claim in leg.claims if claim.startswith("file:")
    ) == ["#0", "#1", "#2"]
    assert {leg.parent for leg in legs} != {None}


def test_a_summary_of_the_event_without_those_of_the_legs_has_all_legs(archive, fit):
    """A summary of a multisport event without summaries of its legs has all legs of the file, and
    the first leg has its claim.
    """
    whole = summary(1, fit_ms(), elapsedDuration=30_000.0, activityType="multi_sport")
    connection = archive(part(whole), uploads={"a.fit": triathlon(fit)})
    row = next(listing for listing in listed(connection) if listing.external_id == "1")
    legs = made(row, triathlon(fit))
    assert [(leg.leg_no, leg.sport, leg.distance_m) for leg in legs] == [
        (0, "Swim", 30.0),
        (1, "Ride", 30.0),
        (2, "Run", 30.0),
    ]
    assert ["garmin:1" in leg.claims for leg in legs] == [True, False, False]


def test_two_devices_at_once_each_have_their_summary(archive, fit):
    """Of two summaries that begin together, a file is joined with the one of the same device."""
    files = {
        "a.fit": fit().file_id(serial=5).record(0).record(10).session().activity().content(),
        "b.fit": fit().file_id(serial=6).record(0).record(10).session().activity().content(),
    }
    connection = archive(
        part(summary(1, fit_ms(), deviceId=6), summary(2, fit_ms(), deviceId=5)), uploads=files
    )
    joined = {row.external_id: json.loads(row.summary)["file"] for row in listed(connection)}
    assert joined == {
        "1": hashlib.sha256(files["b.fit"]).hexdigest(),
        "2": hashlib.sha256(files["a.fit"]).hexdigest(),
    }


@pytest.mark.parametrize(
    ("start", "local", "offset_s"),
    [
        ("2026-10-25T00:40:00+00:00", "2026-10-25T02:40:00", 7200),  # winter time at 01:00 UTC
        ("2026-03-29T00:40:00+00:00", "2026-03-29T01:40:00", 3600),  # summer time at 01:00 UTC
    ],
)
def test_a_summary_has_the_offset_of_its_start_when_clocks_change(archive, start, local, offset_s):
    """On a night when the clocks change, the offset is the one that the summary states for its
    start.
    """
    begin = int(datetime.fromisoformat(start).timestamp() * 1000)
    row = summary(begin=begin, startTimeLocal=float(begin + offset_s * 1000))
    [listing] = listed(archive(part(row)))
    [activity] = made(listing)
    assert (activity.start_local, activity.utc_offset_s) == (
        datetime.fromisoformat(local),
        offset_s,
    )


@pytest.mark.parametrize("dead", ["1970-01-02", "1989-12-31", "1990-01-01"])
def test_the_start_of_a_clock_that_was_not_set_gives_way_to_the_other_one(archive, dead):
    """Of the two stated starts, one before any watch existed is used only if both are like that."""
    begin = int(datetime.fromisoformat(f"{dead}T00:00Z").timestamp() * 1000)
    rows = [summary(1) | {"beginTimestamp": begin}, summary(2, begin)]
    records = read_all(archive(part(*rows)))
    [corrected] = records["1"].workouts
    [kept] = records["2"].workouts
    assert f"{corrected.start_utc:%Y-%m-%d}" == "2026-05-03"
    assert f"{kept.start_utc:%Y-%m-%d}" == dead


@pytest.mark.parametrize(
    "changes",
    [
        {"activityId": "8" * 700},
        {"activityId": ["odd"]},
        {"beginTimestamp": 10**30, "startTimeGmt": 1e30},
        {"name": "x" * 3_000_000},
        {"elapsedDuration": "9" * 6000},
    ],
    ids=["a long id", "a list as id", "a start far away", "a text of 3 MB", "6,000 digits"],
)
def test_one_absurd_summary_costs_only_itself(archive, changes):
    """A summary with an absurd value is read or refused on its own, and the others are workouts."""
    records = read_all(archive(part(summary(1), summary(5) | changes, summary(2, START + 10**8))))
    assert len(records) == 3
    assert len(records["1"].workouts) == len(records["2"].workouts) == 1
    assert all(len(external_id) <= 100 for external_id in records)
