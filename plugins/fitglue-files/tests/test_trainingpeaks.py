"""What the exports of TrainingPeaks become: rows without id, time or file name, and files that may
belong to them.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
from datetime import datetime

import pytest

from fitglue_files import plugin
from fitglue_files.testing import listed, places, read_all, read_place
from fitglue_registry.errors import AthleteNeeded, RecordRefused
from fitglue_registry.model import problems
from fitglue_registry.plugin_api import Body, Record

HEADER = [
    "Title",
    "WorkoutType",
    "WorkoutDescription",
    "PlannedDuration",
    "PlannedDistanceInMeters",
    "WorkoutDay",
    "CoachComments",
    "DistanceInMeters",
    "PowerAverage",
    "PowerMax",
    "Energy",
    "AthleteComments",
    "TimeTotalInHours",
    "VelocityAverage",
    "VelocityMax",
    "CadenceAverage",
    "CadenceMax",
    "HeartRateAverage",
    "HeartRateMax",
    "TorqueAverage",
    "TorqueMax",
    "IF",
    "TSS",
    "Rpe",
    "Feeling",
]


def row(
    day: str = "2026-04-12", hours: float | str = 0.5, kind: str = "Bike", **more: str
) -> dict[str, str]:
    return {
        "Title": "Tempo",
        "WorkoutType": kind,
        "WorkoutDay": day,
        "TimeTotalInHours": str(hours),
        "DistanceInMeters": "15000",
        "PowerAverage": "210",
        "Energy": "378",
        "HeartRateAverage": "140",
        "IF": "0.84",
        "TSS": "36",
        "Rpe": "6",
    } | more


def planned(day: str, kind: str = "Bike", **more: str) -> dict[str, str]:
    """Return a row with a plan for a workout."""
    return {
        "Title": "Tempo",
        "WorkoutType": kind,
        "WorkoutDescription": "3 x 10 min",
        "PlannedDuration": "1.5",
        "PlannedDistanceInMeters": "40000",
        "WorkoutDay": day,
        "CoachComments": "2024 is your year",
    } | more


def table(*rows: dict[str, str]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, HEADER)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


@pytest.fixture
def exports(tmp_path, zipped, connect_to):
    """A function that connects to a folder with an export of these rows and one of these files."""

    def make(*rows: dict[str, str], files: dict[str, bytes] | None = None, year: int = 2026):
        zipped(tmp_path / f"WorkoutExport-Ada-{year}.zip", {"workouts.csv": table(*rows)})
        zipped(
            tmp_path / f"WorkoutFileExport-Ada-{year}.zip",
            {name: gzip.compress(content) for name, content in (files or {}).items()},
        )
        return connect_to(tmp_path, entry="trainingpeaks-archive")

    return make


def recorded(fit, seconds: int = 1800, start: int = 0, sport: int = 2) -> bytes:
    """Return a file of one workout on April 13, 2026, at 06:53 local time."""
    return (
        fit()
        .file_id()
        .record(start)
        .record(start + seconds)
        .session(start, seconds, sport=sport)
        .activity(start + seconds)
        .content()
    )


def made(listing, file: bytes | None = None):
    parts = {"summary": Body(listing.summary)} | ({"file": Body(file)} if file is not None else {})
    workouts = plugin.fitglue_normalize(
        record=Record(listing.external_id, "trainingpeaks-archive", parts)
    )
    assert [problems(activity) for activity in workouts] == [[]] * len(workouts)
    return workouts


def day_of(fit) -> str:
    """Return the local day of the FIT files in these tests."""
    from fitglue_formats import activities

    [activity] = activities(recorded(fit))
    return f"{activity.start_local:%Y-%m-%d}"


def test_a_row_is_a_workout_of_a_day(exports):
    """A row becomes a workout whose start is a day, because the table has no time of day."""
    [listing] = listed(exports(row(AthleteComments="good", CoachComments="well done")))
    [activity] = made(listing)
    assert (activity.start_local, activity.start_precision, activity.start_utc) == (
        datetime.fromisoformat("2026-04-12"),
        "day",
        None,
    )
    assert (activity.title, activity.sport, activity.moving_s, activity.distance_m) == (
        "Tempo",
        "Ride",
        1800,
        15000,
    )
    assert (
        activity.average_watts,
        activity.work_j,
        activity.intensity_pct,
        activity.training_load,
    ) == (210, 378_000, 84, 36)
    assert (activity.notes, activity.rpe) == ("good\n\nwell done", 6)


def test_planned_workouts_are_left_out_and_counted(exports):
    """A row without any result is a plan; it is left out and counted."""
    connection = exports(
        row(),
        planned("2026-04-13"),
        planned("2026-04-14", TimeTotalInHours="0", DistanceInMeters="0.0", Rpe="0"),
        planned("2026-04-15", AthleteComments="was ill for 3 days"),
        planned("2026-04-16", kind="Day Off", Feeling="4", Rpe="2"),
    )
    assert len(listed(connection)) == 1
    assert plugin.fitglue_connect(connection=connection).notes[:3] == (
        "1 workout in 1 table, 2026.",
        "0 files to match with them, by day and duration.",
        "Left out: 4 planned workouts without any result, 1 of them with a comment.",
    )


def test_a_comment_shows_that_an_unplanned_workout_took_place(exports):
    """A row that nobody planned and that has a comment of the athlete is a workout; a day off is
    none.
    """
    unplanned = {"Title": "Climbing", "WorkoutDay": "2026-04-13", "AthleteComments": "with Ann"}
    connection = exports(
        unplanned | {"WorkoutType": "Strength"},
        unplanned | {"WorkoutType": "Day Off"},
        unplanned | {"WorkoutType": "Run", "PlannedDuration": "1"},
    )
    [listing] = listed(connection)
    assert made(listing)[0].sport == "WeightTraining"


@pytest.mark.parametrize(
    ("day", "other"),
    [("4/13/2026", "4/12/2026"), ("13.04.2026", "12.04.2026"), ("13/04/2026 0:00", "12/04/2026")],
)
def test_a_day_that_a_spreadsheet_wrote_is_read(exports, day, other):
    """A table that a spreadsheet saved again has its days in the order of a language, and the rows
    stay the same records.
    """
    again = listed(exports(row(day), row(other)))
    assert [made(listing)[0].start_local.day for listing in again] == [13, 12]
    before = listed(exports(row("2026-04-13"), row("2026-04-12")))
    assert [listing.external_id for listing in again] == [listing.external_id for listing in before]


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("TimeTotalInHours", "0.5"),
        ("DistanceInMeters", "1500"),
        ("Rpe", "6"),
        ("Feeling", "3"),
        ("HeartRateAverage", "131"),
        ("PowerMax", "640"),
        ("TSS", "40"),
        ("Energy", "700"),
    ],
)
def test_a_workout_with_any_result_took_place(exports, column, value):
    """A workout took place if any column has a result, also if its duration is empty."""
    [listing] = listed(exports(planned("2026-04-13", **{column: value})))
    [activity] = made(listing)
    assert activity.moving_s == (1800 if column == "TimeTotalInHours" else None)
    assert activity.start_local == datetime.fromisoformat("2026-04-13")


def test_a_plan_beside_a_workout_does_not_change_its_identity(exports):
    """A workout without a duration keeps its id when a plan of the same day is removed."""
    done = planned("2026-04-13", kind="Strength", Rpe="7")
    plan = planned("2026-04-13", kind="Strength")
    [with_plan] = listed(exports(plan, done))
    [without] = listed(exports(done))
    assert with_plan.external_id == without.external_id


def test_a_row_without_a_duration_is_not_joined_with_a_file(exports, fit):
    """A row without a duration and a file of its day are separate records, because only equal
    durations make a join certain.
    """
    connection = exports(planned(day_of(fit), Rpe="7"), files={"a.fit.gz": recorded(fit)})
    assert len(listed(connection)) == 2


def test_a_row_takes_the_file_of_its_day_and_duration(exports, fit):
    """A row is joined with the only file of its day and duration."""
    connection = exports(row(day_of(fit)), row("2026-04-01"), files={"a.fit.gz": recorded(fit)})
    joined = next(
        listing for listing in listed(connection) if "file" in json.loads(listing.summary)
    )
    [activity] = read_all(connection)[joined.external_id].workouts
    assert (activity.title, activity.start_precision, activity.training_load) == (
        "Tempo",
        "second",
        36,
    )
    assert activity.start_utc is not None
    kinds = {claim.partition(":")[0] for claim in activity.claims}
    assert kinds == {"trainingpeaks", "file", "device"}
    assert len(listed(connection)) == 2


@pytest.mark.parametrize("case", ["two rows", "another duration", "another sport", "another day"])
def test_an_uncertain_join_is_not_made(exports, fit, case):
    """A row and a file are separate records if the file may belong to another row, or if duration,
    sport or day differ.
    """
    day = day_of(fit)
    rows = {
        "two rows": [row(day), row(day)],
        "another duration": [row(day, 0.6)],
        "another sport": [row(day, kind="Swim")],
        "another day": [row("2026-03-01")],
    }.get(case, [row(day)])
    files = {"a.fit.gz": recorded(fit)}
    listings = listed(exports(*rows, files=files))
    summaries = [json.loads(listing.summary) for listing in listings]
    assert not any("workout" in summary and "file" in summary for summary in summaries)
    assert len(summaries) == len(rows) + len(files)


def test_a_row_takes_only_one_of_two_files(exports, fit):
    """Of two files of the day and duration of a row, one is joined with it, and the other is a
    record of its own.
    """
    files = {"a.fit.gz": recorded(fit), "b.fit.gz": recorded(fit, start=7200)}
    summaries = [json.loads(row.summary) for row in listed(exports(row(day_of(fit)), files=files))]
    assert sorted("workout" in summary for summary in summaries) == [False, True]


def test_several_years_are_one_connection_and_a_row_of_two_exports_is_one(exports):
    """Exports of several years are one connection, and a row that is in two of them is one
    record.
    """
    exports(row("2025-12-30"), row("2025-12-31"), year=2025)
    connection = exports(row("2025-12-31"), row("2026-01-01"), year=2026)
    external_ids = [listing.external_id for listing in listed(connection)]
    assert len(set(external_ids)) == len(external_ids) == 3
    assert plugin.fitglue_connect(connection=connection).id == "trainingpeaks"


def test_two_equal_rows_of_a_day_are_two(exports):
    """Two equal rows of one day, such as a commute in both directions, are two records."""
    assert len({listing.external_id for listing in listed(exports(row(), row()))}) == 2


def test_an_edited_title_is_the_same_row(exports):
    """A row with an edited title has the same id, because its id is made from fields that nobody
    edits.
    """
    [before] = listed(exports(row()))
    [after] = listed(exports(row(Title="Tempo, with wind")))
    assert before.external_id == after.external_id
    assert before.summary != after.summary


def test_a_table_that_was_saved_again_with_other_line_endings_is_read(tmp_path, zipped, exports):
    """A table that a spreadsheet saved with other line endings is read."""
    connection = exports()
    zipped(
        tmp_path / "WorkoutExport-Ada-2026.zip",
        {"workouts.csv": table(row()).replace(b"\r\n", b"\r")},
    )
    assert len(listed(connection)) == 1


def test_a_brick_has_the_sport_of_its_file(exports, fit):
    """A brick, whose row does not state a sport, has the sport of its file."""
    connection = exports(row(day_of(fit), kind="Brick"), files={"a.fit.gz": recorded(fit)})
    [listing] = listed(connection)
    assert (made(listing)[0].sport, made(listing, recorded(fit))[0].sport) == ("Other", "Ride")


def test_a_row_with_an_unreadable_day_is_refused(exports):
    """A row whose day cannot be read is listed, and refused when it is normalized."""
    [listing] = listed(exports(row("soon")))
    with pytest.raises(RecordRefused) as caught:
        made(listing)
    assert caught.value.code == "FG-trainingpeaks-row"


def test_files_without_a_table_are_not_an_export(tmp_path, zipped, connect_to, fit):
    """Connecting to files without a table of workouts is refused as "not a TrainingPeaks
    archive".
    """
    zipped(tmp_path / "WorkoutFileExport.zip", {"a.fit": recorded(fit)})
    with pytest.raises(AthleteNeeded) as caught:
        plugin.fitglue_connect(connection=connect_to(tmp_path, entry="trainingpeaks-archive"))
    assert caught.value.code == "FG-no-trainingpeaks-archive"


def test_a_file_without_a_row_has_the_hash_of_its_content_as_its_id(exports, fit):
    """A file that belongs to no row is a record with the hash of its content as its id."""
    connection = exports(row("2026-01-01"), files={"a.fit.gz": recorded(fit)})
    assert hashlib.sha256(recorded(fit)).hexdigest() in {
        listing.external_id for listing in listed(connection)
    }


def test_a_row_that_vanishes_after_it_was_listed_is_refused_alone(exports):
    """A row that is no longer in the table when it is read, or whose day was changed so that it is
    another one, is available later, under its own id and with the reason; the others are workouts.
    """
    connection = exports(row("2026-05-01"), row("2026-05-02"), row("2026-05-03"))
    located = places(connection)
    exports(row("2026-05-01"), row("2026-06-02"))
    records = [record for place in located for record in read_place(connection, place)]
    refused = [record for record in records if not record.workouts]
    ids = [place.external_id for place in located]
    assert [record.listing.external_id for record in records] == ids
    assert [record.listing.unavailable.code for record in refused] == ["FG-row-missing"] * 2
    assert len(records) == 3


def test_a_row_that_is_back_is_read_by_the_same_process(exports):
    """If the table with a row that had vanished is put back, a process that read the other one
    reads the row.
    """
    rows = (row("2026-05-01"), row("2026-05-02"))
    connection = exports(*rows)
    [_, place] = places(connection)  # the latest row is the first place
    exports(rows[1])
    [missing] = read_place(connection, place)
    exports(*rows)
    [back] = read_place(connection, place)
    assert (len(missing.workouts), len(back.workouts)) == (0, 1)


@pytest.mark.parametrize(
    "changes",
    [
        {"WorkoutDay": "9" * 5000},
        {"AthleteComments": "y" * 2_500_000},
        {"TimeTotalInHours": "9" * 5000},
    ],
    ids=["a day of 5,000 digits", "a comment of 2.5 MB", "a duration of 5,000 digits"],
)
def test_one_absurd_row_costs_only_itself(exports, changes):
    """A row with an absurd cell is read or refused on its own, and the other rows are workouts."""
    records = read_all(exports(row("2026-05-01"), row("2026-05-02") | changes, row("2026-05-03")))
    assert len(records) == 3
    assert sum(len(record.workouts) for record in records.values()) >= 2
    errors = [str(record.error) for record in records.values() if record.error]
    assert all(len(error) < 500 for error in errors)
