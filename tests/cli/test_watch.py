"""``fitglue watch``: what it prints while it waits, and how it ends."""

from __future__ import annotations

import os
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


@pytest.mark.parametrize(
    ("name", "content", "size", "expected"),
    [
        (
            "large.fit",
            b"",
            1 << 40,
            (
                "files: nothing new, 1 could not be read",
                "large.fit cannot be used: it has more than 256 MB",
                "each sync reports it until it can be read",
            ),
        ),
        (
            "damaged.gpx",
            b"<gpx><trk></gpx>",
            None,
            (
                "files: 1 new, 1 of them in quarantine",
                "damaged.gpx: the file cannot be used: ",
                "see: fitglue quarantine",
            ),
        ),
    ],
)
def test_a_bad_file_in_a_watched_folder_is_named_with_its_reason(
    tmp_path, child, monkeypatch, name, content, size, expected
):
    """`watch` prints the path of a file that cannot be used, the reason and the next step."""
    monkeypatch.setenv("COLUMNS", "300")
    folder = tmp_path / "rides"
    folder.mkdir()
    (folder / "a.gpx").write_bytes(b"<gpx><trk><name>A</name>")
    assert child("import", str(folder), "--yes").wait() == 5
    (folder / name).write_bytes(content)
    if size is not None:
        os.truncate(folder / name, size)
    watching = child("watch")
    lines = [next(watching.stdout) for _ in expected]
    for line, words in zip(lines, expected, strict=True):
        assert words in line
