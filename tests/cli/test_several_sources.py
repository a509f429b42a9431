"""Screens about a workout that the archives of Strava and Garmin and a folder of files contain."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

from fitglue_intervals.testing import Account
from fitglue_intervals.testing.files import plain_file_of, track_of
from fitglue_intervals.testing.garmin_archive import garmin_archive
from fitglue_intervals.testing.strava_archive import strava_archive

HASH = re.compile("[0-9a-f]{40}")


@pytest.fixture
def ride():
    """The plan of a ride with power."""
    account = Account.generate(12, until=date(2026, 11, 20))
    return next(plan for plan in map(account.plan, account.ids()) if plan.shape.sport.key == "ride")


@pytest.fixture
def paths(tmp_path, ride):
    """The ride in two archives and as a file, and a part of it that another program saved."""
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "2026.fit").write_bytes(plain_file_of(ride))
    (tmp_path / "files" / "part.gpx").write_bytes(track_of(ride, from_s=600, until_s=2400))
    strava_archive(tmp_path / "strava.zip", [ride])
    garmin_archive(tmp_path / "garmin.zip", [(101, ride)])
    return [str(tmp_path / name) for name in ("strava.zip", "garmin.zip", "files")]


@pytest.fixture
def imported(paths, fitglue):
    assert fitglue("import", *paths).code == 0


def test_an_import_says_how_many_workouts_there_are_now(fitglue, paths):
    """An import prints the number of activities, and importing the same again changes nothing."""
    assert "2 activities in all, 2 more than before" in fitglue("import", *paths).out
    assert "2 activities in all\n" in fitglue("import", *paths).out


def test_the_same_again_brings_nothing_new(imported, fitglue, paths):
    """Each source reports nothing new, even for a record without a file that was asked
    for again.
    """
    assert fitglue("import", *paths).out.count("nothing new") == 3


def test_a_narrow_list_counts_the_sources_and_a_wide_one_names_them(imported, fitglue, monkeypatch):
    """A wide list names the sources of an activity, and a narrow one counts them."""
    monkeypatch.setenv("COLUMNS", "80")
    narrow = fitglue("activities").out
    monkeypatch.setenv("COLUMNS", "160")
    wide = fitglue("activities").out
    assert [table.split()[0] for table in (narrow, wide)] == ["#", "#"]
    assert any(line.startswith("1 ") and line.split()[-1] == "3" for line in narrow.splitlines())
    assert "files, garmin-archive, strava-archive" in wide


def test_why_of_several_records_is_short_and_begins_with_what_joined_them(
    imported, fitglue, monkeypatch
):
    """`why` of several records starts with the reasons, shortens hashes, and lists the
    differences.
    """
    monkeypatch.setenv("COLUMNS", "80")
    output = fitglue("why", "101").out
    parts = [
        output.index(head)
        for head in (
            "One workout because",
            "Values from",
            "Where they differ",
            "garmin-archive/101",
        )
    ]
    assert parts == sorted(parts)
    assert "title" in output.partition("Where they differ")[2]
    assert not HASH.search(output)
    assert len(output.splitlines()) < 70


def test_a_pair_to_decide_shows_short_ids_and_each_reason_once(fitglue, paths):
    """The reasons for copies of one file are printed only once, and hashes are shortened."""
    (Path(paths[2]) / "2026.fit").unlink()
    fitglue("import", *paths)
    output = fitglue("duplicates").out
    assert "files/" in output
    assert not HASH.search(output)
    assert output.count("? unsure") == 1


def test_show_names_the_source_beside_each_value_and_the_athlete_at_none(imported, fitglue):
    """Values are shown with their source, and the athlete's own values are marked."""
    fitglue("activities", "edit", "101", "--set", "distance_m=42195")
    output = fitglue("show", "101").out
    [distance] = [line for line in output.splitlines() if line.strip().startswith("distance")]
    assert distance.endswith("your own value")
    assert ", garmin-archive" in output
    assert not HASH.search(output)


def test_what_was_asked_and_answered_is_told_as_the_answer(fitglue, paths):
    """After a decision, `why` shows the decision and no longer the unsure opinion."""
    (Path(paths[2]) / "2026.fit").unlink()
    fitglue("import", *paths)
    fitglue(
        "duplicates",
        "merge",
        *(str(side["number"]) for side in fitglue("duplicates", "--json").lines[0]["sides"]),
    )
    output = fitglue("why", "101").out.partition("One workout because")[2]
    assert "(your decision)" in output
    assert "\n  unsure" not in output
    assert not HASH.search(fitglue("duplicates", "history").out)


def summary_of(result, name):
    """Return the lines about a connection, as one text."""
    words = " ".join(result.out.split())
    return words[words.index(f"{name}: ") :]


def test_a_workout_that_another_source_has_brought_is_no_new_activity(fitglue, paths):
    """An import says how many of the new workouts were in the list before, and that no activity
    is new.
    """
    strava, garmin, _ = paths
    first = summary_of(fitglue("import", strava), "strava-archive")
    assert "1 new (" in first
    assert "in your list" not in first
    second = summary_of(fitglue("import", garmin), "garmin-archive")
    assert "1 new, already in your list (" in second
    assert "no activity is new; 1 workout was joined with what another source" in second


def test_the_new_activities_among_the_new_workouts_are_counted(fitglue, paths, ride, tmp_path):
    """If only some workouts were in the list before, the number of new activities is stated."""
    account = Account.generate(12, until=date(2026, 11, 20))
    others = [plan for plan in map(account.plan, account.ids()) if plan.id != ride.id][:2]
    garmin_archive(tmp_path / "more.zip", [(101, ride), (102, others[0]), (103, others[1])])
    fitglue("import", paths[0])
    text = summary_of(fitglue("import", str(tmp_path / "more.zip")), "garmin-archive")
    assert "3 new, 1 of them already in your list (" in text
    assert "2 activities are new; 1 workout was joined" in text
