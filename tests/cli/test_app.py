"""The command as a whole: help, exit codes, errors, streams, and what it must not import."""

from __future__ import annotations

import errno
import json
import os
import pkgutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import click
import pytest

from fitglue_registry.cli import commands as folder
from fitglue_registry.cli.app import COMMANDS, EXIT_CODES, root

HEAVY = (
    "requests",
    "sqlalchemy",
    "msgspec",
    "keyring",
    "importlib.metadata",
    "rich",
    "pluggy",
    "yaml",
    "numpy",
)


def _all_commands(command=root, path=()):
    yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            yield from _all_commands(command.get_command(context, name), (*path, name))


EVERY = dict(_all_commands())


def test_the_table_of_commands_is_the_folder_of_commands():
    """Each command of the table has a module, and each module is in the table."""
    assert set(COMMANDS) == {
        module.name.rstrip("_") for module in pkgutil.iter_modules(folder.__path__)
    }


@pytest.mark.parametrize("path", [path for path in EVERY if path], ids=" ".join)
def test_every_help_has_an_example_and_fits_80_columns(path, fitglue, monkeypatch):
    """The help of every command shows an example, and no line of it is wider than the terminal."""
    monkeypatch.setenv("COLUMNS", "80")
    if path == ("dev", "stand-in"):
        pytest.skip("its help is that of the stand-in itself")
    result = fitglue(*path, "--help")
    assert result.code == 0
    assert f"  fitglue {path[0]}" in result.out.split("Example")[1]
    assert max(map(len, result.out.splitlines())) <= 80


def test_the_help_lists_every_command_and_exit_code(fitglue):
    """The help lists every command and every exit code, because scripts rely on them."""
    text = fitglue("--help").out
    assert all(f"  {name} " in text for name in COMMANDS)
    assert all(f"  {code} " in text for code in EXIT_CODES)


@pytest.mark.parametrize("columns", ["80", "140"])
def test_the_help_fits_the_terminal(columns, fitglue, monkeypatch):
    """No line of fitglue --help is wider than the terminal."""
    monkeypatch.setenv("COLUMNS", columns)
    assert max(map(len, fitglue("--help").out.splitlines())) <= int(columns)


def test_help_imports_nothing_heavy():
    """fitglue --help stays quick: it imports neither the library's rooms nor a command."""
    code = (
        "import sys; from fitglue_registry.cli.app import run; run(['--help']);"
        f"print([name for name in {HEAVY!r} if name in sys.modules],"
        "[name for name in sys.modules if "
        "name.startswith('fitglue_registry.cli.commands.')], file=sys.stderr)"
    )
    process = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert process.stderr.strip() == "[] []"


def test_the_version_is_answered_without_click():
    """``fitglue --version`` imports neither click nor the library."""
    code = (
        "import sys; sys.argv = ['fitglue', '--version']; from fitglue_registry.cli import "
        "main; main();"
        "print('click' in sys.modules)"
    )
    process = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert process.stdout.split() == ["fitglue", process.stdout.split()[1], "False"]


def test_an_unknown_command_names_the_nearest(fitglue):
    """A mistyped command ends with exit code 2, and the error suggests the right one."""
    result = fitglue("synk")
    assert (result.code, result.out) == (2, "")
    assert "did you mean sync?" in result.err


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("edit", "activities edit"),
        ("split", "duplicates split"),
        ("timezone", "settings timezone"),
        ("restore", "backup restore"),
    ],
)
def test_a_command_inside_another_one_is_found(fitglue, typed, meant):
    """A command that belongs to another one is named with it, and exists."""
    assert f"did you mean {meant}?" in fitglue(typed).err
    assert fitglue(*meant.split(), "--help").code == 0


def test_a_usage_error_looks_like_every_other_error(fitglue):
    """What click refuses is shown with code, message and fix, without a usage text."""
    result = fitglue("activities", "--since", "someday")
    assert result.code == 2
    assert "[FG-usage]" in result.err
    assert "see: fitglue activities --help" in result.err
    assert "Usage:" not in result.err


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        (["import", "", "--yes"], "PATH"),
        (["import", "rides", "", "--yes"], "PATH"),
        (["import", "  ", "--yes"], "PATH"),
        (["activities", "--source", " \t"], "--source"),
        (["connect", "files", ""], "VALUE"),
        (["sync", ""], "CONNECTION"),
        (["export", "--out="], "--out"),
        (["export", "--format", "files", "--out", ""], "--out"),
        (["backup", "make", ""], "PATH"),
        (["activities", "--source", ""], "--source"),
        (["duplicates", "merge", "1", ""], "REF"),
        (["registry", "show", ""], "[KIND/]ID"),
    ],
)
def test_an_empty_path_or_name_is_a_usage_error(fitglue, arguments, name):
    """An empty text, which an unset variable of a script gives, is never read as the current folder
    or as no filter.
    """
    said = fitglue(*arguments)
    assert (said.code, said.out) == (2, "")
    assert f"{name} is empty  [FG-usage]" in said.err


