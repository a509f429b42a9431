"""The commands connections, doctor, registry, plugin and dev."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from fitglue_intervals.testing import Account
from fitglue_registry.errors import Place, StoreFailed
from fitglue_registry.store.database import Database

ENTRY = """schema: 1
kind: source
id: toy
name: Toy
summary: A toy.
plugin: fitglue-toy
tier: pr0
"""


def test_connections_are_listed_for_a_program(synced, fitglue):
    """Connections are listed with their accounts, states and numbers of records."""
    [connection] = fitglue("connections", "--json").lines
    assert (
        connection["name"],
        connection["state"],
        connection["records"],
        connection["stubs"],
    ) == ("intervals", "ok", 28, 2)


def test_a_connection_that_was_never_synced_says_so(connect, fitglue):
    """The list of connections shows that a new connection was never synced, under a heading that
    cannot be mistaken for the check of its key.
    """
    connect()
    heads, row = fitglue("connections").out.splitlines()[:2]
    assert heads.split()[-1] == "synced"
    assert row.split()[-1] == "never"


def test_a_connection_is_removed_only_when_somebody_says_so(synced, fitglue):
    """A removal without a terminal needs --yes, and removes records and activities as well."""
    assert fitglue("connections", "remove", "intervals").code == 2
    assert fitglue("connections", "remove", "intervals", "--yes").code == 0
    assert fitglue("activities", "--json").lines == []


def test_check_asks_the_service(connect, fitglue, intervals):
    """`connections check` finds a revoked key without a sync."""
    connect()
    assert "intervals: Ada Stand-in" in fitglue("connections", "check").out
    intervals.revoke_key()
    assert fitglue("connections", "check").code == 3


def test_doctor_finds_nothing_broken(synced, fitglue):
    """`doctor` checks everything that must work."""
    document = fitglue("doctor", "--json").document
    names = [check["name"] for check in document["checks"]]
    assert document["ok"]
    assert {
        "fitglue",
        "python",
        "home",
        "disk",
        "clock",
        "database",
        "secrets",
        "registry",
        "plugin fitglue-intervals",
        "connection intervals",
    } <= set(names)


def test_doctor_ends_with_the_code_of_what_is_broken(connect, fitglue, intervals):
    """`doctor` reports a connection whose key was revoked."""
    connect()
    intervals.revoke_key()
    result = fitglue("doctor")
    assert result.code == 3
    assert "FG-key-rejected" in result.out
    assert "1 broken" in result.out


@pytest.mark.parametrize("ending", ["-wal", "-shm"])
def test_doctor_says_that_a_database_cannot_be_written(synced, fitglue, monkeypatch, ending):
    """`doctor` tests writing, and names the file of the database that cannot be written."""
    write = Database.write

    def refused(self):
        raise StoreFailed("FG-store-read-only", "the database cannot be written", at=Place(ending))

    assert fitglue("doctor", "--offline").code == 0
    monkeypatch.setattr(Database, "write", refused)
    result = fitglue("doctor", "--offline")
    monkeypatch.setattr(Database, "write", write)
    assert (result.code, ending in result.out) == (7, True)


def test_doctor_offline_asks_nobody(synced, fitglue):
    """`doctor --offline` makes no request."""
    assert fitglue("doctor", "--offline").code == 0
    assert synced.requests == []


def test_a_database_that_is_none_is_broken(fitglue, tmp_path):
    """A file that is not a database is reported with exit code 7 and a fix."""
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "fitglue.db").write_text(
        "this is no database, and long enough to be taken for one" * 20
    )
    result = fitglue("doctor", "--offline")
    assert result.code == 7
    assert "FG-store-damaged" in result.out
    assert "1 broken" in result.out


def test_the_registry_is_listed_with_its_availability(synced, fitglue):
    """Every entry is listed with whether it can be used."""
    states = {
        f"{entry['kind']}/{entry['id']}": entry["availability"]["state"]
        for entry in fitglue("registry", "--json").lines
    }
    assert states["source/intervals"] == "available"
    assert states["source/files"] == "not-connected"


def test_registry_check_names_file_line_and_column(fitglue, tmp_path):
    """Every error in an entry has its place, code and fix, and the exit code is 8."""
    (tmp_path / "sources").mkdir()
    (tmp_path / "sources" / "toy.yaml").write_text(ENTRY)
    result = fitglue("registry", "check", str(tmp_path))
    assert result.code == 8
    assert (
        f"{tmp_path}/sources/toy.yaml:7:7: FG-entry-unknown-tier: tier 'pr0' is unknown"
        in result.out
    )
    assert (
        fitglue("registry", "check", str(tmp_path), "--json").document["errors"][0]["where"]["line"]
        == 7
    )


def test_the_built_in_registry_is_right(fitglue):
    """Without a folder, all entries that are in use are checked."""
    assert fitglue("registry", "check").code == 0


def test_the_help_article_comes_from_the_entry(fitglue):
    """The help article of an entry is printed as Markdown."""
    assert fitglue("registry", "help-article", "source/intervals").out.startswith(
        "# Intervals.icu as a source\n"
    )


def test_registry_show_of_an_unknown_entry_names_the_nearest(fitglue):
    """The error for an unknown entry suggests the most similar one."""
    assert "did you mean intervals?" in fitglue("registry", "show", "intervls").err


def test_plugins_are_listed(fitglue):
    """Plugins are listed with version and entries."""
    plugins = {plugin["name"]: plugin for plugin in fitglue("plugin", "--json").lines}
    assert plugins["fitglue-intervals"]["ok"]
    assert plugins["fitglue-intervals"]["entries"] == [
        "destination/intervals",
        "integration/intervals",
        "source/intervals",
    ]


def test_plugin_check_stops_where_it_fails(fitglue):
    """A check prints a mark for each step, and a step that fails sets exit code 8."""
    assert fitglue("plugin", "check", "fitglue-intervals").out.count("✓") == 6
    result = fitglue("plugin", "check", "fitglue-nothing")
    assert result.code == 8
    assert result.out.count("✗") == 1


def test_an_install_that_fails_shows_the_last_lines_of_pip(fitglue, tmp_path):
    """If pip fails, the error contains the last lines of its output."""
    result = fitglue("plugin", "install", str(tmp_path))
    assert result.code == 8
    assert "-m pip install" in result.err
    assert "[FG-plugin-install-failed]" in result.err
    assert "ERROR" in result.err


def test_an_install_is_checked(fitglue, monkeypatch):
    """A plugin that pip has installed is checked at once, and no shell is used."""
    ran = []
    monkeypatch.setattr(
        subprocess,
        "run",
        lambda command, **_: ran.append(command) or subprocess.CompletedProcess(command, 0, "", ""),
    )
    result = fitglue("plugin", "install", "--upgrade", "fitglue-intervals")
    assert result.code == 0
    assert ran[0][:4] == [sys.executable, "-m", "pip", "install"]
    assert ran[0][-2:] == ["--upgrade", "fitglue-intervals"]
    assert "hook API" in result.out


def test_an_option_is_no_plugin(fitglue):
    """An argument that begins with a hyphen never reaches pip."""
    assert fitglue("plugin", "install", "--", "--index-url=https://example.org").code == 2


@pytest.fixture
def saved(tmp_path):
    """One saved activity, with its streams in a file next to it."""
    account = Account.generate(4, strava_stubs=0)
    id_ = account.ids()[0]
    (tmp_path / "saved.json").write_text(json.dumps(account.row(id_)))
    (tmp_path / "saved.streams.json").write_text(json.dumps(account.streams(id_)))
    return tmp_path / "saved.json"


def test_normalize_reads_saved_payloads(saved, fitglue):
    """A saved payload becomes source activities with the streams from the file next to it."""
    [line] = fitglue("dev", "normalize", "intervals", str(saved), "--json").lines
    assert line["activity"]["streams"]
    assert "streams" in fitglue("dev", "normalize", "intervals", str(saved)).out


def test_normalize_reads_standard_input(saved, fitglue):
    """`-` reads the payload from standard input."""
    assert fitglue("dev", "normalize", "intervals", "-", typed=saved.read_text()).code == 0


def test_dev_normalize_says_that_a_source_is_unknown_before_it_looks_for_the_file(
    fitglue, tmp_path
):
    """An unknown source is reported before a missing file."""
    assert (
        "the source 'nosuch' does not exist"
        in fitglue("dev", "normalize", "nosuch", str(tmp_path / "nothing")).err
    )


def test_dev_match_writes_what_it_holds_for_one_workout(fitglue, tmp_path):
    """`dev match` writes the pairs to a file and prints their numbers."""
    row = (
        '{"id": "%s", "person": "p", "source": "%s", "start_utc": "2026-05-01T05:30:00Z", '
        '"moving_s": 3600, "distance_m": 10000}'
    )
    (tmp_path / "records.jsonl").write_text(f"{row % ('a', 'garmin')}\n{row % ('b', 'strava')}\n")
    result = fitglue(
        "dev", "match", str(tmp_path / "records.jsonl"), "--out", str(tmp_path / "pairs.csv")
    )
    assert (result.code, "Pairs: 1 the same, 0 unsure." in result.err) == (0, True)
    assert (tmp_path / "pairs.csv").read_text().splitlines()[1].startswith("a,b,same,")


def test_normalize_refuses_with_the_reason_and_reads_on(saved, fitglue, tmp_path):
    """A file without an activity sets exit code 5, and the next file is read."""
    (tmp_path / "error.json").write_text('{"status": 401, "error": "Auth failed"}')
    result = fitglue(
        "dev", "normalize", "intervals", str(tmp_path / "error.json"), str(saved), "--json"
    )
    assert result.code == 5
    assert len(result.lines) == 1
    assert result.error["code"] == "FG-not-an-activity"


def test_the_stand_in_has_its_own_help(child):
    """`fitglue dev stand-in` passes its options to the stand-in."""
    out, _ = child("dev", "stand-in", "--help").communicate(timeout=20)
    assert "--count" in out


def test_a_stand_in_that_is_not_installed_is_named_with_the_fix(fitglue, monkeypatch):
    """Without its plugin, `fitglue dev stand-in` says what to install."""
    monkeypatch.setattr("fitglue_registry.services.stand_ins.entry_points", lambda **_: ())
    result = fitglue("dev", "stand-in", "--json")
    assert result.code == 8
    assert "fitglue plugin install fitglue-intervals" in result.err


def test_the_help_names_the_stand_ins_of_all_plugins(fitglue):
    """The help of the command and that of its group name each stand-in that is installed, and how
    to see its options.
    """
    assert "Run a stand-in for a service: garmin or intervals." in fitglue("dev", "--help").out
    for option in ("--help", "-h"):
        shown = fitglue("dev", "stand-in", option)
        assert shown.code == 0
        assert "garmin     fitglue dev stand-in garmin --help" in shown.out
        assert "intervals  fitglue dev stand-in intervals --help" in shown.out
