"""``fitglue pipeline`` and ``fitglue deliveries``, and what a sync says about pipelines."""

from __future__ import annotations

import io
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from fitglue_registry.errors import Busy
from fitglue_registry.plugin_api import Uncertain


class Terminal(io.TextIOWrapper):
    """A standard input that is a terminal."""

    def isatty(self):
        return True


def ride(start):
    """Return the row of a ride at Intervals.icu."""
    return {
        "id": f"i{start:%d%H%M%S}",
        "start_date_local": f"{start:%Y-%m-%dT%H:%M:%S}",
        "start_date": f"{start:%Y-%m-%dT%H:%M:%SZ}",
        "type": "Ride",
        "name": "Morning ride",
        "elapsed_time": 3600,
        "moving_time": 3500,
    }


@pytest.fixture
def out(tmp_path):
    """The folder to which the pipeline writes."""
    folder = tmp_path / "out"
    folder.mkdir()
    return folder


@pytest.fixture
def disk(connect, fitglue, intervals, out):
    """A synced account, a pipeline to a folder, and a workout that is new since then."""
    connect()
    fitglue("sync")
    made = fitglue(
        *("pipeline", "new", "--name", "disk", "--to", "folder"),
        *("--set", f"path={out}", "--set", "format=json", "--no-input"),
    )
    assert made.code == 0, made.err
    intervals.account.add_row(ride(datetime.now(UTC)))
    return out


def words(text):
    """Return a text with one space between its words, as it was before it was wrapped."""
    return " ".join(text.split())


# -- what a sync does ------------------------------------------------------------------------------


def test_a_sync_sends_what_is_new_and_says_so(disk, fitglue):
    """The new workout is written; what was there before the pipeline is not."""
    result = fitglue("sync")
    assert "✓ disk → folder: 1 workout sent" in result.out
    assert len(list(disk.iterdir())) == 1
    assert "folder" not in fitglue("sync").out


def test_a_workout_that_is_older_than_the_pipeline_is_history(disk, fitglue, intervals):
    """An older workout that arrives late is not sent, and the sync says how to send it."""
    intervals.account.add_row(ride(datetime.now(UTC) - timedelta(days=5)))
    result = fitglue("sync")
    assert "1 new workout is older than the pipeline and is not sent" in words(result.out)
    assert "fitglue pipeline run disk --since DATE" in words(result.out)
    assert len(list(disk.iterdir())) == 1


def test_a_dry_run_sends_nothing(disk, fitglue):
    """A sync that stores nothing sends nothing."""
    assert "disk" not in fitglue("sync", "--dry-run").out
    assert list(disk.iterdir()) == []


def test_a_destination_that_cannot_be_reached_gives_the_exit_code(disk, fitglue):
    """The workout waits until a time that is said, with the reason."""
    disk.rmdir()
    result = fitglue("sync")
    assert result.code == 4
    assert "! disk → folder: 1 waits until" in result.out
    assert "the folder does not exist" in words(result.out)


def test_the_events_are_printed_as_json_lines(disk, fitglue):
    """They follow the events of the sync."""
    names = [line["event"] for line in fitglue("sync", "--json").lines]
    assert names[-3:] == ["ActivityDecided", "DeliveryChanged", "PipelineFinished"]


def test_a_run_of_another_process_is_no_failure(disk, fitglue, monkeypatch):
    """The sync says in one line that the other process sends what is due."""

    def taken(*_):
        raise Busy("FG-sync-running", "taken")

    monkeypatch.setattr("fitglue_registry.services.pipelines.running.lock_for", taken)
    result = fitglue("sync")
    assert result.code == 0
    assert "another process is running the pipelines" in result.err
    assert fitglue("pipeline", "run", "disk").code == 6


# -- the past --------------------------------------------------------------------------------------


def test_the_past_is_sent_after_a_preview(disk, fitglue):
    """A dry run says what would be sent, one line for each workout; then it is confirmed."""
    days = ("--since", "2000-01-01")
    preview = fitglue("pipeline", "run", "disk", *days, "--dry-run")
    assert preview.out.count("– folder: it is sent") == 5
    assert list(disk.iterdir()) == []
    asked = fitglue("pipeline", "run", "disk", *days)
    assert asked.code == 2
    assert "this sends 5 of 5 workouts: 5 to folder" in words(asked.err)
    assert "5 workouts sent" in fitglue("pipeline", "run", "disk", *days, "--yes").out
    assert len(list(disk.iterdir())) == 5


