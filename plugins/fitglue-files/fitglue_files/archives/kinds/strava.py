"""Strava's archive: each row of ``activities.csv`` is a record, with the file that the row
names.
"""

from __future__ import annotations

import hashlib
import re
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from fitglue_files.archives.archive_kind import ArchiveKind, no_archive
from fitglue_files.archives.csv_tables import HEADER_BYTES, read_header, read_table
from fitglue_files.archives.dates import DateColumn
from fitglue_files.archives.joining import workouts_of
from fitglue_files.archives.row_reading import row_with_file
from fitglue_files.archives.snapshot_date import snapshot_date
from fitglue_files.archives.strava_row import TABLE, activity_of
from fitglue_files.archives.strava_table import cells, columns, is_header
from fitglue_files.containers import ContainerReader
from fitglue_files.counting import not_opened
from fitglue_files.layout import Layout, base_name, root_of, stem
from fitglue_files.listing import canonical
from fitglue_files.normalizing import summary_of
from fitglue_files.paths import paths_of, present_paths
from fitglue_files.places import hint_of, place_of_row
from fitglue_files.sorting import promises_workout
from fitglue_files.wording import (
    Contents,
    account_id,
    between_years,
    counted,
    left_out,
    named,
    short_title,
)
from fitglue_registry.errors import RecordRefused
from fitglue_registry.model.moments import utc_text
from fitglue_registry.plugin_api import Account, Listing

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fitglue_files.layout import Position
    from fitglue_files.members import Member
    from fitglue_files.source import Items
    from fitglue_registry.model import SourceActivity
    from fitglue_registry.plugin_api import Connection, Location, Record

_PROFILE = "profile.csv"
_LONGEST_NUMBER = 20
#: The bytes of a summary that may carry the complete row. Beyond that, only the cells that are read
#: are kept, because the host refuses larger summaries.
_LARGEST_SUMMARY = 1_000_000
#: What is kept of a row: its cells by their meaning, and all its cells with their names.
Summary: TypeAlias = dict[str, Any]


# -- finding archives ------------------------------------------------------------------------------


def roots(
    reader: ContainerReader,
    layout: Layout,
) -> Iterator[Position]:
    """Return the folders that contain a table of activities."""
    return map(root_of, _tables(reader, layout))


def _tables(
    reader: ContainerReader,
    layout: Layout,
) -> Iterator[Member]:
    """Yield the tables of activities from Strava, the newest archive first."""
    for member in layout.named(lambda name: name.casefold() == TABLE):
        try:
            header = read_header(reader.head(member, HEADER_BYTES))
        except RecordRefused:
            continue
        if is_header(header):
            yield member


def contents(
    reader: ContainerReader,
    layout: Layout,
) -> Contents:
    """Return what the archives contain, and what of it is left out."""
    sentences: list[str] = []
    skipped: list[str] = []
    for table in _tables(reader, layout):
        rows = _rows(reader, table)
        files = [row.summary["file"] for row in rows if row.summary.get("file")]
        missing = [name for name in files if not _file(layout, table, name)]
        sentences.append(_total(rows, len(files) - len(missing)))
        if missing:
            number = counted(len(missing), "file")
            skipped.append(
                f"{number} that the table names but the archive does not contain{named(missing)}"
            )
        skipped += _others(layout, table, files)
    return Contents(tuple(sentences), left_out(*skipped) + not_opened(layout))


def _others(
    layout: Layout,
    table: Member,
    files: Sequence[str],
) -> Iterator[str]:
    """Yield the words for each kind of member that is neither the table nor a file of a row."""
    read = {table, layout.beside(table, _PROFILE)}
    read.update(_file(layout, table, name) for name in files)
    media = layout.below(table, "media")
    routes = layout.below(table, "routes")
    if media:
        yield counted(
            len(media),
            "photo or video",
            "photos and videos",
        )
    if routes:
        yield counted(len(routes), "route")
    read.update(media, routes)
    unnamed = []
    rest = []
    for member in layout.below(table):
        if member in read:
            continue
        if promises_workout(member.name):
            unnamed.append(base_name(member))
        else:
            rest.append(base_name(member))
    if unnamed:
        number = counted(len(unnamed), "file")
        yield f"{number} that no row of the table names{named(unnamed)}"
    if rest:
        number = counted(len(rest), "other file")
        yield f"{number}{named(rest)}"


def _total(
    rows: Sequence[Row],
    files: int,
) -> str:
    """Return a sentence with the number of activities, their years, and how many of them have a
    file.
    """
    starts = [row.summary["start"] for row in rows if row.summary["start"]]
    years = between_years(int(start[:4]) for start in starts)
    activities = counted(len(rows), "activity", "activities")
    without = len(rows) - files
    return f"{activities}{years}: {files:,} with a file, {without:,} without."


def account(connection: Connection) -> Account:
    """Return the account of the archive's owner.

    Its id is the athlete's number in ``profile.csv``, else the one in the name of the zip, else the
    name itself.

    Raises:
        AthleteNeeded: If the paths contain no Strava archive.
    """
    with ContainerReader() as reader:
        layout = Layout.of(reader, paths_of(connection))
        tables = list(_tables(reader, layout))
        if not tables:
            raise no_archive(
                "strava",
                connection,
                f"{TABLE} with a table of activities",
            )
        notes = contents(reader, layout).notes
        profile = _profile(reader, layout, tables[0])
    # By position (id, email address, first name, last name), because the header is translated.
    number = profile[0].strip() if profile else ""
    if number.isdigit():
        names = filter(None, map(str.strip, profile[2:4]))
        name = short_title(" ".join(names)) or None
        return Account(account_id(number, "archive"), name, notes=notes)
    root = root_of(tables[0])
    name = stem(root.path or root.container[-1])
    match = re.search(r"export_(\d+)", name)
    if match:
        return Account(account_id(match[1], "archive"), notes=notes)
    return Account(account_id(f"archive:{name}", "archive"), short_title(name), notes=notes)


