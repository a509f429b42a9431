"""The two shapes of every screen: rows under headings, and names beside values; calm, aligned, cut
to the width at hand.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

from fitglue_registry.cli.text import clean

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_NARROWEST = 8


def rows(
    columns: Sequence[str],
    values: Iterable[Sequence[Any]],
    *,
    width: int,
    right: Iterable[str] = (),
    flexible: str | None = None,
    indent: int = 0,
    fold: Iterable[str] = (),
) -> Table:
    """A table of at most ``width``.

    ``right`` columns hold figures; ``flexible`` is cut where it does not fit; ``fold`` ones wrap.
    """
    figures, folded = set(right), set(fold)
    cells = [[_cell(value) for value in row] for row in values]
    table = Table(
        box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim", show_edge=False
    )
    if indent:
        table.add_column("", width=indent - 2, no_wrap=True)
    natural = [
        max([cell_len(column), *(row[index].cell_len for row in cells)])
        for index, column in enumerate(columns)
    ]
    over = indent + sum(natural) + 2 * (len(columns) - 1) - width
    for column, longest in zip(columns, natural, strict=True):
        cut = (
            max(longest - over, _NARROWEST)
            if column == flexible and column not in folded and over > 0
            else None
        )
        table.add_column(
            column,
            justify="right" if column in figures else "left",
            no_wrap=column not in folded,
            overflow="fold" if column in folded else "ellipsis",
            max_width=cut,
        )
    for row in cells:
        table.add_row(*([""] if indent else []), *row)
    return table


def _cell(value: Any) -> Text:
    return value if isinstance(value, Text) else Text(clean("" if value is None else value))


def pairs(values: Iterable[Sequence[Any]], *, indent: int = 2, widths: Sequence[int] = ()) -> Table:
    """Names with their values beside them; the last column wraps."""
    listed = [list(row) for row in values]
    table = Table.grid(padding=(0, 2, 0, 0))
    if indent:
        table.add_column(width=max(indent - 2, 0), no_wrap=True)
    most = max((len(row) for row in listed), default=1)
    for number in range(most):
        fixed = widths[number] if number < len(widths) else None
        table.add_column(no_wrap=number == 0, overflow="fold", width=fixed)
    for row in listed:
        first, *rest = row
        name = first if isinstance(first, Text) else Text(clean(first), style="dim")
        table.add_row(*([""] if indent else []), name, *(_cell(value) for value in rest))
    return table


def heading(text: str, more: str = "") -> Text:
    """The title of a part of a screen."""
    return Text.assemble((clean(text), "bold"), *([(f"  {clean(more)}", "dim")] if more else []))


def hanging(first: str | Text, text: str, *, style: str = "", indent: int = 2) -> Table:
    """A mark or a word with a text beside it that wraps under itself."""
    table = Table.grid(padding=(0, 1, 0, 0))
    if indent:
        table.add_column(width=indent - 1, no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    table.add_row(
        *([""] if indent else []),
        first if isinstance(first, Text) else Text(first),
        Text(clean(text), style=style),
    )
    return table
