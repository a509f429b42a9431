"""CSV tables, including those that a spreadsheet has saved again with other line endings."""

from __future__ import annotations

import codecs
import csv
import io
import re
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from fitglue_files import limits

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

#: The cells of one row.
Row: TypeAlias = list[str]
#: The first one is preferred if a header has none of them, or as many of each.
_DELIMITERS = (",", ";", "\t")
_LINE_BREAK = re.compile(r"[\r\n]")
_QUOTED = re.compile(r'"[^"]*"')
#: A character of two or more bytes in UTF-8.
_MULTIBYTE = re.compile(rb"[\xc3-\xf4][\x80-\xbf]")
#: The characters of a cell that are kept. No description comes near it, and one absurd cell must
#: not make the row, or the complete table, too large for the host.
_LONGEST_CELL = 1_000_000
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
    """Yield the rows, whichever encoding, line endings and separators the file has."""
    text = _text(content)
    # The default limit is 128 kB, and descriptions can be longer. The limit is global in ``csv``.
    csv.field_size_limit(limits.LARGEST)
    # The csv module must see the line endings itself: a cell can contain line breaks.
    file = io.StringIO(text.replace("\0", ""), newline="")
    for row in csv.reader(file, delimiter=_delimiter(text)):
        yield [cell[:_LONGEST_CELL] for cell in row]


def _text(content: bytes) -> str:
    """Return the text of a table in UTF-8, in UTF-16 with a byte order mark, or in Windows-1252.

    The content may end in the middle of a character.
    """
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return content.decode("utf-16", "replace")
    try:
        return codecs.getincrementaldecoder("utf-8-sig")().decode(content)
    except UnicodeDecodeError:
        # A few broken characters are no reason to take UTF-8 for another encoding.
        text = content.decode("utf-8-sig", "replace")
        if _MULTIBYTE.search(content):
            return text
        return content.decode("cp1252", "replace")


def _delimiter(text: str) -> str:
    """Return the separator of the columns, which spreadsheets choose by the language."""
    start = text.lstrip("\r\n")
    header = _LINE_BREAK.split(start, maxsplit=1)[0]
    unquoted = _QUOTED.sub("", header)
    return max(_DELIMITERS, key=unquoted.count)
