"""Output on a real terminal, where bars move while results are written."""

from __future__ import annotations

import io
import json
import os
import pty
import re
import subprocess
import sys
from contextlib import closing

import pytest
from rich.console import Console

from fitglue_registry.cli import progress
from fitglue_registry.cli.app import LateLoader
from fitglue_registry.cli.bars import progress_bars
from fitglue_registry.cli.context import CliContext
from fitglue_registry.cli.following import follow
from fitglue_registry.cli.layout import Hanging, Pairs, Styled
from fitglue_registry.cli.screen import Screen

#: The command with bars that do not wait until something takes long.
AT_ONCE = """
import sys
from fitglue_registry.cli import app, progress
progress._PATIENCE_S = 0.0
sys.exit(app.run(sys.argv[1:]))
"""


def test_an_export_beside_a_moving_bar_is_whole(tmp_path, connect, fitglue, monkeypatch):
    """An export writes every activity to the file and none to the screen, however long the bar is
    shown.
    """
    connect()
    fitglue("sync")
    wanted = len(fitglue("activities", "--json").out.splitlines())
    controller, terminal = pty.openpty()
    command = [sys.executable, "-c", AT_ONCE, "export", "--out", str(tmp_path / "all.jsonl")]
    try:
        subprocess.run(
            command,
            stdin=terminal,
            stdout=terminal,
            stderr=terminal,
            check=True,
            timeout=60,
            env=os.environ,
        )
    finally:
        os.close(terminal)
    shown = os.read(controller, 1_000_000)
    os.close(controller)
    lines = (tmp_path / "all.jsonl").read_text(encoding="utf-8").splitlines()
    assert len([json.loads(line) for line in lines]) == wanted > 0
    assert b'"claims"' not in shown


def test_a_bar_shows_the_steps_per_second_and_the_time_that_is_left():
    """The bar of a part shows how many steps are done, how many are done per second, and how long
    the others will take.
    """
    line = drawn([(float(second), 50 * second) for second in range(5)], total=1000)
    assert " 200/1000 " in line
    assert " 50/s " in line
    assert " 00:16" in line


def drawn(steps, total=220):
    """Return a bar after some steps, given as pairs of a moment and how many are done by then."""
    now = [0.0]
    screen = io.StringIO()
    console = Console(
        file=screen,
        force_terminal=True,
        color_system=None,
        width=80,
        get_time=lambda: now[0],
    )
    bars = progress_bars(console)
    files = bars.add_task("files", total=total)
    for moment, done in steps:
        now[0] = moment
        bars.update(files, completed=done)
    console.print(bars.make_tasks_table(bars.tasks))
    return screen.getvalue()


@pytest.mark.parametrize("steps", [[(0.0, 4)], [(0.0001, 2), (0.0002, 4)]])
def test_a_bar_shows_no_speed_before_it_is_known(steps):
    """In its first second, a bar shows how many steps are done, but no speed and no time."""
    line = drawn(steps)
    assert " 4/220 " in line
    assert "/s" not in line
    assert ":" not in line


def test_a_bar_shows_its_speed_after_a_second():
    """After a second of work, a bar shows its speed and the time that is left."""
    line = drawn([(0.5, 10), (1.0, 20), (2.0, 40)])
    assert " 20/s " in line
    assert " 00:09" in line


def test_nothing_to_do_has_no_bar():
    """A part without any step gets no bar, such as ``0/0``."""
    shown = progress.Progress(CliContext(LateLoader()))
    shown.bar("files", 0, 0)
    assert shown._parts == {}


@pytest.mark.parametrize("verb", ["reading", "listing"])
def test_the_time_before_the_first_event_has_a_text(monkeypatch, verb):
    """Before the first event of a sync or an import, the screen says what is being done."""
    texts = []
    begin = progress.Progress.__init__

    def noted(self, cli, text=""):
        texts.append(text)
        begin(self, cli, text)

    monkeypatch.setattr(progress.Progress, "__init__", noted)
    with closing(CliContext(LateLoader())) as cli:
        follow(cli, (event for event in ()), verb)
    assert texts == [verb]