def test_one_workout_is_taken_through_a_pipeline_again(disk, fitglue):
    """Without --again nothing is sent, because nothing has changed."""
    fitglue("sync")
    only = ("pipeline", "run", "disk", "--activity", "6")
    assert "nothing has changed of what it takes" in words(fitglue(*only).out)
    assert "it is sent again" in words(fitglue(*only, "--again", "--dry-run").out)
    assert "1 workout changed there" in fitglue(*only, "--again").out


@pytest.mark.parametrize(
    "options",
    [
        ("--dry-run",),
        ("disk", "--dry-run"),
        ("disk", "--again"),
        ("disk", "--activity", "1", "--since", "30d"),
    ],
    ids=" ".join,
)
def test_options_of_run_that_mean_nothing_together_are_refused(fitglue, options):
    """They are a mistake in the command line."""
    result = fitglue("pipeline", "run", *options)
    assert (result.code, "[FG-usage]" in result.err) == (2, True)


# -- documents -------------------------------------------------------------------------------------


def test_what_show_prints_as_yaml_can_be_applied(disk, fitglue, tmp_path):
    """Nothing changes by it; another title of a step is a new version."""
    text = fitglue("pipeline", "show", "disk", "--yaml").out
    file = tmp_path / "disk.yaml"
    file.write_text(text)
    assert "nothing has changed" in fitglue("pipeline", "apply", str(file)).out
    file.write_text(text + "wait: 2h\n")
    assert "stored as version 2" in fitglue("pipeline", "apply", str(file)).out
    assert "copies: 2h" in fitglue("pipeline", "show", "disk").out


def test_each_mistake_is_printed_with_its_place(connect, fitglue, tmp_path):
    """Also what only the services know: connections, destinations, boosters and settings."""
    connect()
    file = tmp_path / "bad.yaml"
    file.write_text(
        "schema: 1\n"
        "name: bad\n"
        "sources: [intervalz]\n"
        "boosters: [{use: training-lod}]\n"
        "destinations:\n"
        "  - {to: foldr}\n"
        "  - {to: folder, name: b, settings: {path: /tmp, format: doc, color: red}}\n"
    )
    result = fitglue("pipeline", "check", str(file))
    text = words(result.out)
    assert result.code == 2
    for place in (":3:11:", ":4:18:", ":6:10:", ":7:58:", ":7:63:"):
        assert f"bad.yaml{place} FG-" in text
    assert fitglue("pipeline", "apply", str(file)).code == 2
    assert fitglue("pipeline", "list", "--json").lines == []


def test_a_cycle_is_refused_and_drawn(connect, fitglue, tmp_path, out):
    """Here, one pipeline writes to a folder that is imported, and sends what is there on."""
    connect()
    fitglue("connect", "files", str(out))
    file = tmp_path / "cycle.yaml"
    file.write_text(
        "schema: 1\n"
        "name: cycle\n"
        "destinations: [{to: intervals}, {to: folder, settings: {path: " + str(out) + "}}]\n"
    )
    result = fitglue("pipeline", "check", str(file))
    assert "FG-pipeline-cycle" in result.out
    assert "│ cycle: folder" in result.out


def test_new_asks_for_each_step(connect, fitglue, out, monkeypatch):
    """Each answer is checked when it is given; the result is shown before it is stored."""
    connect()
    answers = ["folder", str(out), "json", "", "cyclingg", "cycling", "", "rides", "y"]
    monkeypatch.setattr("tests.cli.conftest.io.TextIOWrapper", Terminal)
    result = fitglue("pipeline", "new", typed="\n".join(answers) + "\n")
    assert result.code == 0, result.err
    assert "'cyclingg'" in result.err
    assert "filter: sport: cycling" in result.out
    assert "stored as version 1" in result.out
    assert fitglue("pipeline", "show", "rides").code == 0


def test_new_without_a_terminal_names_what_is_missing(fitglue):
    """The destinations that are installed are listed."""
    result = fitglue("pipeline", "new")
    assert result.code == 2
    assert "folder" in result.err


def test_new_changes_no_pipeline(disk, fitglue, out):
    """A name that is taken is refused."""
    again = fitglue("pipeline", "new", "--name", "disk", "--to", "folder", "--set", f"path={out}")
    assert "[FG-pipeline-exists]" in again.err


def test_a_paused_pipeline_sends_nothing(disk, fitglue):
    """It goes on with what has waited."""
    fitglue("pipeline", "pause", "disk")
    fitglue("sync")
    assert list(disk.iterdir()) == []
    fitglue("pipeline", "resume", "disk")
    assert "1 workout sent" in fitglue("pipeline", "run", "disk").out


