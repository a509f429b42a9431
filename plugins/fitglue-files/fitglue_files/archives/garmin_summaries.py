"""The summaries of a Garmin archive: their files, the values that join them with
recordings, and their verbatim bytes.
"""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fitglue_files.archives.garmin_json import readable, summaries_of_file
from fitglue_files.archives.garmin_row import number_of, start_of
from fitglue_files.archives.snapshot_date import snapshot_date
from fitglue_files.layout import base_name, slashed
from fitglue_files.members import Refusal
from fitglue_files.refusals import refusal_of
from fitglue_files.wording import counted, named
from fitglue_registry.errors import RecordRefused

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from fitglue_files.containers import ContainerReader
    from fitglue_files.layout import Layout
    from fitglue_files.members import Member, MemberPath

#: To be used with ``match``: with ``search``, a hostile name of 64 kB would take a minute, because
#: the search starts again at each character.
_NAME = re.compile(
    r"(?:(?P<user>.+)_\d+_|.*)summarizedActivities\.json\Z", re.IGNORECASE | re.DOTALL
)
#: In bytes. After many years, the summaries take up more than a hundred megabytes.
_LARGEST_TABLE = 1 << 30
#: The characters of the longest id that is taken as it is. Garmin's numbers have eleven digits.
_LONGEST_ID = 100


@dataclass(slots=True)
class Summary:
    """One summary: its bytes, and the values that join it with a recording.

    Attributes:
        external_id: Its id at Garmin.
        raw: Its bytes, verbatim.
        start: Its start in UTC, or ``None`` if it is unknown.
        lasted_s: Its duration in seconds, or 0 if it is unknown.
        device: The serial number of its device, as text.
        profile: The number of its owner's profile, or ``None``.
        parent: The id of the multisport event to which it belongs as a leg, or ``None``.
        stated_at: The date of the archive, in UTC.
    """

    external_id: str
    raw: bytes
    start: datetime | None
    lasted_s: float
    device: str
    profile: str | None
    parent: str | None
    stated_at: datetime


@dataclass(frozen=True, slots=True)
class Summaries:
    """The summaries of an archive.

    Attributes:
        workouts: The summaries that are workouts, the latest start first.
        groups: The number of multisport events that are not workouts, because their legs are listed
            instead.
        broken: The refusals of files that cannot be read.
        partly_read: The refusals of single summaries, one for each file that has any.
    """

    workouts: list[Summary]
    groups: int
    broken: list[Refusal]
    partly_read: list[Refusal]


def tables_in(layout: Layout) -> list[Member]:
    """Return the files of summaries, the newest archive first."""
    return list(layout.named(lambda name: _NAME.match(name) is not None))


def summaries_in(reader: ContainerReader, tables: Iterable[Member]) -> Summaries:
    """Return the summaries in all files of all archives.

    A summary that is in several archives is taken from the newest.
    """
    of_archives: dict[MemberPath, list[Summary]] = defaultdict(list)
    broken: list[Refusal] = []
    partly_read: list[Refusal] = []
    for table in tables:
        try:
            read = _read(reader.read(table, _LARGEST_TABLE), table.modified_at)
        except (RecordRefused, ValueError, MemoryError) as error:
            refusal = _refusal(table, error)
            broken.append(Refusal(table.location, refusal, table.modified_s))
            continue
        of_archives[_archive_of(table)] += read.summaries
        if read.unreadable:
            refusal = _partly_read(table, read.unreadable)
            partly_read.append(Refusal(table.location, refusal, table.modified_s))
    by_id = _newest_by_id(of_archives.values())
    parents = {summary.parent for summary in by_id.values()}
    workouts = [summary for summary in by_id.values() if summary.external_id not in parents]
    workouts.sort(key=_start, reverse=True)
    groups = len(by_id) - len(workouts)
    return Summaries(workouts, groups, broken, partly_read)


