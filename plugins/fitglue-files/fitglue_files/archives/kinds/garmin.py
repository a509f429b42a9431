"""Garmin's archive: a record a summary, joined with the file that begins at the same moment; a file
without one is a record, too.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

from fitglue_files import normalizing
from fitglue_files.archives.archive_kind import ArchiveKind, no_archive
from fitglue_files.archives.garmin_row import activity_of
from fitglue_files.archives.garmin_summaries import owner, summaries_in, tables_in
from fitglue_files.archives.joining import workouts_of
from fitglue_files.containers import Box
from fitglue_files.counting import count_kinds, count_workouts, unusable
from fitglue_files.describing import Describer, promises_workout
from fitglue_files.description_cache import DescriptionCache
from fitglue_files.fetching import Seen, remember
from fitglue_files.layout import Layout, Position, position_of, slashed
from fitglue_files.listing import listing_of, listing_of_refusal
from fitglue_files.members import Refusal, newest_first
from fitglue_files.paths import paths_of, present_paths
from fitglue_files.wording import Contents, between_years, counted
from fitglue_registry.plugin_api import Account, Listing

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from fitglue_files.archives.garmin_summaries import Summaries, Summary
    from fitglue_files.describing import Description
    from fitglue_files.members import Found
    from fitglue_registry.model import SourceActivity
    from fitglue_registry.plugin_api import Connection, Record

#: A summary and its file name the same second; some firmware rounds.
_SAME_START_S = 5.0


# -- which archives there are ----------------------------------------------------------------------


def roots(box: Box, layout: Layout) -> Iterator[Position]:
    """The folders that hold the summaries and the parts of uploads."""
    del box
    for table in tables_in(layout):
        yield _above(position_of(table))
    for member in layout.members:
        if _is_uploaded(member):
            *container, upload, _ = member.location
            yield _above(Position(tuple(container), slashed(upload)))


def _above(position: Position) -> Position:
    """The folder above ``DI_CONNECT``, however the archive was unpacked."""
    before, found, _ = position.path.partition("DI_CONNECT/")
    if found:
        return Position(position.container, before.rstrip("/"))
    folder, _, _ = position.path.rpartition("/")
    return Position(position.container, folder)


def _is_uploaded(member: Found) -> bool:
    """Whether a member lies in a zip of uploaded files."""
    if len(member.location) < 2:
        return False
    zip_name = member.location[-2].casefold()
    return zip_name.endswith(".zip") and "uploadedfiles_" in zip_name


def contents(box: Box, layout: Layout) -> Contents:
    """What is in the archives, by their summaries and the first bytes of their files, and what of
    it is left out.
    """
    return _contents(box, layout, summaries_in(box, tables_in(layout)))


def _contents(
    box: Box,
    layout: Layout,
    summaries: Summaries,
) -> Contents:
    starts = [summary.start for summary in summaries.workouts if summary.start]
    activities = counted(
        len(summaries.workouts),
        "activity",
        "activities",
    )
    activities += between_years(start.year for start in starts)
    if summaries.groups:
        activities += f"; {counted(summaries.groups, 'multisport event')} besides, as the legs"
    counts = count_kinds(box, _candidates(layout))
    files = counted(count_workouts(counts), "file")
    found = (
        f"{activities}.",
        f"{files} of workouts to join them with.",
    )
    return Contents(found, unusable(counts, len(summaries.broken)))


def _candidates(layout: Layout) -> list[Found]:
    """What may be a workout: by its name, or because it lies among the uploaded files."""
    return newest_first(filter(_may_be_workout, layout.members))


def _may_be_workout(member: Found) -> bool:
    if isinstance(member, Refusal):
        return True
    return promises_workout(member.name) or _is_uploaded(member)


def account(connection: Connection) -> Account:
    """Whose archive it is: the number of the profile in the summaries, else the name that their
    files carry.
    """
    with Box() as box:
        layout = Layout.of(box, paths_of(connection))
        tables = tables_in(layout)
        if not tables and not any(map(_is_uploaded, layout.members)):
            raise no_archive(
                "garmin",
                connection,
                "summarizedActivities.json and no parts of uploaded files",
            )
        summaries = summaries_in(box, tables)
        notes = _contents(box, layout, summaries).notes
    paths = connection.settings.get("paths")
    return Account(owner(summaries, tables) or f"archive:{paths}", notes=notes)


# -- the summaries and their files -----------------------------------------------------------------


class _Waiting:
    """The summaries that have no file yet."""

    def __init__(self, summaries: Iterable[Summary]) -> None:
        self._by_id = {summary.external_id: summary for summary in summaries}
        self._by_second: dict[int, list[Summary]] = defaultdict(list)
        for summary in self._by_id.values():
            if summary.start is not None:
                second = int(summary.start.timestamp())
                self._by_second[second].append(summary)

    def take(self, workout: dict[str, Any]) -> Summary | None:
        """The summary that a workout of a file belongs to: the same device first, then the same
        length, then the nearest start.
        """
        start = datetime.fromisoformat(workout["start"]).timestamp()
        device = str((workout.get("device") or {}).get("serial"))
        lasted_s = workout.get("elapsed_s") or 0

        def distance(summary: Summary) -> tuple[bool, float, float]:
            return (
                summary.device != device,
                abs(summary.lasted_s - lasted_s),
                _apart_s(summary, start),
            )

        taken = min(self._near(start), key=distance, default=None)
        if taken is not None:
            del self._by_id[taken.external_id]
        return taken

    def _near(self, start: float) -> Iterator[Summary]:
        """The summaries that begin at about this moment."""
        first = int(start - _SAME_START_S)
        last = int(start + _SAME_START_S)
        for second in range(first, last + 1):
            for summary in self._by_second.get(second, ()):
                is_free = summary.external_id in self._by_id
                if is_free and _apart_s(summary, start) <= _SAME_START_S:
                    yield summary

    def rest(self) -> list[Summary]:
        """Those that were not taken."""
        return list(self._by_id.values())


def _apart_s(summary: Summary, start: float) -> float:
    assert summary.start is not None
    return abs(summary.start.timestamp() - start)


def listings(connection: Connection) -> Iterator[Listing]:
    """Each summary with its file as soon as this is found, then those without; a file that no
    summary wants is a record of its own.

    Listed so, and not first the summaries and then the files, no minute goes by without a row while
    ten thousand files are looked at.
    """
    with Box() as box, DescriptionCache(connection.cache) as cache:
        layout = Layout.of(box, present_paths(connection))
        summaries = summaries_in(box, tables_in(layout))
        yield from map(listing_of_refusal, summaries.broken)
        waiting = _Waiting(summaries.workouts)
        seen: set[str] = set()
        describer = Describer(box, cache, connection.alive)
        for described in describer.describe_all(_candidates(layout)):
            if isinstance(described, Refusal):
                yield listing_of_refusal(described)
            elif described.content_id not in seen:
                seen.add(described.content_id)
                yield from _file_listings(connection, waiting, described)
        for summary in waiting.rest():
            yield _listing(connection, summary, None)


def _file_listings(
    connection: Connection,
    waiting: _Waiting,
    described: Description,
) -> Iterator[Listing]:
    """The summaries that a file belongs to, and the file itself where one of its workouts has
    none.
    """
    taken = [waiting.take(workout) for workout in described.workouts]
    for summary in taken:
        if summary is not None:
            yield _listing(connection, summary, described)
    if not taken or None in taken:
        yield listing_of(connection, described)


def _listing(
    connection: Connection,
    summary: Summary,
    described: Description | None,
) -> Listing:
    """The row of a summary, which is kept byte for byte, with the id of its file."""
    seen = Seen(None)
    file = b""
    if described is not None:
        seen = Seen(described.member, described.content_id)
        file = b',"file":"' + described.content_id.encode() + b'"'
    remember(connection, summary.external_id, seen)
    content = b'{"activity":' + summary.raw + file + b"}"
    return Listing(summary.external_id, content)


def normalize(record: Record) -> list[SourceActivity]:
    """The workout of a summary, with its file all that this holds as well; or those of a file
    without a summary.
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
