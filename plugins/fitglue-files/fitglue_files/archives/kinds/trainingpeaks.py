"""The exports of TrainingPeaks: each row of ``workouts.csv`` is a record, joined with a file if its
day and duration leave no doubt.
"""

from __future__ import annotations

import re
from datetime import date, timedelta
from functools import lru_cache
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from fitglue_files import normalizing
from fitglue_files.archives.archive_kind import ArchiveKind, no_archive
from fitglue_files.archives.joining import workouts_of, workouts_with
from fitglue_files.archives.row_reading import row_with_file
from fitglue_files.archives.trainingpeaks_table import (
    activity_of,
    rows_of,
    sport_of,
    tables_in,
)
from fitglue_files.containers import ContainerReader, marks_on_disk
from fitglue_files.counting import count_kinds, count_workouts, not_opened, other_names, unusable
from fitglue_files.kind_cache import KindCache
from fitglue_files.layout import Layout, Position, root_of
from fitglue_files.listing import canonical, listing_of_missing_row, listing_of_refusal
from fitglue_files.members import Member, Refusal, read_order
from fitglue_files.paths import paths_of, present_paths
from fitglue_files.places import hint_of, mark_of_all, members_as_values, place_of, place_of_row
from fitglue_files.reading import file_or_refusal
from fitglue_files.sorting import Sorter, promises_workout
from fitglue_files.wording import Contents, between_years, counted, left_out
from fitglue_formats import activities
from fitglue_registry.errors import RecordRefused
from fitglue_registry.model import family
from fitglue_registry.model.moments import utc_text
from fitglue_registry.plugin_api import Account, Listing

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from fitglue_files.archives.trainingpeaks_table import Row
    from fitglue_files.members import MemberOrRefusal
    from fitglue_files.reading import FileRead
    from fitglue_files.source import Items
    from fitglue_registry.model import SourceActivity
    from fitglue_registry.plugin_api import Connection, Location, Record

#: The zip with the files of the workouts, which is recognized by its name only.
_FILES = re.compile(r"WorkoutFileExport", re.IGNORECASE)
#: Durations are the same if they differ by at most a minute or by at most this share.
_SAME_LENGTH_S = 60.0
_SAME_LENGTH = 0.02
#: The fields of a description that can be the duration in the table.
_LENGTHS = ("moving_s", "elapsed_s", "recording_s")


# -- finding archives ------------------------------------------------------------------------------


def roots(
    reader: ContainerReader,
    layout: Layout,
) -> Iterator[Position]:
    """Yield the folders that contain a table of workouts, and the zips with their files."""
    tables = list(tables_in(reader, layout))
    yield from map(root_of, tables)
    if not tables:
        return
    zips = {member.location[0] for member in layout.members if len(member.location) > 1}
    for path in zips:
        if _FILES.search(PurePath(path).name):
            yield Position((path,), "")


def contents(
    reader: ContainerReader,
    layout: Layout,
) -> Contents:
    """Return what the exports contain, and what of it is left out."""
    tables = list(tables_in(reader, layout))
    read = rows_of(reader, tables)
    rows = read.rows
    workouts = counted(len(rows), "workout")
    years = between_years(row.day.year for row in rows if row.day)
    candidates = _candidates(layout, tables)
    counts = count_kinds(reader, candidates)
    files = counted(count_workouts(counts), "file")
    sentences = (
        f"{workouts} in {counted(len(tables), 'table')}{years}.",
        f"{files} to match with them, by day and duration.",
    )
    problems = [f"Problem: {refusal.error.what}." for refusal in read.unread + read.partly_read]
    others = other_names(layout.members, (*candidates, *tables))
    skipped = unusable(counts, others=others)
    if read.planned:
        skipped = left_out(_only_planned(read.planned, read.commented)) + skipped
    return Contents((*sentences, *problems), skipped + not_opened(layout))


