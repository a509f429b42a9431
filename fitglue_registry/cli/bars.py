"""Progress bars on a terminal, drawn with rich: a line of what is done now, a bar for each part."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.progress import Task


class _OnlyParts(ProgressColumn):
    """A column that stays empty on the line that has no end."""

    def __init__(self, column: ProgressColumn) -> None:
        self._column = column
        super().__init__()

    def render(self, task: Task) -> RenderableType:
        if task.total is None:
            return Text("")
        return self._column.render(task)


class _OnlyText(SpinnerColumn):
    """A sign of life on the line that has no end."""

    def render(self, task: Task) -> RenderableType:
        if task.total is None:
            return super().render(task)
        return Text(" ")


def progress_bars(console: Console) -> Progress:
    """Bars that are removed when they stop; ``start`` shows them."""
    columns = (
        _OnlyText(style="dim"),
        TextColumn("{task.description}", markup=False),
        _OnlyParts(BarColumn(bar_width=24)),
        _OnlyParts(MofNCompleteColumn()),
        _OnlyParts(TimeRemainingColumn(compact=True)),
    )
    # Standard output is for answers, and an export that runs beside a bar writes there: it stays as
    # it is.
    return Progress(*columns, console=console, transient=True, redirect_stdout=False)
