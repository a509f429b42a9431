"""What the command asks and says about Garmin Connect."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from contextlib import closing

import pytest

from fitglue_garmin.testing import Account, StandIn
from fitglue_registry import Host, Policy
from fitglue_registry.cli.app import LateLoader
from fitglue_registry.cli.context import CliContext
from fitglue_registry.cli.following import follow
from fitglue_registry.services.events import BacklogCounted, PartsPlanned

KEY = "GCDC_stand-in-key"


@pytest.fixture
def service():
    """Return a running stand-in."""
    with StandIn(Account.generate(3)) as running:
        yield running


@pytest.mark.parametrize(
    ("answers", "kept"),
    [
        ((KEY, "2027-06-30"), "2027-06-30"),
        ((KEY, ""), None),
        ((KEY, "soon", "99999", "2027-06-30"), "2027-06-30"),
        (("", KEY, "2027-06-30"), "2027-06-30"),
    ],
    ids=["a date", "unknown", "typing errors", "an empty key"],
)
def test_a_terminal_asks_how_long_the_key_is_valid(service, tmp_path, answers, kept):
    """At a terminal, the key and its end are asked for, and again if one cannot be right. The end
    may stay unknown, and the help is shown once and whole.
    """
    main, side = pty.openpty()
    command = [sys.executable, "-m", "fitglue_registry", "connect", "garmin"]
    process = subprocess.Popen(
        [*command, "--base-url", service.url],
        stdin=side,
        stdout=side,
        stderr=side,
        start_new_session=True,
    )
    os.close(side)
    output = b""
    unseen = b""
    for answer in answers:
        while not unseen.endswith((b"Key of the Personal API: ", b"or until when: ")):
            unseen += os.read(main, 1000)
        output += unseen
        unseen = b""
        os.write(main, f"{answer}\n".encode())
    while process.poll() is None or b"Next:" not in output:
        try:
            output += os.read(main, 1000)
        except OSError:
            break
    os.close(main)
    assert process.wait(10) == 0
    assert KEY.encode() not in output
    assert output.count(b"connect.garmin.com/app/settings/personalApiToken: sign") == 1
    assert b"***" not in output
    assert (b"the key expires in" if kept else b"key_expires=DATE") in b" ".join(output.split())
    assert b"Only one key can" in output
    with Host(tmp_path / "home", policy=Policy.personal()) as host:
        [connection] = host.connections.list()
    assert connection.settings.get("key_expires") == kept


def test_without_a_terminal_the_end_of_the_key_is_not_needed(fitglue, service, monkeypatch):
    """In a script, a key is enough, and its end can be given in a variable."""
    monkeypatch.setenv("FITGLUE_GARMIN_API_KEY", f'"{KEY}"')
    arguments = ("connect", "garmin", "--base-url", service.url)
    assert "Ada Nordmann (7700123)" in fitglue(*arguments).out
    assert "it is not known when the key expires" in " ".join(fitglue("connections").out.split())
    monkeypatch.setenv("FITGLUE_GARMIN_KEY_EXPIRES", "9")
    fitglue(*arguments)
    assert "the key expires in 9 days" in fitglue("connections").out


def test_the_end_of_a_key_is_not_announced_too_early(fitglue, service, monkeypatch):
    """A key that is valid for a year is no news."""
    monkeypatch.setenv("FITGLUE_GARMIN_API_KEY", KEY)
    fitglue("connect", "garmin", "--base-url", service.url, "--set", "key_expires=365 days")
    assert "✓" in fitglue("doctor").out


def test_a_long_backlog_is_announced(capsys):
    """Before hours of requests, the command says how long they take, and what can be done now."""
    with closing(CliContext(LateLoader())) as cli:
        follow(cli, (event for event in [BacklogCounted("garmin", 5_990, 5_990.0, 1.0)]))
    assert (
        "garmin: 5,990 requests are left, which take about 1.7 h at 1 per second. What is listed "
        "can be used now"
    ) in " ".join(capsys.readouterr().err.split())


def test_an_empty_key_in_a_script_shows_the_complete_help(fitglue, service, monkeypatch):
    """The help of an entry is not redacted, although it has the shape of a header with a token."""
    monkeypatch.setenv("FITGLUE_GARMIN_API_KEY", '"')
    result = fitglue("connect", "garmin", "--base-url", service.url)
    assert result.code == 2
    assert "personalApiToken: sign in to Garmin Connect" in " ".join(result.err.split())


def test_a_sync_that_continues_says_that_all_workouts_are_complete(
    fitglue, service, monkeypatch, tmp_path
):
    """After a sync that was stopped, the next one says what it has completed, and what is next."""
    monkeypatch.setenv("FITGLUE_GARMIN_API_KEY", KEY)
    fitglue("connect", "garmin", "--base-url", service.url)
    with Host(tmp_path / "home", policy=Policy.personal()) as host:
        events = host.sync()
        for event in events:
            if isinstance(event, PartsPlanned):
                break
        events.close()
    result = fitglue("sync")
    assert "garmin: completed earlier workouts: details of 3, files of" in result.out
    assert "all 3 workouts are complete now" in result.out
    assert "Next: fitglue activities" in result.err


def test_a_first_sync_without_files_does_not_say_that_they_were_fetched(
    fitglue, service, monkeypatch
):
    """Before the first sync, no file can have been fetched, so none is "not fetched any more"."""
    monkeypatch.setenv("FITGLUE_GARMIN_API_KEY", KEY)
    fitglue("connect", "garmin", "--base-url", service.url)
    result = fitglue("sync", "--no-files")
    assert "the original files are not fetched; to change it" in result.err
    assert "any more" not in result.err


@pytest.fixture
def race(fitglue, monkeypatch):
    """Return the program with a triathlon and four other workouts of Garmin Connect."""
    monkeypatch.setenv("FITGLUE_GARMIN_API_KEY", KEY)
    with StandIn(Account.generate(5)) as running:
        fitglue("connect", "garmin", "--base-url", running.url)
        fitglue("sync")
    return fitglue


def test_an_event_is_shown_with_its_legs(race):
    """The id of a multisport event shows what it is, its legs, and how to show one of them."""
    result = race("show", "20998999960")
    assert "Oslo Triathlon  multisport event, 3 legs and 2 transitions" in result.out
    assert "  Transition     swim to bike transition" in result.out
    assert "in all                   43.6  2:24:00" in result.out
    assert "To show a leg, such as the first one: fitglue show 9" in result.err


def test_an_event_in_json_has_its_legs(race):
    """The document of an event names it and contains the documents of its legs, in order."""
    document = json.loads(race("show", "20998999960", "--json").out)
    assert document["event"] == "20998999960"
    assert [leg["number"] for leg in document["legs"]] == [9, 8, 7, 6, 5]


def test_transitions_are_no_activities_of_a_list(race):
    """A list with transitions says that they are not counted, and other lists do not."""
    note = "Transitions are legs of a multisport event, and are not counted as activities."
    assert note in race("activities").err
    assert note not in race("activities", "--sport", "Run").err
