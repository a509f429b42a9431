"""Shows progress on standard error: a line for the current step, and a bar for each part."""

from __future__ import annotations

import sys
import threading
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
#: Without a terminal, only a wait of at least this length is worth a line.
_WORTH_A_LINE_S = 3.0


class Progress:
    """The progress of one command, shown while the context manager is open.

    On a terminal, a line and bars appear after half a second and are removed at the end. Without a
    terminal, long waits are printed as lines. With ``--json`` nothing is shown.
    """

    def __init__(self, cli: CliContext, text: str = "") -> None:
        self._cli = cli
        self._text = text
        self._lock = threading.Lock()
        self._bars: Bars | None = None
        self._parts: dict[str, tuple[int, int]] = {}
        self._tasks: dict[str, TaskID] = {}
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
            if self._bars is not None:
                self._bars.stop()
                self._bars = None

    def show_step(self, text: str) -> None:
        """Show the current step."""
        with self._lock:
            self._text = text
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
        """Show how long a request must wait, and why; called from any thread."""
        text = f"waiting {span(seconds)}: {clean(reason)}"
        if self._on_terminal:
            self.show_step(text)
        # Without a terminal, this may be a log file, which short waits would fill.
        elif seconds >= _WORTH_A_LINE_S:
            self._cli.note(text)

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
            self._bars = self._cli.progress_bars()
            self._bars.start()
            self._refresh()

    def _refresh(self) -> None:
        if self._bars is None:
            return
        # The task with the empty name is the line of the current step, which has no total.
        if "" not in self._tasks:
            self._tasks[""] = self._bars.add_task(self._text, total=None)
        self._bars.update(self._tasks[""], description=self._text)
        for name, (done, total) in self._parts.items():
            if name not in self._tasks:
                # The steps before it appears would otherwise count as done in no time.
                self._tasks[name] = self._bars.add_task(name, total=total, completed=done)
            self._bars.update(
                self._tasks[name],
                completed=done,
                total=total,
            )