def test_deleting_a_pipeline_must_be_confirmed(disk, fitglue):
    """Its files stay."""
    fitglue("sync")
    assert fitglue("pipeline", "delete", "disk").code == 2
    assert fitglue("pipeline", "delete", "disk", "--yes").code == 0
    assert fitglue("pipeline", "show", "disk").code == 2
    assert len(list(disk.iterdir())) == 1


# -- deliveries ------------------------------------------------------------------------------------


def test_a_delivery_is_shown_with_its_log(disk, fitglue):
    """The list has the address, and the screen of one everything that happened."""
    fitglue("sync")
    assert "file://" in fitglue("deliveries", "list").out
    shown = fitglue("deliveries", "show", "1").out
    assert "planned: to create" in shown
    assert "sent: it arrived as" in words(shown)
    assert "No delivery needs you" in fitglue("deliveries").err


def test_why_tells_what_pipelines_did(disk, fitglue):
    """What each step said, what happened to the delivery, and the address."""
    fitglue("sync")
    text = words(fitglue("why", "6").out)
    assert "pipeline disk" in text
    assert "folder: planned, it is sent" in text
    assert "sent: it arrived as" in text
    assert "file://" in text
    [story] = fitglue("why", "6", "--json").document["pipelines"]
    assert story["deliveries"][0]["state"] == "sent"
    assert "pipeline" not in fitglue("why", "1").out


@pytest.mark.parametrize("document", ["{", '{"schema": 1, "name": "disk"}'])
def test_a_damaged_pipeline_is_listed_with_what_to_do(disk, fitglue, tmp_path, document):
    """One damaged document does not hide the pipelines: it is listed as damaged, with the fix."""
    fitglue("pipeline", "new", "--name", "other", "--to", "folder", *_set(disk), "--no-input")
    with closing(sqlite3.connect(tmp_path / "home" / "fitglue.db")) as db, db:
        db.execute(
            "UPDATE fg_pipeline_versions SET document = ? WHERE pipeline_id IN "
            "(SELECT id FROM fg_pipelines WHERE name = 'disk')",
            (document,),
        )
    result = fitglue("pipeline", "list")
    assert result.code == 0
    assert "disk      damaged" in result.out
    assert "other     active" in result.out
    assert "fitglue pipeline apply FILE" in words(result.err)
    first, second = fitglue("pipeline", "list", "--json").lines
    assert first["damage"]["code"] == "FG-store-damaged"
    assert "damage" not in second


def _set(folder):
    return "--set", f"path={folder}", "--set", "format=json"


def test_show_says_where_a_workout_was_sent(disk, fitglue):
    """A workout that was sent has its destination with the address; others have no such section."""
    fitglue("sync")
    _, section = words(fitglue("show", "6").out).split("Destinations")
    assert section.startswith(" folder sent ")
    assert "file://" in section
    assert "Destinations" not in fitglue("show", "1").out


def test_show_says_what_a_workout_waits_for(disk, fitglue):
    """A workout that could not be sent yet is not called sent."""
    disk.rmdir()
    fitglue("sync")
    _, section = words(fitglue("show", "6").out).split("Destinations")
    assert " sent " not in section.replace("is sent by the next run", "")
    assert "file://" not in section


def test_what_is_unclear_is_said_and_decided_by_the_athlete(disk, fitglue, monkeypatch):
    """It is listed with what to do; after the decision it is settled."""
    destination = "fitglue_registry.services.pipelines.destinations"
    with monkeypatch.context() as patched:
        patched.setattr(f"{destination}._FIND", "nothing")
        patched.setattr(
            f"{destination}.PluginDestination.deliver",
            lambda *_: Uncertain("the disk was removed"),
        )
        result = fitglue("sync")
    assert result.code == 0
    assert "only you can find out" in words(result.out)
    assert "only you can find out" in words(fitglue("deliveries").out)
    assert "1 delivery needs you" in words(fitglue().out)
    assert "resolve 1 --arrived" in words(fitglue("deliveries", "show", "1").out)
    assert fitglue("deliveries", "retry", "1").code == 2
    assert fitglue("deliveries", "resolve", "1").code == 2
    assert "to be sent" in fitglue("deliveries", "resolve", "1", "--not-arrived").out
    assert "1 workout sent" in fitglue("pipeline", "run").out
    assert fitglue("deliveries", "resolve", "1", "--arrived").code == 2


def test_an_unknown_delivery_is_a_mistake(connect, fitglue):
    """The error says where the list is."""
    connect()
    assert "[FG-delivery-unknown]" in fitglue("deliveries", "show", "7").err
