"""Draws the parts of a screen with rich, aligned and cut to the width of the terminal."""

from __future__ import annotations

import os
import re
from itertools import chain, repeat
from typing import TYPE_CHECKING, Any

from rich.cells import cell_len
from rich.console import Console, Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from fitglue_registry.cli.layout import (
    Hanging,
    Heading,
    Labeled,
    Line,
    Pairs,
    Rows,
    Styled,
)
from fitglue_registry.cli.text import chosen_width, clean, clean_lines, terminal_width

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TextIO

    from rich.console import RenderableType

    from fitglue_registry.cli.layout import Column, Part

#: The width if the stream is not a terminal: wide enough that nothing is cut or wrapped.
_UNBOUNDED = 10_000
#: A flexible column is never cut to fewer characters than this.
_NARROWEST = 8
#: The spaces at the end of a line, also before the escape sequences that end a color there.
_SPACES_AT_END = re.compile(r"(?<! ) ++((?:\x1b\[[0-9;]*m)*+)$")


class Screen:
    """Standard output or standard error, drawn as text for people."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        #: The console of rich, for objects that draw themselves, such as progress bars.
        self.console = _console(stream)

    @property
    def width(self) -> int:
        """The number of columns of a line."""
        return self.console.width

    def show(self, parts: Sequence[Part]) -> None:
        """Print the parts."""
        # rich fills the lines of a table with spaces up to its width. They would be copied with the
        # text, and would wrap if the terminal becomes narrower, so they are removed.
        with self.console.capture() as captured:
            for part in parts:
                self.console.print(_drawn(part, self.width))
        lines = [_SPACES_AT_END.sub(r"\1", line) + "\n" for line in captured.get().splitlines()]
        self._stream.write("".join(lines))
        self._stream.flush()

    @property
    def draws_bars(self) -> bool:
        """Whether bars can be drawn that move: not in a pipe, and not without colors."""
        return self.console.is_terminal

    def note(self, text: str) -> None:
        """Print a remark in a fainter style than a result."""
        self.show([Styled(text, "dim")])


def _console(stream: TextIO) -> Console:
    is_terminal = stream.isatty()
    # A pipe gets neither colors nor a width limit, so that grep and awk see complete lines.
    has_colors = is_terminal and _wants_colors()
    width = _UNBOUNDED
    if is_terminal or chosen_width() is not None:
        width = terminal_width(stream)
    return Console(
        file=stream,
        color_system="auto" if has_colors else None,
        force_terminal=has_colors,
        width=width,
        _environ=_environment(),
        highlight=False,
        markup=False,
        emoji=False,
        soft_wrap=False,
        legacy_windows=False,
    )


def _environment() -> dict[str, str]:
    """Return the environment without the size of the terminal, which we have determined.

    rich would raise an error if one of these variables is a number that Python cannot convert.
    """
    environment = dict(os.environ)
    for name in ("COLUMNS", "LINES"):
        environment.pop(name, None)
    return environment


def _wants_colors() -> bool:
    return not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _drawn(part: Part, width: int) -> RenderableType:
    match part:
        case Styled():
            return _styled(part)
        case Line():
            return _line(part)
        case Heading():
            return _heading(part)
        case Hanging():
            return _hanging(part)
        case Labeled():
            return _labeled(part)
        case Pairs():
            return _pairs(part)
        case Rows():
            return _rows(part, min(part.width or width, width))
    return part


def _styled(part: Styled) -> Text:
    return Text(clean_lines(part.text), style=part.style)


def _line(line: Line) -> Text:
    text = Text()
    for piece in line.pieces:
        if isinstance(piece, Styled):
            text.append(clean(piece.text), piece.style)
        else:
            text.append(clean(piece))
    return text


def _heading(heading: Heading) -> Text:
    text = Text.assemble((clean(heading.text), "bold"))
    if heading.more:
        text.append(f"  {clean(heading.more)}", "dim")
    return text


def _hanging(hanging: Hanging) -> Table:
    table = Table.grid(padding=(0, 1, 0, 0))
    margin = _margin(table, hanging.indent, hanging.indent - 1)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    table.add_row(*margin, _cell(hanging.mark), _cell(hanging.text))
    return table


def _labeled(labeled: Labeled) -> Table:
    table = Table.grid(padding=(0, 1, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for label, content in labeled.rows:
        line = content if isinstance(content, Line) else Line((content,))
        table.add_row(_styled(label), _line(line))
    return table


def _pairs(pairs: Pairs) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    margin = _margin(table, pairs.indent, max(pairs.indent - 2, 0))
    rows = list(pairs.rows)
    number_of_columns = max(map(len, rows), default=1)
    widths = chain(pairs.widths, repeat(None))
    for number, width in zip(range(number_of_columns), widths, strict=False):
        table.add_column(
            no_wrap=number == 0,
            overflow="fold",
            width=width,
        )

    for name, *values in rows:
        # Labels are dim, so that the values stand out; marks such as ✓ bring their own style.
        first = name if isinstance(name, Styled) else Styled(clean(name), "dim")
        table.add_row(*margin, _styled(first), *map(_cell, values))
    return table


def _rows(rows: Rows, width: int) -> RenderableType:
    cells = [list(map(_cell, row)) for row in rows.values]
    longest = [_longest(number, column, cells) for number, column in enumerate(rows.columns)]
    # How many characters the table is wider than the screen, with two between columns.
    over = rows.indent + sum(longest) + 2 * (len(rows.columns) - 1) - width
    if rows.whole and over > 0:
        return _stacked(rows, cells)
    table = Table(
        box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim", show_edge=False
    )
    margin = _margin(table, rows.indent, rows.indent - 2)
    for column, needed in zip(rows.columns, longest, strict=True):
        most = None
        if column.flexible and not column.folded and over > 0:
            most = max(needed - over, _NARROWEST)
        table.add_column(
            column.name,
            justify="right" if column.right else "left",
            no_wrap=not column.folded,
            overflow="fold" if column.folded else "ellipsis",
            max_width=most,
        )
    for row in cells:
        table.add_row(*margin, *row)
    return table


def _stacked(rows: Rows, cells: Sequence[Sequence[Text]]) -> RenderableType:
    """Return the rows one above the other, each value in a line of its own."""
    drawn: list[RenderableType] = []
    for first, *others in cells:
        drawn.append(Padding(first, (0, 0, 0, rows.indent)))
        table = Table.grid(padding=(0, 2, 0, 0))
        table.add_column(no_wrap=True, style="dim")
        table.add_column(overflow="fold")
        for column, value in zip(rows.columns[1:], others, strict=True):
            if value.plain:
                table.add_row(column.name, value)
        drawn.append(Padding(table, (0, 0, 0, rows.indent + 2)))
    return Group(*drawn)


def _margin(
    table: Table,
    indent: int,
    width: int,
) -> list[str]:
    """Add an empty column for an indent, and return the cells that each row needs for it."""
    if not indent:
        return []
    table.add_column("", width=width, no_wrap=True)
    return [""]


def _longest(
    number: int,
    column: Column,
    cells: Sequence[Sequence[Text]],
) -> int:
    widths = [row[number].cell_len for row in cells]
    return max([cell_len(column.name), *widths])


def _cell(value: Any) -> Text:
    if isinstance(value, Styled):
        return _styled(value)
    if value is None:
        return Text()
    return Text(clean(value))
