"""``fitglue import``: what is printed before anything is stored, and how it ends."""

from __future__ import annotations

import os
import pty
import sys
from functools import partial

import pytest

from fg_logs import LogPlugin, Point
from fitglue_registry import Host, Plugins
from fitglue_registry.cli.app import run
from fitglue_registry.registry import Folder
from fitglue_registry.services.importing.import_paths import Imports
from tests.cli.test_unreadable_in_archive import HEADER, RIDE
from tests.services.importing.logs import make_registry


@pytest.fixture
def installed(monkeypatch, tmp_path):
    """Replace the plugins of the environment by those of a test."""

    def install(**plugins):
        folders = [Folder(make_registry(tmp_path / "registry", *plugins))]
        points = [Point(name, plugin) for name, plugin in plugins.items()]
        monkeypatch.setattr(
            "fitglue_registry.host.Host", partial(Host, plugins=Plugins(points), folders=folders)
        )

    install(log=LogPlugin())
    return install


@pytest.fixture
def log(tmp_path):
    path = tmp_path / "may.log"
    path.write_text("ada\n2026-05-01T07:00:00\n2026-05-02T07:00:00")
    return path


def test_an_import_says_what_is_there_and_then_what_was_new(installed, fitglue, log):
    """An import prints what was recognized, found and left out, then what is new, and asks nothing
    without a terminal.
    """
    result = fitglue("import", str(log))
    assert result.out.splitlines()[:3] == [f"Training log  {log}", "  · 1 logs", "  – no pictures"]
    assert "✓ log: 2 new" in result.out
    assert (result.code, "fitglue activities" in result.err) == (0, True)
    assert "nothing new" in fitglue("import", str(log)).out


def test_a_dry_run_says_what_is_there_and_stores_nothing(installed, fitglue, log):
    """A dry run prints what was recognized and what is new, and connects nothing."""
    result = fitglue("import", str(log), "--dry-run")
    assert (
        result.code,
        "1 logs" in result.out,
        "2 new" in result.out,
        "nothing was stored" in result.out,
    ) == (0, True, True, True)
    assert fitglue("connections", "--json").lines == []


def test_json_is_what_was_found_and_then_the_events(installed, fitglue, log):
    """With --json, what was found and each event are one line each, with the name of the event."""
    lines = fitglue("import", str(log), "--json").lines
    assert lines[0] == {
        "event": "Recognized",
        "entry": "log",
        "paths": [str(log)],
        "name": "Training log",
        "settings": {"path": str(log)},
        "found": ["1 logs"],
        "left_out": ["no pictures"],
    }
    assert [line["event"] for line in lines] == [
        "Recognized",
        "SourceConnected",
        "SyncStarted",
        "PartsPlanned",
        "Decided",
        "Decided",
        "PartStored",
        "PartStored",
        "WindowListed",
        "SyncFinished",
    ]


@pytest.mark.parametrize(
    ("answer", "code", "connections"), [("n\n", 2, 0), ("\n", 2, 0), ("y\n", 0, 1)]
)
def test_a_person_at_a_terminal_is_asked_and_no_is_the_default(
    installed, fitglue, log, monkeypatch, answer, code, connections
):
    """At a terminal, nothing is imported unless the person answers yes, and refusing is not an
    error message.
    """
    ours, theirs = pty.openpty()
    with (
        os.fdopen(theirs, encoding="utf-8") as terminal,
        os.fdopen(ours, "wb", buffering=0) as keyboard,
    ):
        keyboard.write(answer.encode())
        monkeypatch.setattr(sys, "stdin", terminal)
        assert run(["import", str(log)]) == code
    assert len(fitglue("connections", "--json").lines) == connections


def stop(*_arguments, **_options):
    """Stand for Ctrl-C."""
    raise KeyboardInterrupt


@pytest.mark.parametrize("moment", ["while the files are examined", "at the question"])
def test_ctrl_c_before_the_import_says_that_nothing_was_imported(
    installed, fitglue, log, monkeypatch, capsys, moment
):
    """Ctrl-C before anything is stored promises nothing to continue with."""
    if moment == "at the question":
        monkeypatch.setattr("click.termui.visible_prompt_func", stop)
    else:
        monkeypatch.setattr(Imports, "recognize", stop)
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, encoding="utf-8") as terminal, os.fdopen(ours, "wb"):
        monkeypatch.setattr(sys, "stdin", terminal)
        assert run(["import", str(log)]) == 130
    said = capsys.readouterr().err
    assert "Nothing was imported." in said
    assert "continue" not in said
    assert fitglue("connections", "--json").lines == []


