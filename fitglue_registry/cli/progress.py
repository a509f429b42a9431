"""Progress on standard error: a line of what is being done with a bar for each part, on a terminal
and after half a second.
"""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING, Any

from fitglue_registry.cli.numbers import span
from fitglue_registry.cli.text import clean

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from fitglue_registry.cli.context import CliContext

_PATIENCE_S = 0.5
_WORTH_A_LINE_S = 3.0


class Progress:
    """Shows nothing for what is quick, nothing to a program, and a line for a long wait where no
    terminal is.
    """

    def __init__(self, cli: CliContext, text: str = "") -> None:
        self._cli, self._lock = cli, threading.Lock()
        self._live: Any = None
        self._text, self._bars = text, dict[str, tuple[int, int]]()
        self._shown: dict[str, Any] = {}
        self._on_terminal = sys.stderr.isatty() and not cli.as_json
        self._timer = threading.Timer(_PATIENCE_S, self._begin)
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
            if self._live is not None:
                self._live.stop()
                self._live = None

    def say(self, text: str) -> None:
        """What is being done now."""
        with self._lock:
            self._text = text
            self._refresh()

    def bar(self, name: str, done: int, total: int) -> None:
        """How far one part has come."""
        with self._lock:
            self._bars[name] = (done, total)
            self._refresh()

    def clear(self) -> None:
        """Forget the bars: something else begins."""
        with self._lock:
            for task in self._shown.values():
                if self._live is not None:
                    self._live.remove_task(task)
            self._bars, self._shown = {}, {}

    def waiting(self, seconds: float, reason: str) -> None:
        """Somebody has to wait; called from any thread."""
        text = f"waiting {span(seconds)}: {clean(reason)}"
        if self._on_terminal:
            self.say(text)
        elif seconds >= _WORTH_A_LINE_S:
            self._cli.note(text)

    def _begin(self) -> None:
        with self._lock:
            if not self._on_terminal:
                return
            self._live = _bars(self._cli)
            self._live.start()
            self._refresh()

    def _refresh(self) -> None:
        if self._live is None:
            return
        if "" not in self._shown:
            self._shown[""] = self._live.add_task(self._text, total=None)
        self._live.update(self._shown[""], description=self._text)
        for name, (done, total) in self._bars.items():
            if name not in self._shown:
                self._shown[name] = self._live.add_task(name, total=total)
            self._live.update(self._shown[name], completed=done, total=total)


def _bars(cli: CliContext) -> Any:
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        ProgressColumn,
        SpinnerColumn,
        Task,
        TextColumn,
        TimeRemainingColumn,
    )
    from rich.progress import Progress as Bars
    from rich.text import Text

    class OnlyParts(ProgressColumn):
        """A column that stays empty on the line that has no end."""

        def __init__(self, column: ProgressColumn) -> None:
            self._column = column
            super().__init__()

        def render(self, task: Task) -> Any:
            return Text("") if task.total is None else self._column.render(task)

    class OnlyText(SpinnerColumn):
        """A sign of life on the line that has no end."""

        def render(self, task: Task) -> Any:
            return super().render(task) if task.total is None else Text(" ")

    columns = (
        OnlyText(style="dim"),
        TextColumn("{task.description}", markup=False),
        OnlyParts(BarColumn(bar_width=24)),
        OnlyParts(MofNCompleteColumn()),
        OnlyParts(TimeRemainingColumn(compact=True)),
    )
    # Standard output is for answers, and an export that runs beside a bar writes there: it stays as
    # it is.
    return Bars(*columns, console=cli.err, transient=True, redirect_stdout=False)
