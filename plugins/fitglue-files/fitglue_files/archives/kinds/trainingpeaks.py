"""The exports of TrainingPeaks: each row of ``workouts.csv`` is a record, joined with a file if its
day and duration leave no doubt.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from datetime import date, datetime, timedelta
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from fitglue_files import normalizing
from fitglue_files.archives.archive_kind import ArchiveKind, no_archive
from fitglue_files.archives.joining import workouts_of
from fitglue_files.archives.trainingpeaks_table import (
    activity_of,
    rows_of,
    sport_of,
    tables_in,
)
from fitglue_files.containers import ContainerReader
from fitglue_files.counting import count_kinds, count_workouts, other_names, unusable
from fitglue_files.describing import Describer, promises_workout
from fitglue_files.description_cache import DescriptionCache
from fitglue_files.fetching import RecordFile, remember
from fitglue_files.layout import Layout, Position, root_of
from fitglue_files.listing import canonical, listing_of, listing_of_refusal
from fitglue_files.members import Refusal, newest_first
from fitglue_files.paths import paths_of, present_paths
from fitglue_files.wording import Contents, between_years, counted, left_out
from fitglue_registry.model import family
from fitglue_registry.plugin_api import Account, Listing

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from fitglue_files.archives.trainingpeaks_table import Row
    from fitglue_files.describing import Description
    from fitglue_files.members import MemberOrRefusal
    from fitglue_registry.model import SourceActivity
    from fitglue_registry.plugin_api import Connection, Record

#: The zip with the files of the workouts, which is recognized by its name only.
_FILES = re.compile(r"WorkoutFileExport", re.IGNORECASE)
#: Durations are the same if they differ by at most a minute or by at most this share.
_SAME_LENGTH_S = 60.0
_SAME_LENGTH = 0.02
#: The fields of a description that can be the duration in the table.
_LENGTHS = ("moving_s", "elapsed_s", "recording_s")


# -- finding archives ------------------------------------------------------------------------------


def roots(reader: ContainerReader, layout: Layout) -> Iterator[Position]:
    """Yield the folders that contain a table of workouts, and the zips with their files."""
    tables = list(tables_in(reader, layout))
    yield from map(root_of, tables)
    if not tables:
        return
    zips = {member.location[0] for member in layout.members if len(member.location) > 1}
    for path in zips:
        if _FILES.search(PurePath(path).name):
            yield Position((path,), "")


def contents(reader: ContainerReader, layout: Layout) -> Contents:
    """Return what the exports contain, and what of it is left out."""
    tables = list(tables_in(reader, layout))
    rows, planned, commented = rows_of(reader, tables)
    workouts = counted(len(rows), "workout")
    years = between_years(row.day.year for row in rows if row.day)
    candidates = _candidates(layout)
    counts = count_kinds(reader, candidates)
    files = counted(count_workouts(counts), "file")
    sentences = (
        f"{workouts} in {counted(len(tables), 'table')}{years}.",
        f"{files} to match with them, by day and duration.",
    )
    others = other_names(layout.members, (*candidates, *tables))
    skipped = unusable(counts, others=others)
    if planned:
        skipped = left_out(_only_planned(planned, commented)) + skipped
    return Contents(sentences, skipped)


def _only_planned(planned: int, commented: int) -> str:
    """Return the words for the rows without any sign that the workout took place."""
    words = f"{counted(planned, 'planned workout')} without any result"
    if commented:
        # Some of them may have taken place; only the athlete can say so.
        words += f", {commented:,} of them with a comment"
    return words


def _candidates(layout: Layout) -> list[MemberOrRefusal]:
    """Return the members that may be workouts, by their name."""
    return newest_first(filter(_may_be_workout, layout.members))


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
                "workouts.csv with a table of workouts",
            )
        notes = contents(reader, layout).notes
    return Account("trainingpeaks", "TrainingPeaks", notes=notes)


# -- joining rows with files -----------------------------------------------------------------------


def listings(connection: Connection) -> Iterator[Listing]:
    """Yield the rows, each with its file if that is certain, then the files without a row."""
    with ContainerReader() as reader, DescriptionCache(connection.cache) as cache:
        layout = Layout.of(reader, present_paths(connection))
        rows = rows_of(reader, tables_in(reader, layout)).rows
        files: dict[str, Description] = {}
        describer = Describer(reader, cache, connection.alive)
        for described in describer.describe_all(_candidates(layout)):
            if isinstance(described, Refusal):
                yield listing_of_refusal(described)
            else:
                files.setdefault(described.content_id, described)
        # All files have to be known first: whether a join is certain depends on the others.
        joined = join(rows, files.values())
        for row in rows:
            file = joined.get(row.external_id)
            if file is not None:
                files.pop(file.content_id)
            yield _listing(connection, row, file)
        for file in files.values():
            yield listing_of(connection, file)


def _listing(
    connection: Connection,
    row: Row,
    file: Description | None,
) -> Listing:
    """Return the listing of a row, with the id of its file if it has one."""
    summary: dict[str, Any] = {"workout": row.cells}
    record_file = RecordFile(None)
    if file is not None:
        summary["file"] = file.content_id
        record_file = RecordFile(file.member, file.content_id)
    remember(connection, row.external_id, record_file)
    return Listing(row.external_id, canonical(summary), at_source=row.stated_at)


def join(
    rows: Iterable[Row],
    files: Iterable[Description],
) -> dict[str, Description]:
    """Return the file of each row that has one, by the external id of the row.

    A row is joined only if day, duration and sport leave one file for the row and one row for the
    file. A wrong join would be worse than none: an unjoined file is a workout of its own, which the
    matcher compares with the row.
    """
    by_day: dict[date, list[Row]] = defaultdict(list)
    for row in rows:
        if row.day is not None:
            by_day[row.day].append(row)
    pairs = []
    for file in files:
        for row in _fitting(by_day, file):
            pairs.append((row, file))
    files_of_row = Counter(row.external_id for row, _ in pairs)
    rows_of_file = Counter(file.content_id for _, file in pairs)
    joined = {}
    for row, file in pairs:
        if files_of_row[row.external_id] == 1 and rows_of_file[file.content_id] == 1:
            joined[row.external_id] = file
    return joined


def _fitting(
    by_day: dict[date, list[Row]],
    file: Description,
) -> Iterator[Row]:
    """Yield the rows to which a file may belong."""
    for day in _days(file):
        for row in by_day.get(day, ()):
            if _is_as_long(row, file) and _is_same_sport(row, file):
                yield row


def _days(file: Description) -> set[date]:
    """Return the local days on which a file may have begun.

    Without a zone, the local time is taken to be within twelve hours of UTC.
    """
    if not file.workouts:
        return set()
    first = file.workouts[0]
    if first.get("start_local"):
        local = datetime.fromisoformat(first["start_local"])
        return {local.date()}
    start = datetime.fromisoformat(first["start"])
    half_day = timedelta(hours=12)
    moments = (start - half_day, start, start + half_day)
    return {moment.date() for moment in moments}


def _is_as_long(row: Row, file: Description) -> bool:
    """Return whether one of a file's durations is that of a row, which may not have one."""
    if row.seconds is None:
        return False
    allowed_s = max(_SAME_LENGTH_S, _SAME_LENGTH * row.seconds)
    for name in _LENGTHS:
        length_s = sum(workout.get(name) or 0 for workout in file.workouts)
        if length_s and abs(length_s - row.seconds) <= allowed_s:
            return True
    return False


def _is_same_sport(row: Row, file: Description) -> bool:
    """Return whether the sports are of one family, or one of them is unknown."""
    of_row = family(sport_of(row.cells))
    of_file = {family(workout.get("sport") or "Other") for workout in file.workouts}
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
    listings=listings,
    normalize=normalize,
    is_one_account=True,
    order=30,
)
