"""CSV tables, including those that a spreadsheet has saved again, and damaged ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from fitglue_files.archives.csv_rows import RowReader
from fitglue_files.archives.csv_text import decode

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from fitglue_files.archives.csv_rows import Damage, Row

#: The characters of a cell that are kept. No description comes near it, and one absurd cell must
#: not make the row, or the complete table, too large for the host.
_LONGEST_CELL = 1_000_000
#: The number of bytes that always contain the header.
HEADER_BYTES = 1 << 14


class Table(NamedTuple):
    """The header and the rows below it; both are empty if the file is.

    Attributes:
        header: The names of the columns.
        rows: The rows that can be read.
        damages: The lines that cannot be read.
        guessed: The numbers of the lines whose letters may be wrong, because their bytes are not
            valid in the encoding of the table.
    """

    header: Row
    rows: list[Row]
    damages: tuple[Damage, ...] = ()
    guessed: tuple[int, ...] = ()


def read_table(content: bytes) -> Table:
    """Return a table without its blank rows. Cells can contain line breaks and have any length.

    A damaged row costs only itself.
    """
    text, guessed = decode(content)
    reader = RowReader(text)
    rows = [row for row in _shortened(reader.rows()) if any(map(str.strip, row))]
    damages = tuple(reader.damages)
    if not rows:
        return Table([], [], damages)
    header, *others = rows
    return Table(header, others, damages, tuple(guessed))


def read_header(content: bytes) -> Row:
    """Return the first row; the beginning of the file is enough."""
    reader = RowReader(decode(content).text)
    return next(_shortened(reader.rows()), [])


def folded(header: Iterable[str]) -> list[str]:
    """Return the names of the columns in lower case without surrounding blanks, to compare them."""
    return [name.strip().casefold() for name in header]


def _shortened(rows: Iterable[Row]) -> Iterator[Row]:
    for row in rows:
        yield [cell[:_LONGEST_CELL] for cell in row]