def _only_planned(
    planned: int,
    commented: int,
) -> str:
    """Return the words for the rows without any sign that the workout took place."""
    words = f"{counted(planned, 'planned workout')} without any result"
    if commented:
        # Some of them may have taken place; only the athlete can say so.
        words += f", {commented:,} of them with a comment"
    return words


def _candidates(
    layout: Layout,
    tables: Iterable[MemberOrRefusal],
) -> list[MemberOrRefusal]:
    """Return the members that may be workouts, by their name, and what else cannot be read."""
    known = {table.location for table in tables}
    candidates = (member for member in layout.members if member.location not in known)
    return read_order(filter(_may_be_workout, candidates))


def _may_be_workout(member: MemberOrRefusal) -> bool:
    """Return whether a member may be a workout."""
    return isinstance(member, Refusal) or promises_workout(member.name)


def account(connection: Connection) -> Account:
    """Return the one account to which all exports belong, because they do not name their owner.

    Raises:
        AthleteNeeded: If the paths contain no table of workouts.
    """
    with ContainerReader() as reader:
        layout = Layout.of(reader, paths_of(connection))
        if not list(tables_in(reader, layout)):
            raise no_archive(
                "trainingpeaks",
                connection,
                layout,
                "workouts.csv with a table of workouts",
            )
        notes = contents(reader, layout).notes
    return Account("trainingpeaks", "TrainingPeaks", notes=notes)


# -- joining rows with files -----------------------------------------------------------------------


def _rows(
    tables: tuple[Member, ...],
) -> Mapping[str, Row]:
    """Return the rows of some tables by id; a process keeps them for the next file."""
    return _rows_of(tables, marks_on_disk(tables))


@lru_cache(maxsize=1)
def _rows_of(
    tables: tuple[Member, ...],
    marks: tuple[str, ...],
) -> Mapping[str, Row]:
    """Return the rows of some tables by id; the marks tell apart what they contain at different
    times.

    An export may be replaced after its tables were found.
    """
    del marks
    with ContainerReader() as reader:
        read = rows_of(reader, tables)
    # These tables could be read when the places were listed. Without one of them, its files would
    # be stored as workouts without rows; after an error, the next sync reads them again.
    if read.unread:
        raise read.unread[0].error
    return {row.external_id: row for row in read.rows}


def places(connection: Connection) -> Iterator[Location]:
    """Yield the place of each file, then of each row, which is read if no file has it."""
    with ContainerReader() as reader, KindCache(connection.cache) as cache:
        layout = Layout.of(reader, present_paths(connection))
        all_tables = list(tables_in(reader, layout))
        read = rows_of(reader, all_tables)
        yield from map(place_of, read.unread + read.partly_read)
        unread = {refusal.location for refusal in read.unread}
        tables = []
        for table in all_tables:
            if isinstance(table, Member) and table.location not in unread:
                tables.append(table)

        # A changed row changes what its file becomes, so all files are read again with it.
        mark = mark_of_all(tables)
        as_values = members_as_values(tables)
        sorter = Sorter(reader, cache, connection.alive)
        for member in sorter.workouts(_candidates(layout, all_tables)):
            yield place_of(member, mark, tables=as_values)
        for row in read.rows:
            content = f"{utc_text(row.stated_at)} {sorted(row.cells.items())!r}"
            yield place_of_row(row.external_id, content, tables=as_values)


def read(
    connection: Connection,
    location: Location,
) -> Items:
    """Yield the record of a file, joined with its row if that is certain; or a row without file."""
    hint = hint_of(location)
    if hint.member is None:
        rows = _rows(hint.members("tables"))
        yield from _without_file(connection, rows, location.external_id or "")
        return
    file = file_or_refusal(hint.member)
    if isinstance(file, Refusal):
        yield listing_of_refusal(file)
        return
    if location.undecodable:
        yield from normalizing.record_of_file(connection, file, decode=False)
        return
    rows = _rows(hint.members("tables"))
    free = [row for row in rows.values() if row.external_id not in location.taken]
    yield from _with_row(connection, free, file)


