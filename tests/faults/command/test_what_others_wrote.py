"""Tests of texts from services and files: neither a terminal nor a spreadsheet obeys them, whether
they are in a log, in a traceback or in a table that goes into a pipe.
"""

from __future__ import annotations

import csv
import io
import json
import logging
import threading
from contextlib import contextmanager

import pytest

from fitglue_registry.redaction.redactor import Redactor
from fitglue_registry.services import bug_reports

#: A title with an escape sequence that sets the title of the window, one that erases the screen, a
#: carriage return that hides what is before it, and a change of the writing direction.
ATTACK = "Run\x1b]0;owned\x07\x1b[2J\u009b31m\rhidden \u202egnp\u2066"
FORBIDDEN = ("\x1b", "\x07", "\u009b", "\r", "\u202e", "\u2066")
FORMULA = '=HYPERLINK("http://x")'

CSV_COMMANDS = [
    ("activities", "--csv"),
    ("export", "--format", "csv"),
    ("sql", "--csv", "select number, title from activities"),
]


@pytest.fixture
def attacked(synced, fitglue):
    """Give one activity a title that attacks a terminal, and another one that is a formula."""
    fitglue("activities", "edit", "1", "--title", ATTACK)
    fitglue("activities", "edit", "2", "--title", FORMULA)


def titles(output):
    """Return the titles in a table by the number of the activity."""
    return {row["number"]: row["title"] for row in csv.DictReader(io.StringIO(output, newline=""))}


def forbidden_in(text):
    """Return the characters of a text that a terminal must not get."""
    return [character for character in FORBIDDEN if character in text]


@pytest.mark.parametrize("command", CSV_COMMANDS, ids=lambda command: command[0])
def test_a_table_in_a_pipe_steers_no_terminal(attacked, fitglue, command, reliability):
    """A table that is written into a pipe or a file has escapes in place of control characters,
    because somebody shows it in a terminal later.
    """
    out = fitglue(*command).out
    assert forbidden_in(out) == []
    assert "\\x1b" in titles(out)["1"]
    reliability(
        "command",
        f"`{command[0]}`: a title with escape sequences in a table",
        lost=len(forbidden_in(out)),
        seen="the sequences are written as \\x1b",
    )


def test_an_exported_table_steers_no_terminal(attacked, fitglue, tmp_path):
    """The same is true of a table that ``export --out`` writes."""
    out = tmp_path / "out.csv"
    fitglue("export", "--format", "csv", "--out", str(out))
    assert forbidden_in(out.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("command", CSV_COMMANDS, ids=lambda command: command[0])
def test_raw_leaves_a_table_as_it_is(attacked, fitglue, command):
    """With ``--raw``, each text in a table is the one that is stored, formulas included."""
    found = titles(fitglue(*command, "--raw").out)
    assert (found["1"], found["2"]) == (titles_of_json(fitglue)["1"], FORMULA)
    assert titles(fitglue(*command).out)["2"] == f"'{FORMULA}"


def titles_of_json(fitglue):
    """Return the stored titles by number."""
    rows = map(json.loads, fitglue("activities", "--json").out.splitlines())
    return {str(row["number"]): row["title"] for row in rows}


@pytest.mark.parametrize(
    "command",
    [("activities", "--raw"), ("export", "--raw"), ("sql", "select 1", "--raw")],
    ids=lambda command: command[0],
)
def test_raw_needs_a_table(fitglue, command):
    """``--raw`` without a table in CSV is a mistake, because it would change nothing."""
    assert fitglue(*command).code == 2


def test_the_name_of_a_column_is_a_text_too(fitglue):
    """The name of a column, which a statement can take from anywhere, is treated as a value is."""
    statement = f'select 1 as "{FORMULA.replace(chr(34), chr(34) * 2)}", 2 as "\x1b[2J"'
    header = fitglue("sql", "--csv", statement).out.splitlines()[0]
    assert (forbidden_in(header), header.startswith("\"'=")) == ([], True)


@contextmanager
def logged_while_listed(monkeypatch, level, text, arguments=()):
    """Let the listing of activities log a message."""

    def log(*_, **__):
        logging.getLogger("fitglue_registry.plugin").log(level, text, *arguments)
        return []

    with monkeypatch.context() as patch:
        patch.setattr("fitglue_registry.services.reading.Activities.list", log)
        yield


@pytest.mark.parametrize(
    ("options", "level"),
    [
        ([], logging.WARNING),
        (["-v"], logging.INFO),
        (["-vv"], logging.DEBUG),
        (["--debug"], logging.DEBUG),
    ],
    ids=["a warning", "-v", "-vv", "--debug"],
)
def test_a_log_line_steers_no_terminal(fitglue, monkeypatch, options, level, reliability):
    """A message of the log is one line without control characters, so that a title neither steers
    the terminal nor looks like another message.
    """
    forged = f"{ATTACK}\n2026-01-01 ERROR fitglue_registry: forged"
    with logged_while_listed(monkeypatch, level, "title: %s", (forged,)):
        err = fitglue("activities", *options).err
    [line] = [line for line in err.splitlines() if "title: " in line]
    assert (forbidden_in(err), "forged" in line) == ([], True)
    reliability(
        "command",
        f"a title with escape sequences in the log ({' '.join(options) or 'a warning'})",
        lost=len(forbidden_in(err)),
        seen="one line, in which the sequences are written as \\x1b",
    )


def test_a_warning_without_verbose_contains_no_secret(fitglue, monkeypatch):
    """A warning that is printed without ``-v`` contains no secret either."""
    monkeypatch.setenv("FITGLUE_INTERVALS_API_KEY", "pl4nted-secret")
    with logged_while_listed(monkeypatch, logging.WARNING, "GET /?key=pl4nted-secret"):
        err = fitglue("activities").err
    assert ("pl4nted" in err, "***" in err) == (False, True)


@pytest.mark.parametrize("options", [[], ["--debug"]], ids=["kept", "--debug"])
def test_a_traceback_steers_no_terminal(fitglue, monkeypatch, tmp_path, options):
    """A traceback has no control characters, neither on the terminal nor in the kept file."""

    def fail(*_, **__):
        raise ValueError(ATTACK)

    monkeypatch.setattr("fitglue_registry.services.reading.Activities.list", fail)
    said = fitglue("activities", *options)
    [kept] = (tmp_path / "home" / "logs").iterdir()
    assert forbidden_in(said.err + kept.read_text(encoding="utf-8")) == []
    assert "\\x1b" in kept.read_text(encoding="utf-8")


def test_the_traceback_of_an_application_steers_no_terminal():
    """An application that prints a traceback gets one without control characters."""
    assert forbidden_in(bug_reports.traceback_text(ValueError(ATTACK), Redactor())) == []


def test_what_a_plugin_prints_steers_no_terminal(fitglue, monkeypatch):
    """What a plugin prints on its thread goes to standard error without control characters."""

    def print_it(*_, **__):
        thread = threading.Thread(target=lambda: print(ATTACK))
        thread.start()
        thread.join()
        return []

    monkeypatch.setattr("fitglue_registry.services.reading.Activities.list", print_it)
    said = fitglue("activities", "--csv")
    assert (forbidden_in(said.out + said.err), "\\x1b" in said.err) == ([], True)