def _archive_of(table: Member) -> MemberPath:
    """Return the zip or folder that contains a file of summaries; an archive has several."""
    *container, name = table.location
    return (*container, slashed(name).rpartition("/")[0])


def _newest_by_id(archives: Iterable[list[Summary]]) -> dict[str, Summary]:
    """Return the summaries by id, each as of the date of its archive, the newest one if there are
    several.
    """
    by_id: dict[str, Summary] = {}
    for summaries in archives:
        if not summaries:
            continue
        file_date = max(summary.stated_at for summary in summaries)
        stated_at = snapshot_date(file_date, (summary.start for summary in summaries))
        for summary in summaries:
            summary.stated_at = stated_at
            known = by_id.get(summary.external_id)
            if known is None or known.stated_at < stated_at:
                by_id[summary.external_id] = summary
    return by_id


def owner(summaries: Summaries, tables: Sequence[Member]) -> str | None:
    """Return the owner of the archive: the profile number in the summaries, else the name in the
    names of their files, else ``None``.
    """
    for summary in summaries.workouts:
        if summary.profile is not None:
            return summary.profile
    for table in tables:
        match = _NAME.match(base_name(table))
        if match and match["user"]:
            return match["user"]
    return None


def _start(summary: Summary) -> float:
    """Return the sort key of a summary; those without a start come last."""
    if summary.start is None:
        return 0.0
    return summary.start.timestamp()


def _refusal(table: Member, error: Exception) -> RecordRefused:
    """Return the refusal for an error that was raised while a file of summaries was read."""
    if isinstance(error, RecordRefused | MemoryError):
        return refusal_of(table.where, error)
    return RecordRefused(
        "FG-garmin-table",
        f"{table.where} cannot be read: {error}",
        fix="download the archive again",
    )


def _partly_read(table: Member, numbers: Sequence[int]) -> RecordRefused:
    """Return the refusal of those summaries in a file that cannot be read, by their numbers."""
    rows = counted(len(numbers), "summary", "summaries")
    which = named([f"number {number:,}" for number in numbers])
    return RecordRefused(
        "FG-garmin-table",
        f"{rows}{which} in {table.where} cannot be read; all others are used",
        fix="download the archive again",
    )


# -- one file --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Table:
    """The summaries in one file, and the numbers of the others, which cannot be read.

    The first summary in a file has the number 1.
    """

    summaries: list[Summary]
    unreadable: list[int]


def _read(content: bytes, stated_at: datetime) -> _Table:
    """Return the summaries in one file; raise ``ValueError`` if it has none that can be cut out."""
    summaries = []
    unreadable = []
    for number, raw in enumerate(summaries_of_file(content), 1):
        row = readable(raw)
        if row is not None and isinstance(row.values, dict) and row.values.get("activityId"):
            summaries.append(_summary(row.raw, row.values, stated_at))
        else:
            unreadable.append(number)
    return _Table(summaries, unreadable)


def _id_of(stated: object, raw: bytes) -> str:
    """Return the id of a summary: its number at Garmin, or a hash if it has no usable one."""
    if isinstance(stated, int | str):
        text = str(stated)
        if len(text) <= _LONGEST_ID and text.isprintable():
            return text
    digest = hashlib.sha256(raw).hexdigest()
    return f"row-{digest[:16]}"


def _summary(
    raw: bytes,
    values: dict[str, Any],
    stated_at: datetime,
) -> Summary:
    """Return one summary with the values that join it with a recording."""
    external_id = _id_of(values["activityId"], raw)
    lasted_ms = number_of(values, "elapsedDuration") or number_of(values, "duration")
    profile = values.get("userProfileId")
    parent = str(values.get("parentId") or "")
    return Summary(
        external_id,
        raw,
        start=start_of(values),
        lasted_s=(lasted_ms or 0.0) / 1000,
        device=str(values.get("deviceId")),
        profile=str(profile) if profile else None,
        # Some summaries name themselves as their parent, which makes them ordinary workouts.
        parent=parent if parent != external_id else None,
        stated_at=stated_at,
    )