def test_without_a_terminal_nobody_is_asked(installed, fitglue, log):
    """Without a terminal, an import starts at once, as its help says, whatever the input is."""
    result = fitglue("import", str(log), typed="n\n")
    assert (result.code, "log: 2 new" in result.out) == (0, True)
    help_text = " ".join(fitglue("import", "--help").out.split())
    assert "without a terminal or with --json, the import starts without asking" in help_text


@pytest.mark.parametrize(
    ("day", "would_be", "is_now"),
    [
        ("2026-05-03T07:00:00", "3 new", "3 new"),
        ("no day", "1 of them would go to quarantine", "1 of them in quarantine"),
    ],
)
def test_a_dry_run_says_what_the_import_will_do(installed, fitglue, log, day, would_be, is_now):
    """A dry run counts what an import would put into quarantine, and has the same exit code."""
    log.write_text(f"{log.read_text()}\n{day}")
    rehearsed = fitglue("import", str(log), "--dry-run")
    imported = fitglue("import", str(log))
    assert rehearsed.code == imported.code
    assert would_be in rehearsed.out
    assert is_now in imported.out


def test_a_path_that_nobody_knows_beside_others_is_done_in_part(installed, fitglue, log, tmp_path):
    """Recognized paths are imported, and an unknown one is reported with exit code 5."""
    (tmp_path / "x.pdf").write_bytes(b"%PDF")
    result = fitglue("import", str(log), str(tmp_path / "x.pdf"))
    assert (result.code, "log: 2 new" in result.out, "[FG-not-recognized]" in result.err) == (
        5,
        True,
        True,
    )


def test_a_broken_plugin_beside_others_gives_its_exit_code(installed, fitglue, log):
    """A broken plugin is reported with exit code 8, and the other plugins import."""
    installed(log=LogPlugin(), diary=ImportError("no wheel"))
    result = fitglue("import", str(log))
    assert (result.code, "log: 2 new" in result.out, "[FG-plugin-import-failed]" in result.err) == (
        8,
        True,
        True,
    )


def test_nothing_recognized_is_a_mistake_in_what_was_typed(installed, fitglue, tmp_path):
    """If nothing is recognized, the exit code is 2, and the error has a reason and a fix, also with
    --json.
    """
    result = fitglue("import", str(tmp_path), "--json")
    assert (result.code, result.error["code"]) == (2, "FG-not-recognized")
    assert fitglue("import").code == 2


@pytest.mark.parametrize("name", ["one.gpx", "two.gpx"])
def test_connections_say_what_they_read(fitglue, tmp_path, name):
    """A connection that reads files is listed with the path that it reads."""
    path = tmp_path / name
    path.write_text("<gpx><trk>")
    fitglue("import", str(path))
    assert f"files reads {path}" in fitglue("connections").out
    assert fitglue("connections", "--json").lines[0]["paths"] == [str(path)]


def test_single_files_are_read_together(fitglue, tmp_path):
    """A file that is imported after another is read beside it, so that a sync sees a change of the
    first one.
    """
    for name in ("a.gpx", "b.gpx"):
        (tmp_path / name).write_text("<gpx><trk>")
    fitglue("import", str(tmp_path / "a.gpx"))
    second = fitglue("import", str(tmp_path / "b.gpx"))
    assert f"now also reads {tmp_path / 'b.gpx'}" in second.err
    both = [str(tmp_path / "a.gpx"), str(tmp_path / "b.gpx")]
    assert fitglue("connections", "--json").lines[0]["paths"] == both


def test_a_newer_export_takes_the_place_of_the_older_one(fitglue, tmp_path):
    """An import of a newer archive of the same account names what is read now, and what no longer
    is.
    """
    older, newer = tmp_path / "may" / "export_7", tmp_path / "june" / "export_7"
    for folder in (older, newer):
        folder.mkdir(parents=True)
        (folder / "activities.csv").write_text(f"{HEADER}\n{RIDE}\n")
    fitglue("import", str(older))
    assert f"now reads {newer} instead of {older}" in fitglue("import", str(newer)).err
