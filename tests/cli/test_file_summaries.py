"""What the summaries and the progress of sources of files say: which files, and how many."""

from __future__ import annotations

import zipfile

import pytest

from fitglue_formats.testing import gpx_file
from fitglue_registry import Host, Policy
from fitglue_registry.cli.app import LateLoader
from fitglue_registry.cli.commands.import_ import _looking
from fitglue_registry.cli.commands.watch import _say_what_is_unfinished
from fitglue_registry.cli.context import CliContext
from fitglue_registry.cli.sync_report import listed, summary
from fitglue_registry.cli.tally import Tally
from fitglue_registry.model.stored import RunDecision
from fitglue_registry.plugin_api import Window
from fitglue_registry.services.events import (
    Decided,
    SyncFinished,
    SyncScope,
    SyncStarted,
    WindowListed,
)

TABLE = (
    "Activity ID,Activity Date,Activity Name,Activity Type,Activity Description,Elapsed Time,"
    "Distance,Commute,Activity Gear,Filename\n"
    '{number},"May 3, 2026, 6:00:00 AM",Lake,Run,,3605,10.0,,Shoes,\n'
)


@pytest.fixture
def archives(tmp_path):
    """The paths of two Strava archives of different accounts, with a workout each."""
    paths = []
    for number in (111, 222):
        paths.append(str(tmp_path / f"export_{number}.zip"))
        with zipfile.ZipFile(paths[-1], "w") as archive:
            archive.writestr("activities.csv", TABLE.format(number=number))
    return paths


def test_each_line_names_the_archive_that_it_is_about(fitglue, archives):
    """An import and a sync of two archives have a line for each, with the name of its file."""
    imported = fitglue("import", *archives, "--yes").out
    synced = fitglue("sync").out
    assert "1 new (export_111.zip, " in imported
    # It contains the same workout.
    assert "1 new, already in your list (export_222.zip, " in imported
    for number in (111, 222):
        assert f"nothing new (export_{number}.zip, " in synced


def test_a_dry_run_of_two_archives_has_a_line_for_each(fitglue, archives):
    """Two archives that are not connected yet are not added up, although they have one name."""
    out = fitglue("import", *archives, "--dry-run").out
    assert "Strava archive: 1 new (export_111.zip, " in out
    assert "Strava archive 2: 1 new (export_222.zip, " in out


def tally_of(*paths, rows=0, files=0):
    """Return the tally of a sync of files that has ended."""
    tally = Tally("files")
    tally.take(SyncStarted("files", SyncScope.WALK, reads_files=True, paths=paths))
    tally.take(WindowListed("files", Window(), rows, 0, 0, 0, 0, 0, files=files))
    tally.take(SyncFinished("files"))
    return tally


def test_of_several_paths_the_first_is_named_and_the_others_are_counted():
    """A summary names one file or folder, whose name is shortened if it is very long."""
    assert summary(tally_of("/a/x.zip", "/b/y.zip")) == "nothing new (x.zip and 1 more, 0.0s)"
    assert summary(tally_of(f"/{'n' * 200}.zip")).count("n") < 50


@pytest.mark.parametrize(
    ("rows", "files", "words"),
    [
        (3, 3, "3 files listed"),
        (1, 1, "1 file listed"),
        (5, 3, "3 files and 2 workouts without a file listed"),
    ],
)
def test_the_progress_of_a_source_of_files_counts_files(rows, files, words):
    """While files are read, the current step counts files, and rows of tables that have none."""
    assert listed(tally_of("/a", rows=rows, files=files)) == words


def test_a_search_for_files_reports_how_far_it_is(tmp_path):
    """While plugins look through files, somebody who waits gets the numbers of files that were
    looked at and found, and at the end that of all files.
    """
    rides = tmp_path / "rides"
    rides.mkdir()
    for number in range(3):
        (rides / f"{number}.gpx").write_bytes(gpx_file())
    with zipfile.ZipFile(rides / "more.zip", "w") as archive:
        archive.writestr("3.gpx", gpx_file())
        archive.writestr("4.gpx", gpx_file())
    reported = []
    with Host(tmp_path / "home", policy=Policy.personal()) as host:
        host.imports.recognize([rides], report=reported.append)
    assert reported[-1].looked_at == 5
    assert reported[-1].found >= 5


@pytest.mark.parametrize(
    ("counts", "words"),
    [
        ((0, 1), "looking through the files: 1 file found"),
        ((0, 12000), "looking through the files: 12,000 files found"),
        ((800, 12000), "looking through the files: 800 of 12,000 files"),
    ],
)
def test_a_search_shows_what_was_found_and_then_what_was_looked_at(counts, words):
    """The current step first says how many files were found, then how many were looked at."""
    assert _looking(*counts) == words


def test_a_watch_names_a_file_that_it_waits_for_once(capsys):
    """While the end of a file is missing, a watch names the file once, and not at each sync."""
    tally = tally_of("/rides")
    tally.take(Decided("files", "b.fit", RunDecision.LATER, "its end is missing"))
    cli = CliContext(LateLoader())
    _say_what_is_unfinished(cli, tally, {})
    _say_what_is_unfinished(cli, tally, tally.unfinished)
    assert capsys.readouterr().err == "files: b.fit: its end is missing\n"
