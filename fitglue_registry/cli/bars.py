"""Progress bars on a terminal, drawn with rich: one line for the current step, one bar per part."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    TimeRemainingColumn,
)
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import Console, RenderableType
    from rich.progress import Task

#: From this speed on, tenths of a step per second are of no interest.
_WHOLE_SPEED = 10
#: Seconds of work on a part before its speed and the time that is left are shown.
_KNOWN_AFTER_S = 1.0


class _OnlyParts(ProgressColumn):
    """A column of the bars that stays empty on the line of the current step, which has no total."""

    def __init__(self, column: ProgressColumn) -> None:
        self._column = column
        super().__init__()

    def render(self, task: Task) -> RenderableType:
        if task.total is None:
            return Text("")
        return self._column.render(task)


class _OnlyText(SpinnerColumn):
    """A spinner on the line of the current step, and nothing on the bars."""

    def render(self, task: Task) -> RenderableType:
        if task.total is None:
            return super().render(task)
        return Text(" ")


class _OnceKnown(_OnlyParts):
    """A column of the bars that stays empty until the speed is known."""

    def render(self, task: Task) -> RenderableType:
        if _speed(task) is None:
            return Text("")
        return super().render(task)


class _Speed(ProgressColumn):
    """How many steps of a part are done per second, such as ``51/s``."""

    def render(self, task: Task) -> RenderableType:
        speed = _speed(task)
        if speed is None:
            return Text("")
        digits = 0 if speed >= _WHOLE_SPEED else 1
        return Text(f"{speed:,.{digits}f}/s", style="progress.data.speed")


class _Live(ProgressColumn):
    """The name of a part, or the text of the current step, which can change at each refresh."""

    def render(self, task: Task) -> RenderableType:
        live = task.fields.get("live")
        return Text(live() if live else task.description)


def _speed(task: Task) -> float | None:
    """Return the steps per second, or ``None`` before they are known.

    The first steps of a part arrive together, as one batch, and say nothing about its speed.
    """
    elapsed_s = task.elapsed
    if elapsed_s is None or elapsed_s < _KNOWN_AFTER_S:
        return None
    return task.speed


class _Bars(Progress):
    """Bars below the line of the current step, which has the whole width of the screen."""

    def get_renderables(self) -> Iterable[RenderableType]:
        steps = [task for task in self.tasks if task.total is None]
        parts = [task for task in self.tasks if task.total is not None]
        for tasks in (steps, parts):
            if tasks:
                yield self.make_tasks_table(tasks)


def progress_bars(console: Console) -> Progress:
    """Return bars that appear with ``start`` and are removed with ``stop``."""
    columns = (
        _OnlyText(style="dim"),
        _Live(),
        _OnlyParts(BarColumn(bar_width=24)),
        _OnlyParts(MofNCompleteColumn()),
        _OnlyParts(_Speed()),
        _OnceKnown(TimeRemainingColumn(compact=True)),
    )
    # An export writes to standard output while its bar is shown, so rich must not redirect it.
    return _Bars(*columns, console=console, transient=True, redirect_stdout=False)