def _without_file(
    connection: Connection,
    rows: Mapping[str, Row],
    external_id: str,
) -> Items:
    """Yield the record of a row that no file belongs to."""
    row = rows.get(external_id)
    if row is None:
        yield listing_of_missing_row(external_id)
        return
    listing = _listing(row, None)
    yield from row_with_file(connection, listing, None, normalize, decode=True)


def _with_row(
    connection: Connection,
    rows: Sequence[Row],
    file: FileRead,
) -> Items:
    """Yield the record of a file that can be read."""
    try:
        # Without the name of the file: a joined workout never takes its title from it.
        legs = activities(file.unpacked)
    except RecordRefused:
        legs = []
    row = row_for(rows, legs)
    if row is None:
        yield from normalizing.record_of_file(connection, file, decode=True)
        return
    listing = _listing(row, file)
    yield listing
    yield file.part_of(listing.external_id)
    record = normalizing.record_of(connection, listing, file)
    yield from workouts_with(activity_of(record.external_id, row.cells), legs, record)


def _listing(
    row: Row,
    file: FileRead | None,
) -> Listing:
    """Return the listing of a row, with the id of its file if it has one."""
    summary: dict[str, Any] = {"workout": row.cells}
    if file is not None:
        summary["file"] = file.content_id
    return Listing(row.external_id, canonical(summary), at_source=row.stated_at)


def row_for(
    rows: Iterable[Row],
    legs: Sequence[SourceActivity],
) -> Row | None:
    """Return the row to which the workouts of a file belong, or ``None``.

    Day, duration and sport must leave one row. A wrong join would be worse than none: an unjoined
    file is a workout of its own, which the matcher compares with the row.
    """
    days = _days(legs)
    fitting = []
    for row in rows:
        if row.day in days and _is_as_long(row, legs) and _is_same_sport(row, legs):
            fitting.append(row)
    if len(fitting) != 1:
        return None
    return fitting[0]


def _days(legs: Sequence[SourceActivity]) -> set[date | None]:
    """Return the local days on which a file may have begun.

    Without a zone, the local time is taken to be within twelve hours of UTC.
    """
    if not legs:
        return set()
    first = legs[0]
    if first.start_local is not None:
        return {first.start_local.date()}
    if first.start_utc is None:
        return set()
    half_day = timedelta(hours=12)
    moments = (first.start_utc - half_day, first.start_utc, first.start_utc + half_day)
    return {moment.date() for moment in moments}


def _is_as_long(
    row: Row,
    legs: Sequence[SourceActivity],
) -> bool:
    """Return whether one of a file's durations is that of a row, which may not have one."""
    if row.seconds is None:
        return False
    allowed_s = max(_SAME_LENGTH_S, _SAME_LENGTH * row.seconds)
    for name in _LENGTHS:
        length_s = sum(getattr(leg, name) or 0 for leg in legs)
        if length_s and abs(length_s - row.seconds) <= allowed_s:
            return True
    return False


def _is_same_sport(
    row: Row,
    legs: Sequence[SourceActivity],
) -> bool:
    """Return whether the sports are of one family, or one of them is unknown."""
    of_row = family(sport_of(row.cells))
    of_file = {family(leg.sport or "Other") for leg in legs}
    if of_row == "other" or "other" in of_file:
        return True
    return of_row in of_file


def normalize(record: Record) -> list[SourceActivity]:
    """Return the workout of a row, joined with its file, or those of a file without a row."""
    summary = normalizing.summary_of(record)
    if "workout" not in summary:
        return normalizing.normalize(record)
    row = activity_of(record.external_id, summary["workout"])
    return workouts_of(row, record)


KIND = ArchiveKind(
    id="trainingpeaks-archive",
    name="TrainingPeaks exports",
    roots=roots,
    contents=contents,
    account=account,
    places=places,
    read=read,
    normalize=normalize,
    is_one_account=True,
    order=30,
)