def test_a_raw_table_keeps_texts_in_a_file_and_steers_no_terminal(monkeypatch):
    """With ``--raw``, a title that would steer a terminal is escaped there, and unchanged in a
    file.
    """
    from fitglue_registry.cli.app import LateLoader
    from fitglue_registry.cli.context import CliContext

    for on_terminal, shown in ((True, "\\x1b[31mred"), (False, "\x1b[31mred")):
        out = io.StringIO()
        monkeypatch.setattr(out, "isatty", lambda on_terminal=on_terminal: on_terminal)
        monkeypatch.setattr(sys, "stdout", out)
        CliContext(LateLoader()).csv(("title",), [("\x1b[31mred",)], raw=True)
        assert out.getvalue() == f'"title"\n"{shown}"\n'


class Terminal(io.StringIO):
    """Standard error as a terminal."""

    def isatty(self):
        return True


def shown_on(monkeypatch, **environment):
    """Return a terminal for standard error, and a progress on it that shows itself at once."""
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "80")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    shown = progress.Progress(CliContext(LateLoader()), "garmin: listing")
    return terminal, shown


@pytest.mark.parametrize("environment", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_without_colors_the_progress_is_lines(monkeypatch, environment):
    """With ``NO_COLOR`` or a dumb terminal, the progress is printed as plain lines."""
    monkeypatch.setattr(progress, "_BETWEEN_LINES_S", 0.0)
    terminal, shown = shown_on(monkeypatch, **environment)
    with shown:
        shown._begin()
        shown.show_step("garmin: fetching")
        shown.bar("details", 7, 40)
    assert terminal.getvalue().splitlines() == [
        "garmin: listing",
        "garmin: fetching",
        "garmin: fetching, details 7 of 40",
    ]


def test_lines_of_progress_do_not_fill_the_screen(monkeypatch):
    """Lines follow each other after some seconds only, however much happens."""
    terminal, shown = shown_on(monkeypatch, NO_COLOR="1")
    with shown:
        shown._begin()
        for done in range(1000):
            shown.bar("details", done, 1000)
    assert terminal.getvalue() == "garmin: listing\n"


def test_a_long_wait_is_a_line_without_colors(monkeypatch):
    """A wait says at once until when it lasts, also between two lines of progress."""
    terminal, shown = shown_on(monkeypatch, NO_COLOR="1")
    with shown:
        shown._begin()
        shown.waiting(30, "Garmin limits the number of requests")
    assert re.search(
        r"waiting 30 s, until \d\d:\d\d:\d\d: Garmin limits", " ".join(terminal.getvalue().split())
    )


def test_a_wait_is_counted_down_and_the_step_returns_after_it(monkeypatch):
    """The line of a wait says how many seconds are left; after them, it shows the step again."""
    now = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    _, shown = shown_on(monkeypatch)
    shown.show_step("garmin: fetching")
    shown.waiting(30, "the request limit")
    begun = shown._shown()
    now[0] += 12
    later = shown._shown()
    now[0] += 18
    assert begun.startswith("waiting 30 s, until ")
    assert later == begun.replace("30 s", "18 s")
    assert shown._shown() == "garmin: fetching"


def test_a_part_that_was_on_its_way_does_not_end_a_wait(monkeypatch):
    """What arrives just after the beginning of a wait was sent before it; what arrives later ends
    it.
    """
    now = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    _, shown = shown_on(monkeypatch)
    shown.waiting(30, "the service has not answered")
    shown.bar("details", 1, 40)
    assert shown._shown().startswith("waiting 30 s")
    now[0] += 5
    shown.bar("details", 2, 40)
    assert shown._shown() == "garmin: listing"


def test_the_line_of_a_step_has_the_whole_screen():
    """A long step is not squeezed into the column of the names of the bars."""
    screen = io.StringIO()
    bars = progress_bars(Console(file=screen, force_terminal=True, width=80))
    step = "waiting 27 s, until 14:02:33: the request limit of connectapi.garmin.com"
    bars.add_task("", total=None, live=lambda: step)
    bars.add_task("details", total=40)
    for drawn_part in bars.get_renderables():
        bars.console.print(drawn_part)
    assert step in screen.getvalue()


@pytest.mark.parametrize("parts", ["pairs", "hanging"])
def test_no_line_ends_in_spaces(monkeypatch, parts):
    """A line that wraps ends in no space, also if it has a color and the column is filled up."""
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "40")
    terminal = Terminal()
    text = Styled("brings streams, laps, sets and the original file", "dim")
    part = Pairs([("", "", text)]) if parts == "pairs" else Hanging("!", text)
    Screen(terminal).show([part])
    lines = terminal.getvalue().splitlines()
    assert len(lines) > 1
    assert "\x1b[2m" in lines[0]
    assert not [line for line in lines if re.search(r" (\x1b\[[0-9;]*m)*$", line)]
