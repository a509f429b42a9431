"""Garmin's archive: each summary is a record, joined with the file that begins at the same moment,
or of which the athlete cut off the beginning. A file without a summary is a record as well.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

from fitglue_files import normalizing
from fitglue_files.archives.archive_kind import ArchiveKind, no_archive
from fitglue_files.archives.cropping import LEAST_CROP_S
from fitglue_files.archives.garmin_row import activity_of
from fitglue_files.archives.garmin_summaries import owner, summaries_in, tables_in
from fitglue_files.archives.joining import workouts_of
from fitglue_files.containers import ContainerReader
from fitglue_files.counting import count_kinds, count_workouts, other_names, unusable
from fitglue_files.describing import Describer, promises_workout
from fitglue_files.description_cache import DescriptionCache
from fitglue_files.fetching import RecordFile, remember
from fitglue_files.layout import Layout, Position, base_name, position_of, slashed
from fitglue_files.listing import listing_of, listing_of_refusal
from fitglue_files.members import Refusal, newest_first
from fitglue_files.paths import paths_of, present_paths
from fitglue_files.wording import Contents, between_years, counted
from fitglue_registry.plugin_api import Account, Listing

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from fitglue_files.archives.garmin_summaries import Summaries, Summary
    from fitglue_files.describing import Description
    from fitglue_files.members import MemberOrRefusal
    from fitglue_registry.model import SourceActivity
    from fitglue_registry.plugin_api import Connection, Record

#: A summary and its file state the same second, except that some firmware rounds it.
_SAME_START_S = 5.0


# -- finding archives ------------------------------------------------------------------------------


def roots(reader: ContainerReader, layout: Layout) -> Iterator[Position]:
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


def contents(reader: ContainerReader, layout: Layout) -> Contents:
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
    return Contents(sentences, unusable(counts, broken, others))


def _candidates(layout: Layout) -> list[MemberOrRefusal]:
    """Return the members that may be workouts, by their name or because they are uploaded files.

    The names of uploaded files have no meaning, and some have no suffix.
    """
    return newest_first(filter(_may_be_workout, layout.members))


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
                "summarizedActivities.json and no zips of uploaded files",
            )
        summaries = summaries_in(reader, tables)
        notes = _contents(reader, layout, summaries).notes
    account_id = owner(summaries, tables)
    if not account_id:
        paths = connection.settings.get("paths")
        account_id = f"archive:{paths}"
    return Account(account_id, notes=notes)


# -- joining summaries with files ------------------------------------------------------------------


class _UnjoinedSummaries:
    """The summaries that are not joined with a file yet, indexed by the second of their start."""

    def __init__(self, summaries: Iterable[Summary]) -> None:
        self._by_id = {summary.external_id: summary for summary in summaries}
        self._by_second: dict[int, list[Summary]] = defaultdict(list)
        for summary in self._by_id.values():
            if summary.start is not None:
                second = int(summary.start.timestamp())
                self._by_second[second].append(summary)
        self._seconds = sorted(self._by_second)

    def take(self, workout: dict[str, Any]) -> Summary | None:
        """Return and remove the summary that belongs to a workout of a file, or return ``None``.

        Among the summaries with nearly the same start, the same device decides, then the most
        similar duration, then the nearest start.
        """
        start = datetime.fromisoformat(workout["start"]).timestamp()
        device = str((workout.get("device") or {}).get("serial"))
        lasted_s = workout.get("elapsed_s") or 0

        # False sorts before True, so the same device comes first.
        def distance(summary: Summary) -> tuple[bool, float, float]:
            return (
                summary.device != device,
                abs(summary.lasted_s - lasted_s),
                _apart_s(summary, start),
            )

        nearest = min(self._near(start), key=distance, default=None)
        if nearest is not None:
            del self._by_id[nearest.external_id]
        return nearest

    def cropped(self, workouts: Sequence[dict[str, Any]]) -> Summary | None:
        """Return the summary that is a part of the only workout of a file, without its beginning.

        No device records two workouts at once, so a summary of the same device inside the file is a
        part of it. If several summaries are inside, the athlete split the workout instead.
        """
        if len(workouts) != 1:
            return None
        [workout] = workouts
        device = workout.get("device") or {}
        serial = device.get("serial")
        lasted_s = workout.get("elapsed_s")
        if not serial or not lasted_s:
            return None
        start = datetime.fromisoformat(workout["start"]).timestamp()
        if any(self._near(start)):
            return None

        inside = []
        for summary in self._inside(start, start + lasted_s):
            if summary.device == str(serial):
                inside.append(summary)
        if len(inside) != 1:
            return None
        return inside[0]

    def _inside(
        self,
        start: float,
        end: float,
    ) -> Iterator[Summary]:
        """Yield the summaries that were not taken and that begin after a crop of a recording, and
        end before its end.
        """
        first = start + LEAST_CROP_S
        last = end + _SAME_START_S
        position = bisect_left(self._seconds, first)
        for second in self._seconds[position:]:
            if second > last:
                return
            for summary in self._by_second[second]:
                if summary.external_id not in self._by_id:
                    continue
                if second + summary.lasted_s <= last:
                    yield summary

    def remove(self, summary: Summary) -> None:
        """Remove a summary that was joined with a file."""
        del self._by_id[summary.external_id]

    def _near(self, start: float) -> Iterator[Summary]:
        """Yield the summaries that begin at about this moment."""
        first = int(start - _SAME_START_S)
        last = int(start + _SAME_START_S)
        for second in range(first, last + 1):
            for summary in self._by_second.get(second, ()):
                is_free = summary.external_id in self._by_id
                if is_free and _apart_s(summary, start) <= _SAME_START_S:
                    yield summary

    def remaining(self) -> list[Summary]:
        """Return the summaries that were not taken."""
        return list(self._by_id.values())


def _apart_s(summary: Summary, start: float) -> float:
    """Return the seconds between the start of a summary and a moment."""
    assert summary.start is not None
    return abs(summary.start.timestamp() - start)


def listings(connection: Connection) -> Iterator[Listing]:
    """Yield each summary as soon as its file is found, then the summaries without a file.

    A file without a summary is a record of its own. Summaries and files are not listed one after
    the other, because then no listing would be yielded while ten thousand files are described.
    """
    with ContainerReader() as reader, DescriptionCache(connection.cache) as cache:
        layout = Layout.of(reader, present_paths(connection))
        summaries = summaries_in(reader, tables_in(layout))
        yield from map(listing_of_refusal, summaries.broken)
        unjoined = _UnjoinedSummaries(summaries.workouts)
        listed: set[str] = set()
        maybe_cropped: list[Description] = []
        describer = Describer(reader, cache, connection.alive)
        for described in describer.describe_all(_candidates(layout)):
            if isinstance(described, Refusal):
                yield listing_of_refusal(described)
            elif described.content_id not in listed:
                listed.add(described.content_id)
                # Another file may begin with the summary, so such a file has to wait.
                if unjoined.cropped(described.workouts) is not None:
                    maybe_cropped.append(described)
                else:
                    yield from _file_listings(connection, unjoined, described)
        for described in maybe_cropped:
            yield _cropped_listing(connection, unjoined, described)
        for summary in unjoined.remaining():
            yield _listing(connection, summary, None)


def _file_listings(
    connection: Connection,
    unjoined: _UnjoinedSummaries,
    described: Description,
) -> Iterator[Listing]:
    """Yield the summaries that belong to a file, and the file itself if one of its workouts has
    none.
    """
    summaries = [unjoined.take(workout) for workout in described.workouts]
    for summary in summaries:
        if summary is not None:
            yield _listing(connection, summary, described)
    # A file that cannot be used has no workouts; it is listed with its problem.
    if not summaries or None in summaries:
        yield listing_of(connection, described)


def _cropped_listing(
    connection: Connection,
    unjoined: _UnjoinedSummaries,
    described: Description,
) -> Listing:
    """Return the summary that is a part of a file, or the file if the summary has another file."""
    summary = unjoined.cropped(described.workouts)
    if summary is None:
        return listing_of(connection, described)
    unjoined.remove(summary)
    return _listing(connection, summary, described)


def _listing(
    connection: Connection,
    summary: Summary,
    described: Description | None,
) -> Listing:
    """Return the listing of a summary, which is kept byte for byte, with the id of its file."""
    record_file = RecordFile(None)
    file = b""
    if described is not None:
        record_file = RecordFile(described.member, described.content_id)
        file = b',"file":"' + described.content_id.encode() + b'"'
    remember(connection, summary.external_id, record_file)
    # Built from bytes, so that the summary stays verbatim, including the notation of its numbers.
    content = b'{"activity":' + summary.raw + file + b"}"
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
    listings=listings,
    normalize=normalize,
    order=20,
)
