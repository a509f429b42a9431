"""Reads tables in CSV, whatever a program that saved them anew made of them."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from fitglue_files import limits

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

#: The cells of one row.
Row: TypeAlias = list[str]
#: So many bytes hold the header.
HEADER_BYTES = 1 << 14


class Table(NamedTuple):
    """The header and the rows below it; both are empty where there is none."""

    header: Row
    rows: list[Row]


def read_table(content: bytes) -> Table:
    """A table without its blank rows; texts may hold line breaks, and of any length."""
    rows = [row for row in _rows(content) if any(map(str.strip, row))]
    if not rows:
        return Table([], [])
    header, *others = rows
    return Table(header, others)


def read_header(content: bytes) -> Row:
    """The first row; no more than the beginning of the table is needed."""
    return next(_rows(content), [])


def folded(header: Iterable[str]) -> list[str]:
    """The names of the columns, of which a program may have changed the case."""
    return [name.strip().casefold() for name in header]


def _rows(content: bytes) -> Iterator[Row]:
    """Rows that end in any way that lines end."""
    text = content.decode("utf-8-sig", "replace")
    csv.field_size_limit(limits.LARGEST)
    file = io.StringIO(text.replace("\0", ""), newline="")
    return csv.reader(file)