def test_an_empty_title_clears_the_title(synced, fitglue):
    """An empty title or description removes the text, because that is what it says."""
    said = fitglue("activities", "edit", "last", "--title", "", "--description", "")
    assert said.code == 0
    assert fitglue("show", "last", "--json").document["activity"].get("title") is None


def test_an_error_with_json_is_one_object_on_standard_error(fitglue):
    """With --json an error is one JSON object on standard error, and standard output
    stays empty.
    """
    result = fitglue("show", "nothing", "--json")
    assert (result.code, result.out) == (2, "")
    assert result.error["code"] == "FG-activity-unknown"
    assert set(result.error) == {"code", "what", "where", "fix"}


def test_json_may_stand_before_the_command(fitglue):
    """--json is accepted before and after the name of the command."""
    assert fitglue("--json", "show", "nothing").error["code"] == "FG-activity-unknown"


def test_a_bug_is_called_a_bug_and_its_traceback_is_kept(fitglue, monkeypatch, tmp_path):
    """An unexpected exception is reported in one sentence with exit code 1, and its traceback is
    written to a file.
    """
    monkeypatch.setattr("fitglue_registry.services.reading.Activities.list", lambda *_: 1 / 0)
    result = fitglue("activities")
    assert result.code == 1
    assert "this is a bug" in result.err
    assert "ZeroDivisionError: division by zero" in result.err
    assert "Traceback" not in result.err
    [kept] = (tmp_path / "home" / "logs").iterdir()
    assert "Traceback" in kept.read_text()


def test_debug_prints_the_traceback_of_a_bug(fitglue, monkeypatch):
    """With --debug the traceback of a bug is printed on standard error as well."""
    monkeypatch.setattr("fitglue_registry.services.reading.Activities.list", lambda *_: 1 / 0)
    assert "Traceback" in fitglue("activities", "--debug").err


def test_a_secret_in_a_bug_is_not_told(fitglue, monkeypatch, tmp_path):
    """A key in the message of an exception appears on no screen and in no file."""

    def broken(*_):
        raise RuntimeError("GET /x?api_key=abcdefgh12345678")

    monkeypatch.setattr("fitglue_registry.services.reading.Activities.list", broken)
    result = fitglue("activities")
    [kept] = (tmp_path / "home" / "logs").iterdir()
    assert "abcdefgh12345678" not in result.err + kept.read_text()


def test_a_reader_that_has_seen_enough_is_no_error(synced, child):
    """A pipe that its reader closes, as in `fitglue export | head -1`, is not an error."""
    process = child("export")
    assert process.stdout.readline().startswith("{")
    process.stdout.close()
    assert (process.wait(20), process.stderr.read()) == (0, "")
    process.stderr.close()


