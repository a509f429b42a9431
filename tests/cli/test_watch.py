"""``fitglue watch``: what it prints while it waits, and how it ends."""

from __future__ import annotations

from functools import partial

import pytest

from fg_logs import Point, WritesLogs
from fitglue_registry import Host, Plugins
from fitglue_registry.registry import Folder
from fitglue_registry.services.importing.folder_watcher import Timing
from tests.services.importing.logs import make_registry


@pytest.fixture
def watched(monkeypatch, tmp_path, fitglue):
    """An imported folder; a log appears for its second sync, and Ctrl-C is pressed at its third."""
    folder = tmp_path / "rides"
    folder.mkdir()
    (folder / "a.log").write_text("ada\n2026-05-01T07:00:00")
    # The import lists the folder for the first time.
    plugin = WritesLogs(notes=tmp_path / "listed")
    plugins = Plugins([Point("log", plugin)])
    folders = [Folder(make_registry(tmp_path / "registry", "log"))]
    monkeypatch.setattr(
        "fitglue_registry.host.Host", partial(Host, plugins=plugins, folders=folders)
    )
    monkeypatch.setattr(
        "fitglue_registry.services.importing.watching.Timing",
        partial(Timing, quiet_s=0.05, tick_s=0.01),
    )
    assert fitglue("import", str(folder)).code == 0
    return folder


def test_each_round_that_brings_something_is_a_line(watched, fitglue):
    """The watched paths are printed first, then a line for each sync with a change, and Ctrl-C ends
    it.
    """
    result = fitglue("watch")
    assert result.code == 130
    assert f"log: watching {watched}" in result.err
    [line] = result.out.splitlines()
    assert "  log: 1 new (" in line
    assert "Nothing that was stored is lost" in result.err


def test_json_is_the_events(watched, fitglue):
    """With --json each event is one line."""
    result = fitglue("watch", "log", "--json")
    assert [line["event"] for line in result.lines][:3] == [
        "Watching",
        "SyncStarted",
        "PartsPlanned",
    ]
    assert result.code == 130


def test_nothing_to_watch_says_how_a_folder_becomes_a_connection(watched, fitglue):
    """Without a watchable connection, the error says how to import a folder or how to
    sync instead.
    """
    assert fitglue("connections", "remove", "log", "--yes").code == 0
    result = fitglue("watch", "--json")
    assert (result.code, result.error["code"], result.error["fix"]) == (
        2,
        "FG-nothing-to-watch",
        "fitglue import FOLDER",
    )
