"""Reading of the tables of archives: a damaged table costs what is damaged, and the athlete learns
what that is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fitglue_files.archives.csv_tables import HEADER_BYTES, Table, read_header, read_table
from fitglue_files.members import Member, Refusal
from fitglue_files.refusals import refusal_of
from fitglue_files.wording import counted
from fitglue_registry.errors import Place, RecordRefused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from fitglue_files.archives.csv_rows import Damage, Row
    from fitglue_files.containers import ContainerReader
    from fitglue_files.layout import Layout
    from fitglue_files.members import MemberOrRefusal

#: The largest number of lines, or ranges of lines, that a message names.
_SHOWN = 3


@dataclass(frozen=True, slots=True)
class TableRead:
    """What could be read of a table.

    Attributes:
        header: The names of the columns.
        rows: The rows.
        problem: What could not be read, and why; ``None`` if nothing is missing.
        is_incomplete: Whether rows are missing.
    """

    header: Row
    rows: list[Row]
    problem: Refusal | None = None
    is_incomplete: bool = False


def tables_in(
    reader: ContainerReader,
    layout: Layout,
    matches: Callable[[str], bool],
    is_header: Callable[[Row], bool],
    is_among_files: Callable[[MemberOrRefusal], bool],
) -> Iterator[MemberOrRefusal]:
    """Yield the tables among some members, the newest first, then those that are refused.

    Args:
        reader: What opens them.
        layout: The members.
        matches: Whether a base name is that of a table.
        is_header: Whether a first row is that of a table.
        is_among_files: Whether a file is a table because of the files beside it. It decides if
            nothing of the file can be read.
    """
    # A table that is refused, because it is too large, is a table, and the athlete has to hear of
    # it.
    candidates: list[MemberOrRefusal] = [*layout.named(matches), *layout.refused(matches)]
    for member in candidates:
        try:
            is_table = is_header(_header(reader, member))
        except RecordRefused:
            is_table = is_among_files(member)
        if is_table:
            yield member


def _header(
    reader: ContainerReader,
    table: MemberOrRefusal,
) -> Row:
    """Return the first row of a table; raise ``RecordRefused`` if it cannot be read."""
    if isinstance(table, Refusal):
        table = Member(table.location, table.modified_s, 0, "")
    return read_header(reader.head(table, HEADER_BYTES))


def read_table_of(
    reader: ContainerReader,
    table: MemberOrRefusal,
    lost: str,
) -> TableRead:
    """Return what can be read of a table.

    Args:
        reader: What opens it.
        table: The table.
        lost: What is missing of a workout whose row cannot be read, for the message.
    """
    if isinstance(table, Refusal):
        return _unread(table, table.error, lost)
    try:
        content, stopped = reader.read_sound(table)
        read = read_table(content)
    except (RecordRefused, MemoryError) as error:
        return _unread(table, refusal_of(table.where, error), lost)
    sentences = [*_damages(read.damages), *_guesses(read.guessed)]
    if stopped is not None:
        sentences.append(f"what follows line {_lines(content):,} cannot be read ({_why(stopped)})")
    if not sentences:
        return TableRead(read.header, read.rows)
    is_incomplete = bool(read.damages) or stopped is not None
    refused = _damaged(table, read, "; ".join(sentences), lost if is_incomplete else None)
    problem = Refusal(table.location, refused, table.modified_s)
    return TableRead(read.header, read.rows, problem, is_incomplete)


def _unread(
    table: MemberOrRefusal,
    error: RecordRefused,
    lost: str,
) -> TableRead:
    """Return the answer for a table of which nothing can be read."""
    # The archive is sound if only the permission to read the table is missing.
    is_closed = error.code == "FG-file-unreadable"
    refused = RecordRefused(
        error.code,
        f"{error.what}; of all workouts in this table, {lost}",
        at=error.at,
        fix=error.fix if is_closed else "download the archive again",
    )
    problem = Refusal(table.location, refused, table.modified_s)
    return TableRead([], [], problem, is_incomplete=True)


def _damaged(
    table: Member,
    read: Table,
    sentences: str,
    lost: str | None,
) -> RecordRefused:
    """Return the refusal of a part of a table."""
    what = f"the table {table.where} is damaged: {sentences}"
    what += f"; {counted(len(read.rows), 'row')} can be read and "
    what += "is used" if len(read.rows) == 1 else "are used"
    if lost is not None:
        what += f"; of the workouts in the other rows, {lost}"
    return RecordRefused(
        "FG-table-damaged",
        what,
        at=Place(file=table.where),
        fix="download the archive again",
    )


def _damages(damages: Sequence[Damage]) -> Iterator[str]:
    """Yield the words for the first damaged lines, and for how many more there are."""
    for damage in damages[:_SHOWN]:
        lines = f"line {damage.first:,} cannot be read"
        if damage.last > damage.first:
            lines = f"lines {damage.first:,} to {damage.last:,} cannot be read"
        yield f"{lines} ({damage.why})"
    more = damages[_SHOWN:]
    if more:
        number = sum(damage.last - damage.first + 1 for damage in more)
        yield f"{counted(number, 'more line')} cannot be read"


def _guesses(lines: Sequence[int]) -> Iterator[str]:
    """Yield the words for lines that are read, but whose letters may be wrong."""
    if not lines:
        return
    shown = ", ".join(f"{line:,}" for line in lines[:_SHOWN])
    more = len(lines) - _SHOWN
    if more > 0:
        shown += f" and {more:,} more"
    noun = "line" if len(lines) == 1 else "lines"
    yield f"some letters of {noun} {shown} may be wrong (they are in another encoding)"


def _why(error: RecordRefused) -> str:
    """Return the reason of a refusal without the place, which the message names already."""
    return error.what.partition(" cannot be used: ")[2] or error.what


def _lines(content: bytes) -> int:
    """Return the number of complete lines."""
    return content.count(b"\n") or content.count(b"\r")