def _profile(
    reader: ContainerReader,
    layout: Layout,
    beside: Member,
) -> list[str]:
    """Return the athlete's row of ``profile.csv``, or an empty row."""
    profile = layout.beside(beside, _PROFILE)
    if profile is None:
        return []
    try:
        table = read_table(reader.read(profile))
    except RecordRefused:
        return []
    rows = iter(table.rows)
    return next(rows, [])


# -- rows ------------------------------------------------------------------------------------------


class Row(NamedTuple):
    """One row of a table: its external id and its summary."""

    external_id: str
    summary: Summary


def places(connection: Connection) -> Iterator[Location]:
    """Yield the place of every row once; a row that is in several archives is taken from the
    newest.
    """
    listed: set[str] = set()
    with ContainerReader() as reader:
        layout = Layout.of(reader, present_paths(connection))
        for snapshot in _snapshots(reader, layout):
            for row in snapshot.rows:
                if row.external_id not in listed:
                    listed.add(row.external_id)
                    yield _place(layout, snapshot, row)


class _Snapshot(NamedTuple):
    """The table of one archive, with its rows and the date of the state that they show."""

    table: Member
    rows: list[Row]
    stated_at: datetime


def _snapshots(
    reader: ContainerReader,
    layout: Layout,
) -> list[_Snapshot]:
    """Return the tables with their rows, the newest archive first."""
    snapshots = []
    for table in _tables(reader, layout):
        rows = _rows(reader, table)
        stated_at = snapshot_date(table.modified_at, map(_start_of, rows))
        snapshots.append(_Snapshot(table, rows, stated_at))
    return sorted(snapshots, key=lambda snapshot: snapshot.stated_at, reverse=True)


def _start_of(row: Row) -> datetime | None:
    start = row.summary["start"]
    return datetime.fromisoformat(start) if start else None


def _place(
    layout: Layout,
    snapshot: _Snapshot,
    row: Row,
) -> Location:
    """Return the place of a row with its file."""
    table = snapshot.table
    summary = row.summary
    member = None
    if summary.get("file"):
        member = _file(layout, table, summary["file"])
    # Without its file, the row must not promise one: a later archive may contain it, and the
    # changed summary then reads it.
    if member is None:
        summary.pop("file", None)
    stated_at = utc_text(snapshot.stated_at)
    content = canonical(summary)
    if len(content) > _LARGEST_SUMMARY:
        del summary["row"]
        content = canonical(summary)
    return place_of_row(
        row.external_id,
        f"{stated_at}\0{content.decode()}",
        member,
        summary=content.decode(),
        stated_at=stated_at,
    )


def read(
    connection: Connection,
    location: Location,
) -> Items:
    """Yield the record of a row, joined with its file."""
    hint = hint_of(location)
    assert location.external_id is not None
    listing = Listing(
        location.external_id,
        hint.values["summary"].encode(),
        at_source=datetime.fromisoformat(hint.values["stated_at"]),
    )
    yield from row_with_file(
        connection,
        listing,
        hint.member,
        normalize,
        decode=not location.undecodable,
    )


def _rows(
    reader: ContainerReader,
    table: Member,
) -> list[Row]:
    """Return the rows of a table, the latest start first."""
    header, table_rows = read_table(reader.read(table))
    places = columns(header, table_rows)
    date = places["date"]
    dates = DateColumn(row[date] for row in table_rows if len(row) > date)
    rows = []
    for row in table_rows:
        summary: Summary = dict(cells(row, places))
        start = dates.read(summary.get("date", ""))
        summary["start"] = utc_text(start) if start else None
        # The complete row is kept, so that a later version can use columns that are not read yet.
        named_cells = zip(header, row, strict=False)
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
    raw = repr(row).encode("utf-8", "replace")
    digest = hashlib.sha256(raw).hexdigest()
    return f"row-{digest[:16]}"


def _start(row: Row) -> str:
    """Return the sort key of a row; those without a start come last."""
    return row.summary["start"] or ""


def _file(
    layout: Layout,
    table: Member,
    name: str,
) -> Member | None:
    """Return the file that a row names, if the archive contains it.

    Programs that unpack an archive may also unpack the gzips in it, so the suffix ``.gz`` is
    ignored.
    """
    bare = name.removesuffix(".gz")
    for spelling in (name, bare, f"{bare}.gz"):
        member = layout.beside(table, spelling)
        if member is not None:
            return member
    return None


def normalize(record: Record) -> list[SourceActivity]:
    """Return the workout of a row, joined with its file."""
    row = activity_of(
        record.external_id,
        summary_of(record),
        has_file="file" in record.parts,
    )
    return workouts_of(row, record)


KIND = ArchiveKind(
    id="strava-archive",
    name="Strava archive",
    roots=roots,
    contents=contents,
    account=account,
    places=places,
    read=read,
    normalize=normalize,
    order=10,
)
