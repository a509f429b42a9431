"""Strava's archive: a record a row of ``activities.csv``, with the file that the row names."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from fitglue_files.archives.archive_kind import ArchiveKind, no_archive
from fitglue_files.archives.csv_tables import HEADER_BYTES, read_header, read_table
from fitglue_files.archives.dates import DateColumn
from fitglue_files.archives.joining import workouts_of
from fitglue_files.archives.strava_row import TABLE, activity_of
from fitglue_files.archives.strava_table import cells, columns, is_header
from fitglue_files.containers import Box
from fitglue_files.fetching import Seen, remember
from fitglue_files.layout import Layout, root_of, stem
from fitglue_files.listing import canonical
from fitglue_files.normalizing import summary_of
from fitglue_files.paths import paths_of, present_paths
from fitglue_files.wording import Contents, between_years, counted, left_out
from fitglue_registry.errors import RecordRefused
from fitglue_registry.model.moments import utc_text
from fitglue_registry.plugin_api import Account, Listing

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fitglue_files.layout import Position
    from fitglue_files.members import Member
    from fitglue_registry.model import SourceActivity
    from fitglue_registry.plugin_api import Connection, Record

#: What is kept of a row: what its columns mean, and the row itself.
Summary: TypeAlias = dict[str, Any]


# -- which archives there are ----------------------------------------------------------------------


def roots(box: Box, layout: Layout) -> Iterator[Position]:
    """The folders with a table of activities."""
    return map(root_of, _tables(box, layout))


def _tables(box: Box, layout: Layout) -> Iterator[Member]:
    """The tables of activities that are Strava's, the newest archive first."""
    for member in layout.named(lambda name: name.casefold() == TABLE):
        try:
            header = read_header(box.head(member, HEADER_BYTES))
        except RecordRefused:
            continue
        if is_header(header):
            yield member


def contents(box: Box, layout: Layout) -> Contents:
    """What is in the archives, and what of it is left out."""
    found: list[str] = []
    skipped: list[str] = []
    for table in _tables(box, layout):
        rows = _rows(box, table)
        named = [row.summary["file"] for row in rows if row.summary.get("file")]
        present = [name for name in named if _file(layout, table, name)]
        missing = len(named) - len(present)
        found.append(_total(rows, len(present)))
        if missing:
            skipped.append(f"{counted(missing, 'file')} that the table names and the archive lacks")
        media = len(layout.below(table, "media"))
        if media:
            skipped.append(counted(media, "photo or video", "photos and videos"))
    return Contents(tuple(found), left_out(*skipped))


def _total(rows: Sequence[Row], files: int) -> str:
    """How many activities there are, of what years, and how many of them have a file."""
    starts = [row.summary["start"] for row in rows if row.summary["start"]]
    years = between_years(int(start[:4]) for start in starts)
    activities = counted(len(rows), "activity", "activities")
    without = len(rows) - files
    return f"{activities}{years}: {files:,} with a file, {without:,} without."


def account(connection: Connection) -> Account:
    """Whose archive it is: the athlete's number of ``profile.csv``, else that of the zip's name."""
    with Box() as box:
        layout = Layout.of(box, paths_of(connection))
        tables = list(_tables(box, layout))
        if not tables:
            raise no_archive(
                "strava",
                connection,
                f"{TABLE} with a table of activities",
            )
        notes = contents(box, layout).notes
        profile = _profile(box, layout, tables[0])
    number = profile[0].strip() if profile else ""
    if number.isdigit():
        names = filter(None, map(str.strip, profile[2:4]))
        return Account(number, " ".join(names) or None, notes=notes)
    root = root_of(tables[0])
    name = stem(root.path or root.container[-1])
    numbered = re.search(r"export_(\d+)", name)
    if numbered:
        return Account(numbered[1], notes=notes)
    return Account(f"archive:{name}", name, notes=notes)


def _profile(
    box: Box,
    layout: Layout,
    beside: Member,
) -> list[str]:
    """The row of the athlete, empty where there is none."""
    profile = layout.beside(beside, "profile.csv")
    if profile is None:
        return []
    try:
        table = read_table(box.read(profile))
    except RecordRefused:
        return []
    return next(iter(table.rows), [])


# -- the rows --------------------------------------------------------------------------------------


class Row(NamedTuple):
    """One row of a table."""

    external_id: str
    summary: Summary


def listings(connection: Connection) -> Iterator[Listing]:
    """Every row once, also where several archives have it: of the newest one."""
    listed: set[str] = set()
    with Box() as box:
        layout = Layout.of(box, present_paths(connection))
        for table in _tables(box, layout):
            for external_id, summary in _rows(box, table):
                if external_id in listed:
                    continue
                listed.add(external_id)
                member = None
                if summary.get("file"):
                    member = _file(layout, table, summary["file"])
                if member is None:
                    summary.pop("file", None)
                remember(connection, external_id, Seen(member))
                yield Listing(external_id, canonical(summary))


def _rows(box: Box, table: Member) -> list[Row]:
    """Each row of a table, the newest first."""
    header, table_rows = read_table(box.read(table))
    places = columns(header, table_rows)
    date = places["date"]
    dates = DateColumn(row[date] for row in table_rows if len(row) > date)
    rows = []
    for row in table_rows:
        summary: Summary = dict(cells(row, places))
        start = dates.read(summary.get("date", ""))
        summary["start"] = utc_text(start) if start else None
        named = zip(header, row, strict=False)
        summary["row"] = [[name, cell] for name, cell in named if cell]
        rows.append(Row(_external_id(row, summary), summary))
    return sorted(rows, key=_start, reverse=True)


def _external_id(row: Sequence[str], summary: Summary) -> str:
    """The number of the activity; a row without one is known by what is in it."""
    number: str = summary.get("id", "")
    if number.isascii() and number.isdigit():
        return number
    raw = repr(row).encode("utf-8", "replace")
    digest = hashlib.sha256(raw).hexdigest()
    return f"row-{digest[:16]}"


def _start(row: Row) -> str:
    return row.summary["start"] or ""


def _file(
    layout: Layout,
    table: Member,
    name: str,
) -> Member | None:
    """The file that a row names; programs that unpack an archive unpack what is in it as well."""
    bare = name.removesuffix(".gz")
    for spelling in (name, bare, f"{bare}.gz"):
        member = layout.beside(table, spelling)
        if member is not None:
            return member
    return None


def normalize(record: Record) -> list[SourceActivity]:
    """The workout of a row; with its file, all that this holds as well."""
    row = activity_of(record.external_id, summary_of(record))
    return workouts_of(row, record)


KIND = ArchiveKind(
    id="strava-archive",
    name="Strava archive",
    roots=roots,
    contents=contents,
    account=account,
    listings=listings,
    normalize=normalize,
    order=10,
)
