"""Garmin's archive: each summary is a record, joined with the file that begins at the same moment,
or of which the athlete cut off the beginning. A file without a summary is a record as well.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_left
from collections import defaultdict
from functools import lru_cache
from typing import TYPE_CHECKING

from fitglue_files import normalizing
from fitglue_files.archives.archive_kind import ArchiveKind, no_archive
from fitglue_files.archives.garmin_row import activity_of
from fitglue_files.archives.garmin_summaries import owner, summaries_in, tables_in
from fitglue_files.archives.joining import workouts_of, workouts_with
from fitglue_files.archives.row_reading import row_with_file
from fitglue_files.containers import ContainerReader, marks_on_disk
from fitglue_files.counting import count_kinds, count_workouts, not_opened, other_names, unusable
from fitglue_files.kind_cache import KindCache
from fitglue_files.layout import Layout, Position, base_name, position_of, slashed
from fitglue_files.listing import listing_of_missing_row, listing_of_refusal
from fitglue_files.members import Refusal, read_order
from fitglue_files.paths import paths_of, present_paths
from fitglue_files.places import hint_of, mark_of_all, members_as_values, place_of, place_of_row
from fitglue_files.reading import file_or_refusal
from fitglue_files.sorting import Sorter, promises_workout
from fitglue_files.wording import Contents, account_id, between_years, counted
from fitglue_formats import activities
from fitglue_formats.rows import LEAST_CROP_S
from fitglue_registry.errors import RecordRefused
from fitglue_registry.model.moments import utc_text
from fitglue_registry.plugin_api import Account, Listing

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from fitglue_files.archives.garmin_summaries import Summaries, Summary
    from fitglue_files.members import Member, MemberOrRefusal
    from fitglue_files.reading import FileRead
    from fitglue_files.source import Items
    from fitglue_registry.model import SourceActivity
    from fitglue_registry.plugin_api import Connection, Location, Record

#: A summary and its file state the same second, except that some firmware rounds it.
_SAME_START_S = 5.0


# -- finding archives ------------------------------------------------------------------------------


def roots(
    reader: ContainerReader,
    layout: Layout,
) -> Iterator[Position]:
    """Yield the folders above the summaries and above the zips of uploaded files."""
    del reader
    for table in tables_in(layout):
        yield _above(position_of(table))
    for member in layout.members:
        if _is_uploaded(member):
            *container, upload, _ = member.location
            yield _above(Position(tuple(container), slashed(upload)))


def _above(position: Position) -> Position:
    """Return the folder above ``DI_CONNECT``, or the folder of the position if there is no
    ``DI_CONNECT``.
    """
    before, separator, _ = position.path.partition("DI_CONNECT/")
    if separator:
        return Position(position.container, before.rstrip("/"))
    folder, _, _ = position.path.rpartition("/")
    return Position(position.container, folder)


def _is_uploaded(member: MemberOrRefusal) -> bool:
    """Return whether a member is in a zip of uploaded files."""
    if len(member.location) < 2:
        return False
    zip_name = member.location[-2].casefold()
    return zip_name.endswith(".zip") and "uploadedfiles_" in zip_name


def contents(
    reader: ContainerReader,
    layout: Layout,
) -> Contents:
    """Return what the archives contain, by their summaries and the first bytes of their files."""
    tables = tables_in(layout)
    summaries = summaries_in(reader, tables)
    return _contents(reader, layout, summaries)


def _contents(
    reader: ContainerReader,
    layout: Layout,
    summaries: Summaries,
) -> Contents:
    """Return what the archives with these summaries contain."""
    starts = [summary.start for summary in summaries.workouts if summary.start]
    activities = counted(
        len(summaries.workouts),
        "activity",
        "activities",
    )
    activities += between_years(start.year for start in starts)
    if summaries.groups:
        groups = counted(summaries.groups, "multisport event")
        activities += f"; {groups} split into legs"

    candidates = _candidates(layout)
    counts = count_kinds(reader, candidates)
    files = counted(count_workouts(counts), "workout file")
    sentences = (
        f"{activities}.",
        f"{files} to match with them.",
    )
    broken = [base_name(refusal) for refusal in summaries.broken]
    others = other_names(layout.members, (*candidates, *tables_in(layout)))
    skipped = unusable(counts, broken, others)
    return Contents(sentences, skipped + not_opened(layout))


def _candidates(layout: Layout) -> list[MemberOrRefusal]:
    """Return the members that may be workouts, by their name or because they are uploaded files.

    The names of uploaded files have no meaning, and some have no suffix.
    """
    return read_order(filter(_may_be_workout, layout.members))


def _may_be_workout(member: MemberOrRefusal) -> bool:
    """Return whether a member may be a workout."""
    if isinstance(member, Refusal):  # it might have been one, so the athlete gets to see the reason
        return True
    if _is_uploaded(member):
        return True
    return promises_workout(member.name)


def account(connection: Connection) -> Account:
    """Return the account of the archive's owner; raise ``AthleteNeeded`` if it is not a Garmin
    archive.
    """
    with ContainerReader() as reader:
        layout = Layout.of(reader, paths_of(connection))
        tables = tables_in(layout)
        if not tables and not any(map(_is_uploaded, layout.members)):
            raise no_archive(
                "garmin",
                connection,
                layout,
                "summarizedActivities.json and no zips of uploaded files",
            )
        summaries = summaries_in(reader, tables)
        notes = _contents(reader, layout, summaries).notes
    stated = owner(summaries, tables)
    if not stated:
        paths = connection.settings.get("paths")
        stated = f"archive:{paths}"
    return Account(account_id(stated, "archive"), notes=notes)


# -- joining summaries with files ------------------------------------------------------------------


class _Index:
    """The summaries of an archive by their id and by the second of their start."""

    def __init__(self, summaries: Iterable[Summary]) -> None:
        self.by_id = {summary.external_id: summary for summary in summaries}
        self._by_second: dict[int, list[Summary]] = defaultdict(list)
        for summary in self.by_id.values():
            if summary.start is not None:
                second = int(summary.start.timestamp())
                self._by_second[second].append(summary)
        self._seconds = sorted(self._by_second)

    def nearest(
        self,
        workout: SourceActivity,
        taken: Collection[str],
    ) -> Summary | None:
        """Return the summary that belongs to a workout of a file, or ``None``.

        Among the summaries with nearly the same start, the same device decides, then the most
        similar duration, then the nearest start.

        Args:
            workout: The workout.
            taken: The ids of summaries that belong to other workouts.
        """
        if workout.start_utc is None:
            return None
        start = workout.start_utc.timestamp()
        device = str(workout.device.serial if workout.device else None)
        lasted_s = workout.elapsed_s or 0

        # False sorts before True, so the same device comes first.
        def distance(summary: Summary) -> tuple[bool, float, float]:
            return (
                summary.device != device,
                abs(summary.lasted_s - lasted_s),
                _apart_s(summary, start),
            )

        near = (summary for summary in self._near(start) if summary.external_id not in taken)
        return min(near, key=distance, default=None)

    def cropped(
        self,
        legs: Sequence[SourceActivity],
        taken: Collection[str],
    ) -> Summary | None:
        """Return the summary that is a part of the only workout of a file, without its beginning.

        No device records two workouts at once, so a summary of the same device inside the file is a
        part of it. If several summaries are inside, the athlete split the workout instead.
        """
        if len(legs) != 1:
            return None
        [leg] = legs
        serial = leg.device.serial if leg.device else None
        if not serial or not leg.elapsed_s or leg.start_utc is None:
            return None
        start = leg.start_utc.timestamp()
        if any(self._near(start)):
            return None

        inside = []
        for summary in self._inside(start, start + leg.elapsed_s):
            if summary.device == str(serial):
                inside.append(summary)
        if len(inside) != 1 or inside[0].external_id in taken:
            return None
        return inside[0]

    def _inside(
        self,
        start: float,
        end: float,
    ) -> Iterator[Summary]:
        """Yield the summaries that begin after a crop of a recording, and end before its end."""
        first = start + LEAST_CROP_S
        last = end + _SAME_START_S
        position = bisect_left(self._seconds, first)
        for second in self._seconds[position:]:
            if second > last:
                return
            for summary in self._by_second[second]:
                if second + summary.lasted_s <= last:
                    yield summary

    def _near(self, start: float) -> Iterator[Summary]:
        """Yield the summaries that begin at about this moment."""
        first = int(start - _SAME_START_S)
        last = int(start + _SAME_START_S)
        for second in range(first, last + 1):
            for summary in self._by_second.get(second, ()):
                if _apart_s(summary, start) <= _SAME_START_S:
                    yield summary


def _apart_s(
    summary: Summary,
    start: float,
) -> float:
    """Return the seconds between the start of a summary and a moment."""
    assert summary.start is not None
    return abs(summary.start.timestamp() - start)


def _index(tables: tuple[Member, ...]) -> _Index:
    """Return the index of some tables, which a process keeps for the next file."""
    return _index_of(tables, marks_on_disk(tables))


@lru_cache(maxsize=1)
def _index_of(
    tables: tuple[Member, ...],
    marks: tuple[str, ...],
) -> _Index:
    """Return the index of some tables; the marks tell apart what they contain at different times.

    An archive may be replaced after its tables were found.
    """
    del marks
    with ContainerReader() as reader:
        summaries = summaries_in(reader, tables)
    # These tables could be read when the places were listed. Without one of them, its files would
    # be stored as workouts without summaries; after an error, the next sync reads them again.
    if summaries.broken:
        raise summaries.broken[0].error
    return _Index(summaries.workouts)


def places(connection: Connection) -> Iterator[Location]:
    """Yield the place of each file, then of each summary, which is read if no file has it."""
    with ContainerReader() as reader, KindCache(connection.cache) as cache:
        layout = Layout.of(reader, present_paths(connection))
        tables = tables_in(layout)
        summaries = summaries_in(reader, tables)
        yield from map(place_of, summaries.broken + summaries.partly_read)
        broken = {refusal.location for refusal in summaries.broken}
        tables = [table for table in tables if table.location not in broken]

        # A changed summary changes what its file becomes, so all files are read again with it.
        mark = mark_of_all(tables)
        as_values = members_as_values(tables)
        sorter = Sorter(reader, cache, connection.alive)
        for member in sorter.workouts(_candidates(layout)):
            yield place_of(member, mark, tables=as_values)
        for summary in summaries.workouts:
            content = f"{utc_text(summary.stated_at)} {hashlib.sha256(summary.raw).hexdigest()}"
            yield place_of_row(summary.external_id, content, tables=as_values)


def read(
    connection: Connection,
    location: Location,
) -> Items:
    """Yield the summaries that belong to a file, and the file itself if one of its workouts has
    none; or a summary without a file.
    """
    hint = hint_of(location)
    if hint.member is None:
        index = _index(hint.members("tables"))
        yield from _without_file(connection, index, location.external_id or "")
        return
    file = file_or_refusal(hint.member)
    if isinstance(file, Refusal):
        yield listing_of_refusal(file)
        return
    if location.undecodable:
        yield from normalizing.record_of_file(connection, file, decode=False)
        return
    index = _index(hint.members("tables"))
    yield from _with_summaries(connection, index, file, location.taken)


def _without_file(
    connection: Connection,
    index: _Index,
    external_id: str,
) -> Items:
    """Yield the record of a summary that no file belongs to."""
    summary = index.by_id.get(external_id)
    if summary is None:
        yield listing_of_missing_row(external_id)
        return
    listing = _listing(summary, None)
    yield from row_with_file(connection, listing, None, normalize, decode=True)


def _with_summaries(
    connection: Connection,
    index: _Index,
    file: FileRead,
    taken: frozenset[str],
) -> Items:
    """Yield the records of a file that can be read."""
    try:
        # Without the name of the file: a joined workout never takes its title from it.
        legs = activities(file.unpacked)
    # A file that cannot be used has no workouts; it is listed with its problem.
    except RecordRefused:
        yield from normalizing.record_of_file(connection, file, decode=True)
        return
    part = index.cropped(legs, taken)
    if part is not None:
        yield from _with_summary(connection, part, file, legs)
        return
    used = set(taken)
    has_all = True
    for leg in legs:
        summary = index.nearest(leg, used)
        if summary is None:
            has_all = False
            continue
        used.add(summary.external_id)
        yield from _with_summary(connection, summary, file, legs)
    if not has_all:
        yield from normalizing.record_of_file(connection, file, decode=True)


def _with_summary(
    connection: Connection,
    summary: Summary,
    file: FileRead,
    legs: Sequence[SourceActivity],
) -> Items:
    """Yield the record of a summary and its file."""
    listing = _listing(summary, file)
    yield listing
    yield file.part_of(listing.external_id)
    record = normalizing.record_of(connection, listing, file)
    row = activity_of(record.external_id, normalizing.summary_of(record)["activity"])
    yield from workouts_with(row, legs, record)


def _listing(
    summary: Summary,
    file: FileRead | None,
) -> Listing:
    """Return the listing of a summary, which is kept byte for byte, with the id of its file."""
    content_id = b""
    if file is not None:
        content_id = b',"file":"' + file.content_id.encode() + b'"'
    # Built from bytes, so that the summary stays verbatim, including the notation of its numbers.
    content = b'{"activity":' + summary.raw + content_id + b"}"
    return Listing(summary.external_id, content, at_source=summary.stated_at)


def normalize(record: Record) -> list[SourceActivity]:
    """Return the workout of a summary, joined with its file, or those of a file without a
    summary.
    """
    summary = normalizing.summary_of(record)
    if "activity" not in summary:
        return normalizing.normalize(record)
    row = activity_of(record.external_id, summary["activity"])
    return workouts_of(row, record)


KIND = ArchiveKind(
    id="garmin-archive",
    name="Garmin archive",
    roots=roots,
    contents=contents,
    account=account,
    places=places,
    read=read,
    normalize=normalize,
    order=20,
)