def test_control_c_stops_cleanly(connect, intervals, child, tmp_path):
    """Ctrl-C during a sync ends with exit code 130 and one sentence, and the next sync
    continues.
    """
    from fitglue_registry.testing import Fault

    connect()
    intervals.fault("*/streams*", Fault.hold(), times=None)
    # Buffered, as Python is where nobody asks for anything else: what happens is told when it does.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    process = child("sync", "--json", env=environment)
    for line in process.stdout:
        if json.loads(line)["event"] == "PartsPlanned" and json.loads(line)["part"] == "streams":
            break
    process.send_signal(signal.SIGINT)
    assert process.wait(20) == 130
    process.stdout.close()
    process.stderr.close()
    intervals.clear_faults()
    intervals.clear_requests()
    next_one = child("sync", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    assert next_one.wait(30) == 0
    assert not [
        request
        for request in intervals.requests
        if "/activity/" in request.path and "streams" not in request.path
    ]


@pytest.mark.parametrize(
    "signals",
    [(signal.SIGTERM, signal.SIGTERM), (signal.SIGINT, signal.SIGTERM)],
    ids=["twice", "both"],
)
def test_two_signals_at_once_are_one_stop(connect, intervals, child, signals):
    """Two signals at once, as `timeout` sends them, stop the command once, without a traceback."""
    from fitglue_registry.testing import Fault

    connect()
    intervals.fault("*/streams*", Fault.hold(), times=None)
    process = child("sync")
    _wait_until_streams_are_asked_for(process, intervals)
    for number in signals:
        process.send_signal(number)
    _, err = process.communicate(timeout=20)
    assert (process.returncode, "Traceback" in err, "Stopped." in err) == (130, False, True)


def test_a_signal_that_whoever_started_us_ignores_stays_ignored(connect, intervals, child):
    """`nohup fitglue sync` continues when the terminal is closed."""
    from fitglue_registry.testing import Fault

    connect()
    intervals.fault("*/streams*", Fault.hold(seconds=1), times=1)
    kept = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        process = child("sync")
    finally:
        signal.signal(signal.SIGHUP, kept)
    _wait_until_streams_are_asked_for(process, intervals)
    process.send_signal(signal.SIGHUP)
    _, err = process.communicate(timeout=20)
    assert (process.returncode, "Stopped." in err) == (0, False)


def _wait_until_streams_are_asked_for(process, intervals):
    while not any("/streams" in request.path for request in intervals.requests):
        assert process.poll() is None
        time.sleep(0.01)  # the stand-in answers on a thread of this process


def test_control_c_says_that_nothing_is_lost(fitglue, monkeypatch):
    """After Ctrl-C, one sentence says that nothing that was stored is lost."""

    def stopped(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("fitglue_registry.services.reading.Activities.list", stopped)
    monkeypatch.setattr("fitglue_registry.host.Host.sync", lambda *_, **__: stopped())
    looked, synced = fitglue("activities"), fitglue("sync")
    assert (looked.code, synced.code) == (130, 130)
    assert "Nothing was changed" in looked.err
    assert "Nothing that was stored is lost" in synced.err


def test_verbose_logs_without_the_key(connect, fitglue):
    """-vv logs every request on standard error, before and after the command, and never the key."""
    connect()
    for arguments in (("-vv", "sync"), ("sync", "-vv")):
        result = fitglue(*arguments)
        assert "GET http://127.0.0.1" in result.err
        assert "stand-in-key" not in result.err
    assert "GET" not in fitglue("sync").err


@pytest.mark.parametrize("name", ["locks/c1.lock", "cache", "blobs/ab/cd", "secrets/key"])
@pytest.mark.parametrize("number", [errno.EACCES, errno.EPERM, errno.EROFS])
def test_a_missing_permission_in_the_home_is_no_bug(fitglue, monkeypatch, tmp_path, name, number):
    """What may not be used in the home is named, and is no bug of the program."""
    path = tmp_path / "home" / name

    def refuse(*_arguments, **_options):
        raise OSError(number, os.strerror(number), str(path))

    monkeypatch.setattr("fitglue_registry.services.reading.Activities.list", refuse)
    result = fitglue("activities")
    assert (result.code, "[FG-home-unusable]" in result.err) == (7, True)
    assert str(path) in result.err


def test_a_missing_permission_elsewhere_is_no_bug(fitglue, monkeypatch, tmp_path):
    """A file outside the home that may not be used is named as well."""

    def refuse(*_arguments, **_options):
        raise PermissionError(errno.EACCES, "Permission denied", str(tmp_path / "x"))

    monkeypatch.setattr("fitglue_registry.services.reading.Activities.list", refuse)
    result = fitglue("activities")
    assert (result.code, "[FG-path-unusable]" in result.err) == (2, True)


def test_a_full_disk_is_no_bug(fitglue, child, synced):
    """Output that does not fit on the disk is reported with the exit code of a store that fails."""
    with Path("/dev/full").open("w") as full:
        process = child("export", stdout=full)
        _, err = process.communicate(timeout=20)
    assert process.returncode == 7
    assert "the disk is full" in err


def test_a_poor_encoding_stops_nothing(synced, child):
    """Characters that the encoding lacks are replaced by ASCII text."""
    for command in (("show", "last"), ("activities",), ("activities", "--json"), ()):
        process = child(
            *command, env={**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
        )
        out, err = process.communicate(timeout=20)
        assert (process.returncode, err.isascii(), out.isascii()) == (0, True, True)
