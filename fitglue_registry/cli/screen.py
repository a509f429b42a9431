"""Draws the parts of a screen with rich: calm, aligned, and cut to the width at hand."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from fitglue_registry.cli.layout import (
    Hanging,
    Heading,
    Labelled,
    Line,
    Pairs,
    Rows,
    Styled,
)
from fitglue_registry.cli.text import clean, clean_lines, terminal_width

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TextIO

    from rich.console import RenderableType

    from fitglue_registry.cli.layout import Column, Part

#: Wide enough that nothing is cut or wrapped where no terminal has to show it.
_UNBOUNDED = 10_000
#: A flexible column keeps this many characters.
_NARROWEST = 8


class Screen:
    """One of the two standard streams, as a person reads it."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        #: The console of rich, for what draws itself, such as progress bars.
        self.console = _console(stream)

    @property
    def width(self) -> int:
        """Columns that a line may take."""
        return self.console.width

    def show(self, parts: Sequence[Part]) -> None:
        """Print the parts, without the blanks that fill a line up."""
        with self.console.capture() as captured:
            for part in parts:
                self.console.print(_drawn(part, self.width))
        lines = [line.rstrip(" ") for line in captured.get().splitlines()]
        self._stream.write("".join(f"{line}\n" for line in lines))
        self._stream.flush()

    def note(self, text: str) -> None:
        """Print a remark, less bright than an answer."""
        self.show([Styled(text, "dim")])


def _console(stream: TextIO) -> Console:
    is_terminal = stream.isatty()
    is_plain = (
        not is_terminal or bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb"
    )
    has_width = is_terminal or os.environ.get("COLUMNS", "").isdecimal()
    return Console(
        file=stream,
        color_system=None if is_plain else "auto",
        force_terminal=is_terminal and not is_plain,
        width=terminal_width(stream) if has_width else _UNBOUNDED,
        highlight=False,
        markup=False,
        emoji=False,
        soft_wrap=False,
        legacy_windows=False,
    )


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
        case Labelled():
            return _labelled(part)
        case Pairs():
            return _pairs(part)
        case Rows():
            return _rows(part, part.width or width)
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
    mark = hanging.mark
    first = _styled(mark) if isinstance(mark, Styled) else Text(mark)
    table.add_row(*margin, first, Text(clean(hanging.text)))
    return table


def _labelled(labelled: Labelled) -> Table:
    table = Table.grid(padding=(0, 1, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for label, content in labelled.rows:
        text = _line(content) if isinstance(content, Line) else clean(content)
        table.add_row(_styled(label), text)
    return table


def _pairs(pairs: Pairs) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    margin = _margin(table, pairs.indent, max(pairs.indent - 2, 0))
    number_of_columns = max((len(row) for row in pairs.rows), default=1)
    for number in range(number_of_columns):
        fixed = pairs.widths[number] if number < len(pairs.widths) else None
        table.add_column(no_wrap=number == 0, overflow="fold", width=fixed)

    for name, *values in pairs.rows:
        first = _styled(name) if isinstance(name, Styled) else Text(clean(name), style="dim")
        table.add_row(*margin, first, *map(_cell, values))
    return table


def _rows(rows: Rows, width: int) -> Table:
    table = Table(
        box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim", show_edge=False
    )
    margin = _margin(table, rows.indent, rows.indent - 2)
    cells = [[_cell(value) for value in row] for row in rows.values]
    longest = [_longest(number, column, cells) for number, column in enumerate(rows.columns)]
    over = rows.indent + sum(longest) + 2 * (len(rows.columns) - 1) - width

    for column, needed in zip(rows.columns, longest, strict=True):
        is_cut = column.flexible and not column.folded and over > 0
        table.add_column(
            column.name,
            justify="right" if column.right else "left",
            no_wrap=not column.folded,
            overflow="fold" if column.folded else "ellipsis",
            max_width=max(needed - over, _NARROWEST) if is_cut else None,
        )
    for row in cells:
        table.add_row(*margin, *row)
    return table


def _margin(table: Table, indent: int, width: int) -> list[str]:
    """Add an empty column for an indent, and return the cell of each row that goes there."""
    if not indent:
        return []
    table.add_column("", width=width, no_wrap=True)
    return [""]


def _longest(number: int, column: Column, cells: Sequence[Sequence[Text]]) -> int:
    widths = [row[number].cell_len for row in cells]
    return max([cell_len(column.name), *widths])


def _cell(value: Any) -> Text:
    if isinstance(value, Styled):
        return _styled(value)
    return Text(clean("" if value is None else value))
