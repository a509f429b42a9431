"""Shows progress on standard error: a line for the current step, and a bar for each part.

Where nothing on the screen can move, such as with ``NO_COLOR``, it is printed line by line.
"""

from __future__ import annotations

import math
import sys
import threading
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from fitglue_registry.cli.numbers import span
from fitglue_registry.cli.text import clean

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from rich.progress import Progress as Bars
    from rich.progress import TaskID

    from fitglue_registry.cli.context import CliContext

#: A command that ends sooner shows no progress, because it would only flicker.
_PATIENCE_S = 0.5
#: The shortest time between two lines of progress on a terminal on which nothing can move.
_BETWEEN_LINES_S = 3.0
#: A part that is answered so long after a wait was announced shows that it has ended earlier.
_LEFTOVERS_S = 1.5
#: Without a terminal, only a wait of at least this length is worth a line.
_WORTH_A_LINE_S = 3.0


@dataclass(frozen=True, slots=True)
class _Wait:
    """A wait for a service."""

    reason: str
    began: float  # by time.monotonic()
    seconds: float
    until: datetime

    def left_s(self) -> float:
        return self.began + self.seconds - time.monotonic()

    def text(self, seconds: float) -> str:
        # Rounded up, so that it never counts 0 seconds.
        return f"waiting {span(math.ceil(seconds))}, until {self.until:%H:%M:%S}: {self.reason}"


class Progress:
    """The progress of one command, shown while the context manager is open.

    On a terminal, a line and bars appear after half a second and are removed at the end. If the
    terminal has no colors, lines are printed instead, every few seconds. Without a terminal, long
    waits are printed as lines. With ``--json`` nothing is shown.
    """

    def __init__(self, cli: CliContext, text: str = "") -> None:
        self._cli = cli
        self._text = text
        self._lock = threading.Lock()
        self._bars: Bars | None = None
        self._parts: dict[str, tuple[int, int]] = {}
        self._tasks: dict[str, TaskID] = {}
        self._wait: _Wait | None = None
        self._line = ""
        self._line_at: float | None = None
        self._prints_lines = False
        self._on_terminal = sys.stderr.isatty() and not cli.as_json
        self._timer = threading.Timer(_PATIENCE_S, self._begin)
        # A daemon, so that a command that ends before the timer fires need not wait for it.
        self._timer.daemon = True

    def __enter__(self) -> Self:
        if self._on_terminal:
            self._timer.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._timer.cancel()
        with self._lock:
            self._on_terminal = False
            self._prints_lines = False
            if self._bars is not None:
                self._bars.stop()
                self._bars = None

    def show_step(self, text: str) -> None:
        """Show the current step."""
        with self._lock:
            self._text = text
            self._end_wait()
            self._refresh()

    def bar(
        self,
        name: str,
        done: int,
        total: int,
    ) -> None:
        """Show that ``done`` of ``total`` steps of one part are done; nothing to do has no bar."""
        if not total:
            return
        with self._lock:
            self._parts[name] = (done, total)
            self._end_wait()
            self._refresh()

    def clear(self) -> None:
        """Remove all bars, because another connection begins."""
        with self._lock:
            if self._bars is not None:
                for task in self._tasks.values():
                    self._bars.remove_task(task)
            self._parts.clear()
            self._tasks.clear()

    def waiting(self, seconds: float, reason: str) -> None:
        """Show how long a request must wait, and why; called from any thread.

        On a terminal, the seconds are counted down, and the current step returns after them.
        """
        until = datetime.now().astimezone() + timedelta(seconds=seconds)
        wait = _Wait(clean(reason), time.monotonic(), seconds, until)
        with self._lock:
            self._wait = wait
            if self._bars is not None:
                self._refresh()
                return
            is_shown = not self._on_terminal or self._prints_lines
        # Otherwise this may be a log file, which short waits would fill.
        if is_shown and seconds >= _WORTH_A_LINE_S:
            self._cli.note(wait.text(seconds))

    def announce(self, text: str) -> None:
        """Print a line that stays, above the bars if there are any."""
        with self._lock:
            if self._bars is None:
                self._cli.note(text)
            else:
                self._bars.console.print(
                    text,
                    markup=False,
                    highlight=False,
                )

    def _begin(self) -> None:
        with self._lock:
            if not self._on_terminal:
                return
            if self._cli.err.draws_bars:
                self._bars = self._cli.progress_bars()
                self._bars.start()
            else:
                self._prints_lines = True
            self._refresh()

    def _end_wait(self) -> None:
        """Forget a wait that is over, since something was answered after it was announced."""
        if self._wait is not None and time.monotonic() > self._wait.began + _LEFTOVERS_S:
            self._wait = None

    def _shown(self) -> str:
        """Return the current step, or what is waited for at this moment."""
        wait = self._wait
        if wait is None or wait.left_s() <= 0:
            return self._text
        return wait.text(wait.left_s())

    def _refresh(self) -> None:
        if self._prints_lines:
            self._print_line()
        if self._bars is None:
            return
        # The task with the empty name is the line of the current step, which has no total.
        if "" not in self._tasks:
            self._tasks[""] = self._bars.add_task("", total=None, live=self._shown)
        for name, (done, total) in self._parts.items():
            if name not in self._tasks:
                # The steps before it appears would otherwise count as done in no time.
                self._tasks[name] = self._bars.add_task(name, total=total, completed=done)
            self._bars.update(
                self._tasks[name],
                completed=done,
                total=total,
            )

    def _print_line(self) -> None:
        """Print the current step and how much of each part is done, unless that was just done."""
        now = time.monotonic()
        if self._line_at is not None and now < self._line_at + _BETWEEN_LINES_S:
            return
        counted = [f"{name} {done:,} of {total:,}" for name, (done, total) in self._parts.items()]
        line = ", ".join([self._text, *counted])
        if line == self._line:
            return
        self._line, self._line_at = line, now
        self._cli.note(line)
