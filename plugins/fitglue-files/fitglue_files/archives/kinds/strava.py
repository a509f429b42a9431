"""Strava's archive: each row of ``activities.csv`` is a record, with the file that the row
names.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING

from fitglue_files import normalizing
from fitglue_files.archives.archive_kind import ArchiveKind, no_archive
from fitglue_files.archives.csv_tables import read_table
from fitglue_files.archives.joining import workouts_of
from fitglue_files.archives.row_reading import file_without_row, row_with_file
from fitglue_files.archives.strava_row import TABLE, activity_of
from fitglue_files.archives.strava_rows import Files, snapshots_in, tables_in
from fitglue_files.containers import ContainerReader
from fitglue_files.counting import not_opened
from fitglue_files.kind_cache import KindCache
from fitglue_files.layout import Layout, base_name, root_of, stem
from fitglue_files.listing import canonical
from fitglue_files.members import Member, Refusal, read_order
from fitglue_files.paths import paths_of, present_paths
from fitglue_files.places import hint_of, place_of, place_of_row
from fitglue_files.sorting import Sorter, is_worth_naming, promises_workout
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
    from collections.abc import Iterable, Iterator, Sequence

    from fitglue_files.archives.strava_rows import Row, Snapshot, Summary
    from fitglue_files.layout import Position
    from fitglue_files.members import MemberOrRefusal
    from fitglue_files.source import Items
    from fitglue_registry.model import SourceActivity
    from fitglue_registry.plugin_api import Connection, Location, Record

_PROFILE = "profile.csv"
#: The bytes of a summary that may carry the complete row. Beyond that, only the cells that are read
#: are kept, because the host refuses larger summaries.
_LARGEST_SUMMARY = 1_000_000


# -- finding archives ------------------------------------------------------------------------------


def roots(
    reader: ContainerReader,
    layout: Layout,
) -> Iterator[Position]:
    """Return the folders that contain a table of activities."""
    return map(root_of, tables_in(reader, layout))


def contents(
    reader: ContainerReader,
    layout: Layout,
) -> Contents:
    """Return what the archives contain, and what of it is left out."""
    sentences: list[str] = []
    skipped: list[str] = []
    snapshots = snapshots_in(reader, layout)
    files = Files(layout)
    for snapshot in snapshots:
        missing = []
        readable = 0
        closed = 0
        for name in snapshot.files:
            member = files.of(snapshot.table, name)
            readable += isinstance(member, Member)
            closed += isinstance(member, Refusal)
            if member is None:
                missing.append(name)
        # Of a table that cannot be read, nobody knows how many rows it has.
        if snapshot.rows or snapshot.problem is None:
            sentences.append(_total(snapshot.rows, readable, closed))
        if snapshot.problem is not None:
            sentences.append(f"Problem: {snapshot.problem.error.what}.")
        without_row = list(files.without_row([snapshot]))
        if without_row:
            sentences.append(f"{counted(len(without_row), 'file')} without a row in the table.")
        if missing:
            number = counted(len(missing), "file")
            skipped.append(
                f"{number} that the table names but the archive does not contain{named(missing)}"
            )
        skipped += _others(layout, snapshot, without_row)
    unreadable = [base_name(refusal) for refusal in _refusals(layout, snapshots)]
    if unreadable:
        number = counted(len(unreadable), "file or folder", "files or folders")
        skipped.append(
            f"{number} that cannot be used{named(unreadable)}; each sync reports the reason"
        )
    return Contents(tuple(sentences), left_out(*skipped) + not_opened(layout))


def _refusals(
    layout: Layout,
    snapshots: Iterable[Snapshot],
) -> Iterator[Refusal]:
    """Yield what cannot be read and may contain workouts, except the tables."""
    tables = {snapshot.table.location for snapshot in snapshots}
    for refusal in layout.refusals():
        if refusal.location not in tables and is_worth_naming(refusal):
            yield refusal


def _others(
    layout: Layout,
    snapshot: Snapshot,
    without_row: Iterable[Member],
) -> Iterator[str]:
    """Yield the words for each kind of member that is neither the table nor read as a file."""
    table = snapshot.table
    read: set[MemberOrRefusal | None] = {table, layout.beside(table, _PROFILE), *without_row}
    files = Files(layout)
    read.update(files.of(table, name) for name in snapshot.files)
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
    closed: int,
) -> str:
    """Return a sentence with the number of activities, their years, and how many of them have a
    file, and one that cannot be read.
    """
    starts = [row.summary["start"] for row in rows if row.summary["start"]]
    years = between_years(int(start[:4]) for start in starts)
    activities = counted(len(rows), "activity", "activities")
    without = len(rows) - files - closed
    sentence = f"{activities}{years}: {files:,} with a file, {without:,} without"
    if closed:
        sentence += f", and {closed:,} with a file that cannot be read"
    return f"{sentence}."


def account(connection: Connection) -> Account:
    """Return the account of the archive's owner.

    Its id is the athlete's number in ``profile.csv``, else the one in the name of the zip, else the
    name itself.

    Raises:
        AthleteNeeded: If the paths contain no Strava archive.
    """
    with ContainerReader() as reader:
        layout = Layout.of(reader, paths_of(connection))
        tables = list(tables_in(reader, layout))
        if not tables:
            raise no_archive(
                "strava",
                connection,
                layout,
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
    beside: MemberOrRefusal,
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


def places(connection: Connection) -> Iterator[Location]:
    """Yield the place of every row once; a row that is in several archives is taken from the
    newest.
    """
    listed: set[str] = set()
    with ContainerReader() as reader, KindCache(connection.cache) as cache:
        layout = Layout.of(reader, present_paths(connection))
        snapshots = snapshots_in(reader, layout)
        files = Files(layout)
        sorter = Sorter(reader, cache, connection.alive)
        without_row = list(sorter.workouts(read_order(files.without_row(snapshots))))
        for snapshot in snapshots:
            if snapshot.problem is not None:
                yield place_of(snapshot.problem)
            for row in snapshot.rows:
                if row.external_id in listed:
                    continue
                listed.add(row.external_id)
                member = files.of(snapshot.table, row.summary.get("file") or "")
                yield _place(snapshot, row, member)
        # Also those that a row names: the host hears of them from new rows only.
        yield from map(place_of, _refusals(layout, snapshots))
        yield from map(place_of, without_row)


def _place(
    snapshot: Snapshot,
    row: Row,
    member: MemberOrRefusal | None,
) -> Location:
    """Return the place of a row with its file, or with the reason why that cannot be read."""
    # Without its file, the row must not promise one: a later archive may contain it, and the
    # changed summary then reads it.
    without = {"file"} if member is None else set()
    content = canonical(_left(row.summary, without))
    if len(content) > _LARGEST_SUMMARY:
        content = canonical(_left(row.summary, without | {"row"}))
    stated_at = utc_text(snapshot.stated_at)
    return place_of_row(
        row.external_id,
        f"{stated_at}\0{content.decode()}",
        member,
        summary=content.decode(),
        stated_at=stated_at,
    )


def _left(summary: Summary, without: set[str]) -> Summary:
    """Return a summary without some of its values."""
    return {name: value for name, value in summary.items() if name not in without}


def read(
    connection: Connection,
    location: Location,
) -> Items:
    """Yield the record of a row, joined with its file; or that of a file without a row."""
    hint = hint_of(location)
    if location.external_id is None:
        assert hint.member is not None
        yield from file_without_row(connection, hint.member, decode=not location.undecodable)
        return
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


def normalize(record: Record) -> list[SourceActivity]:
    """Return the workout of a row, joined with its file, or those of a file without a row."""
    summary = normalizing.summary_of(record)
    if "start" not in summary:
        return normalizing.normalize(record)
    row = activity_of(
        record.external_id,
        summary,
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
