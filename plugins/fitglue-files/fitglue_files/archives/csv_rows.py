"""Splitting of the text of a table into rows, so that a damaged row costs only itself."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    import _csv
    from collections.abc import Generator, Iterator

#: The cells of one row.
Row: TypeAlias = list[str]
#: The first one is preferred if a header has none of them, or as many of each.
_DELIMITERS = (",", ";", "\t")
_LINE_BREAK = re.compile(r"[\r\n]")
_QUOTED = re.compile(r'"[^"]*"')
#: The characters of the longest cell. No text of an athlete comes near it; a larger one is the
#: remainder of a table behind a lost quotation mark.
_LONGEST_CELL = 64 << 20
#: How many times the size of the table may be read in all, to find where rows begin again after
#: damage. Without this limit, a table with a lost quotation mark in every line would take hours.
_MOST_READING = 4
#: What no line of a table contains.
_NEVER = "\x01"

QUOTE = "a quotation mark is missing or superfluous"
TOO_LONG = "a cell is longer than any text of an athlete"
ZEROS = "it contains zero bytes instead of text"
TOO_MANY = "it has more cells than the table has columns"
CUT_OFF = "the table ends in the middle of it"


@dataclass(frozen=True, slots=True)
class Damage:
    """Lines of a table that cannot be read as rows.

    Attributes:
        first: The number of the first line; that of the header is 1.
        last: The number of the last line.
        why: What is wrong with the first line.
    """

    first: int
    last: int
    why: str


@dataclass
class RowReader:
    """A reader of the rows of a table.

    Args:
        text: The text of the table.

    Attributes:
        damages: What could not be read of the rows that were yielded so far.
    """

    text: str
    damages: list[Damage] = field(default_factory=list)

    def __post_init__(self) -> None:
        # The csv module must see the line endings itself: a cell can contain line breaks.
        self._lines = list(io.StringIO(self.text, newline=""))
        self._delimiter = _delimiter(self.text)
        self._left = _MOST_READING * len(self.text)
        self._has_zeros = "\0" in self.text
        #: The number of cells of the header, or 0 before it was read.
        self._width = 0

    def rows(self) -> Iterator[Row]:
        """Yield the rows; what cannot be read is in ``damages`` and left out."""
        # The default limit is 128 kB, and descriptions can be longer. The limit is global in
        # ``csv``.
        csv.field_size_limit(_LONGEST_CELL)
        position = 0
        while position < len(self._lines):
            position = yield from self._rows_from(position)

    def _rows_from(
        self,
        position: int,
    ) -> Generator[Row, None, int]:
        """Yield rows from a line on until one is damaged; return the line after the damage."""
        reader = self._reader(position)
        start = position
        while True:
            try:
                row = next(reader)
            except StopIteration:
                return len(self._lines)
            except csv.Error as error:
                end = position + reader.line_num
                sloppy = self._sloppy(start) if end == start + 1 else None
                if sloppy is not None:
                    yield sloppy
                    return end
                return self._after(start, end, _why(error))
            end = position + reader.line_num
            why = self._why_not(row, end)
            if why is not None:
                return self._after(start, end, why)
            if not self._width and any(row):
                self._width = len(row)
            yield row
            start = end

    def _why_not(
        self,
        row: Row,
        end: int,
    ) -> str | None:
        """Return why not to use a row that ends before a line, or ``None``."""
        if self._has_zeros and any("\0" in cell for cell in row):
            return ZEROS
        if self._width and any(row[self._width :]):
            return TOO_MANY
        is_last = end == len(self._lines)
        if is_last and self._is_cut_off(row):
            return CUT_OFF
        return None

    def _is_cut_off(
        self,
        row: Row,
    ) -> bool:
        """Return whether the last row has no end: no line break, and not all of its cells."""
        if self._lines[-1].endswith(("\r", "\n")) or not self._width:
            return False
        return 0 < len(row) < self._width

    def _reader(
        self,
        position: int,
    ) -> _csv.Reader:
        """Return a reader from a line on that accepts no quotation mark inside of a cell."""
        lines = map(self._lines.__getitem__, range(position, len(self._lines)))
        return csv.reader(lines, delimiter=self._delimiter, strict=True)

    def _sloppy(
        self,
        position: int,
    ) -> Row | None:
        """Return the row of a line with quotation marks inside of cells; ``None`` if it has no end.

        Some programs write quotation marks as they are.
        """
        line = self._lines[position]
        reader = csv.reader([line, _NEVER], delimiter=self._delimiter)
        try:
            row = next(reader)
        except csv.Error:
            return None
        if reader.line_num > 1 or self._why_not(row, position + 1):
            return None
        # With another number of cells, the mark is missing at the end of a cell, which has
        # swallowed others.
        if self._width and len(row) != self._width:
            return None
        return row

    def _after(
        self,
        start: int,
        end: int,
        why: str,
    ) -> int:
        """Note that the row at a line is damaged, and return the line where rows begin again.

        Args:
            start: The line of the row.
            end: The line up to which the attempt to read it has come.
            why: What is wrong with it.
        """
        self._left -= self._characters(start, end)
        position = start + 1
        while position < len(self._lines) and not self._begins_at(position):
            position += 1
        self.damages.append(Damage(start + 1, position, why))
        return position

    def _begins_at(
        self,
        position: int,
    ) -> bool:
        """Return whether an undamaged row with as many cells as others begins at a line."""
        if self._left < 0:
            return False
        reader = self._reader(position)
        try:
            row = next(reader, [])
        except csv.Error:
            row = []
        end = position + reader.line_num
        self._left -= self._characters(position, end)
        return len(row) == self._width and self._why_not(row, end) is None

    def _characters(
        self,
        start: int,
        end: int,
    ) -> int:
        return sum(map(len, self._lines[start:end]))


def _why(error: csv.Error) -> str:
    """Return in words why the csv module cannot read a row."""
    return TOO_LONG if "field limit" in str(error) else QUOTE


def _delimiter(text: str) -> str:
    """Return the separator of the columns, which spreadsheets choose by the language."""
    start = text.lstrip("\r\n")
    header = _LINE_BREAK.split(start, maxsplit=1)[0]
    unquoted = _QUOTED.sub("", header)
    return max(_DELIMITERS, key=unquoted.count)
