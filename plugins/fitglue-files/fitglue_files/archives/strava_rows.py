"""The rows of Strava's tables, and the files that they name."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from fitglue_files.archives.dates import DateColumn
from fitglue_files.archives.snapshot_date import snapshot_date
from fitglue_files.archives.strava_row import TABLE
from fitglue_files.archives.strava_table import cells, columns, is_header
from fitglue_files.archives.table_reading import TableRead, read_table_of
from fitglue_files.archives.table_reading import tables_in as tables_among
from fitglue_files.layout import position_of, root_of, slashed
from fitglue_registry.model.moments import utc_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from fitglue_files.containers import ContainerReader
    from fitglue_files.layout import Layout, Position
    from fitglue_files.members import Member, MemberOrRefusal, Refusal

_LONGEST_NUMBER = 20
#: The folder with the files of the activities.
_FILES = "activities"
_LOST = "the title, the description, the gear and the values that were entered by hand are missing"
#: What is kept of a row: its cells by their meaning, and all its cells with their names.
Summary: TypeAlias = dict[str, Any]


class Row(NamedTuple):
    """One row of a table: its external id and its summary."""

    external_id: str
    summary: Summary


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What could be read of the table of one archive.

    Attributes:
        table: The table.
        rows: Its rows, the latest start first.
        stated_at: The date of the state that the rows show.
        problem: What of the table could not be read, and why; ``None`` if nothing is missing.
        is_incomplete: Whether rows are missing.
    """

    table: MemberOrRefusal
    rows: list[Row]
    stated_at: datetime
    problem: Refusal | None = None
    is_incomplete: bool = False

    @property
    def files(self) -> list[str]:
        """The names of the files that its rows name."""
        return [row.summary["file"] for row in self.rows if row.summary.get("file")]


def tables_in(
    reader: ContainerReader,
    layout: Layout,
) -> Iterator[MemberOrRefusal]:
    """Yield the tables of activities from Strava, the newest archive first."""
    yield from tables_among(
        reader,
        layout,
        lambda name: name.casefold() == TABLE,
        is_header,
        lambda table: bool(layout.below(table, _FILES)),
    )


def snapshots_in(
    reader: ContainerReader,
    layout: Layout,
) -> list[Snapshot]:
    """Return what can be read of the tables, the newest archive first."""
    snapshots = []
    for table in tables_in(reader, layout):
        read = read_table_of(reader, table, _LOST)
        rows = _rows(read)
        file_date = datetime.fromtimestamp(table.modified_s, UTC)
        stated_at = snapshot_date(file_date, map(_start_of, rows))
        snapshots.append(Snapshot(table, rows, stated_at, read.problem, read.is_incomplete))
    return sorted(snapshots, key=lambda snapshot: snapshot.stated_at, reverse=True)


def _rows(table: TableRead) -> list[Row]:
    """Return the rows of a table, the latest start first."""
    if not table.header:
        return []
    places = columns(table.header, table.rows)
    date = places["date"]
    dates = DateColumn(row[date] for row in table.rows if len(row) > date)
    rows = []
    for row in table.rows:
        summary: Summary = dict(cells(row, places))
        start = dates.read(summary.get("date", ""))
        summary["start"] = utc_text(start) if start else None
        # The complete row is kept, so that a later version can use columns that are not read yet.
        named_cells = zip(table.header, row, strict=False)
        summary["row"] = [[name, cell] for name, cell in named_cells if cell]
        rows.append(Row(_external_id(row, summary), summary))
    return sorted(
        rows,
        key=_start,
        reverse=True,
    )


def _external_id(
    row: Sequence[str],
    summary: Summary,
) -> str:
    """Return the number of the activity, or a hash of the row if it has none."""
    # Spreadsheets write a number as "101.0".
    number: str = re.sub(r"\.0+\Z", "", summary.get("id", ""))
    # A longer one would not be accepted as the id of a record.
    is_short = len(number) <= _LONGEST_NUMBER
    if is_short and number.isascii() and number.isdigit():
        return number
    # The form that Python prints a list in: records that are stored have ids that were made so.
    raw = repr(row).encode("utf-8", "replace")
    digest = hashlib.sha256(raw).hexdigest()
    return f"row-{digest[:16]}"


def _start(row: Row) -> str:
    """Return the sort key of a row; those without a start come last."""
    return row.summary["start"] or ""


def _start_of(row: Row) -> datetime | None:
    start = row.summary["start"]
    return datetime.fromisoformat(start) if start else None


# -- files -----------------------------------------------------------------------------------------


class Files:
    """The files of some archives, by the names that their tables have for them.

    Args:
        layout: The members of the archives.
    """

    def __init__(
        self,
        layout: Layout,
    ) -> None:
        self._layout = layout
        self._refused: dict[Position, Refusal] = {}
        self._closed: list[Refusal] = []
        for refusal in layout.refusals():
            self._refused[position_of(refusal)] = refusal
            if refusal.is_folder:
                self._closed.append(refusal)

    def of(
        self,
        table: MemberOrRefusal,
        name: str,
    ) -> MemberOrRefusal | None:
        """Return the file that a row names, or why it cannot be read; ``None`` if the archive does
        not contain it.

        Programs that unpack an archive may also unpack the gzips in it, so the suffix ``.gz`` is
        ignored.
        """
        spellings = (name, _bare(name), f"{_bare(name)}.gz")
        for spelling in spellings:
            member = self._layout.beside(table, spelling)
            if member is not None:
                return member
        for spelling in spellings:
            refusal = self._refused_at(root_of(table).below(slashed(spelling)))
            if refusal is not None:
                return refusal
        return None

    def _refused_at(
        self,
        position: Position,
    ) -> Refusal | None:
        if position in self._refused:
            return self._refused[position]
        for folder in self._closed:
            closed = position_of(folder)
            is_below = position.path.startswith(f"{closed.path}/")
            if is_below and closed.container == position.container:
                return folder
        return None

    def without_row(
        self,
        snapshots: Iterable[Snapshot],
    ) -> Iterator[Member]:
        """Yield the files of the archives with an incomplete table that no row of any table names.

        Their rows may be what is missing.
        """
        snapshots = list(snapshots)
        names: set[str] = set()
        for snapshot in snapshots:
            names.update(_bare(slashed(name)) for name in snapshot.files)
        for snapshot in snapshots:
            if not snapshot.is_incomplete:
                continue
            root = root_of(snapshot.table)
            for member in self._layout.below(snapshot.table, _FILES):
                name = position_of(member).path
                if root.path:
                    name = name.removeprefix(f"{root.path}/")
                if _bare(name) not in names:
                    yield member


def _bare(name: str) -> str:
    return name.removesuffix(".gz")
