"""CSV tables, including those that a spreadsheet has saved again with other line endings."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from fitglue_files import limits

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

#: The cells of one row.
Row: TypeAlias = list[str]
#: The number of bytes that always contain the header.
HEADER_BYTES = 1 << 14


class Table(NamedTuple):
    """The header and the rows below it; both are empty if the file is."""

    header: Row
    rows: list[Row]


def read_table(content: bytes) -> Table:
    """Return a table without its blank rows. Cells can contain line breaks and have any length."""
    rows = [row for row in _rows(content) if any(map(str.strip, row))]
    if not rows:
        return Table([], [])
    header, *others = rows
    return Table(header, others)


def read_header(content: bytes) -> Row:
    """Return the first row; the beginning of the file is enough."""
    return next(_rows(content), [])


def folded(header: Iterable[str]) -> list[str]:
    """Return the names of the columns in lower case without surrounding blanks, to compare them."""
    return [name.strip().casefold() for name in header]


def _rows(content: bytes) -> Iterator[Row]:
    """Yield the rows, whichever line endings the file has."""
    text = content.decode("utf-8-sig", "replace")
    # The default limit is 128 kB, and descriptions can be longer. The limit is global in ``csv``.
    csv.field_size_limit(limits.LARGEST)
    # The csv module must see the line endings itself: a cell can contain line breaks.
    file = io.StringIO(text.replace("\0", ""), newline="")
    return csv.reader(file)
