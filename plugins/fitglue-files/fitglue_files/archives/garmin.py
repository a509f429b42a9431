"""Garmin's archive: a record a summary, joined with the file that begins at the same moment; a file
without one is a record, too.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec

from fitglue_files import loose
from fitglue_files.archives.garmin_row import activity_of, moment, number_of
from fitglue_files.archives.joining import workouts_of
from fitglue_files.archives.layout import Layout, base_name, no_archive, present
from fitglue_files.containers import Box, Member, Refusal
from fitglue_files.fetching import Seen, remember
from fitglue_files.looking import Looks, census, promises, unusable
from fitglue_files.notes import Notes
from fitglue_files.paths import paths_of
from fitglue_files.wording import between_years, counted
from fitglue_registry.errors import RecordRefused
from fitglue_registry.plugin_api import Account, Listing

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from fitglue_files.looking import Look
    from fitglue_registry.model import SourceActivity
    from fitglue_registry.plugin_api import Connection, Record

#: From the start of the name: looked for from each place of it, a hostile one of 64 kB takes a
#: minute.
_SUMMARIES = re.compile(
    r"(?:(?P<user>.+)_\d+_|.*)summarizedActivities\.json\Z", re.IGNORECASE | re.DOTALL
)
#: A summary and its file name the same second; some firmware rounds.
_SAME_START_S = 5.0
#: The summaries of a heavy user have more than a hundred megabytes.
_LARGEST_TABLE = 1 << 30
_JOINED_BY = ("parentId", "userProfileId", "deviceId", "elapsedDuration", "duration")


class _Part(msgspec.Struct):
    """One object of a file of summaries; each summary is kept as it stands there."""

    summarizedActivitiesExport: list[msgspec.Raw] = []  # noqa: N815 - Garmin's name


@dataclass(slots=True)
class Row:
    """One summary: its bytes, and of what it says what it is joined by."""

    external_id: str
    raw: bytes
    said: dict[str, Any]
    start: datetime | None
    joined: bool = False

    @property
    def parent(self) -> str | None:
        """The multisport event that it is a leg of; nothing is a leg of itself."""
        parent = str(self.said.get("parentId") or "")
        return parent if parent != self.external_id else None

    @property
    def lasted_s(self) -> float:
        """How long it took, nothing where it does not say."""
        return (
            number_of(self.said, "elapsedDuration") or number_of(self.said, "duration") or 0.0
        ) / 1000


@dataclass(slots=True)
class Rows:
    """The summaries of an archive that are workouts: a parent whose legs are there is a group and
    none.
    """

    rows: list[Row]
    groups: int = 0
    broken: list[Refusal] = field(default_factory=list)

    @classmethod
    def of(cls, box: Box, tables: Iterable[Member]) -> Rows:
        """All parts of all archives, the newest archive first; a summary that is in two counts
        once.
        """
        found: dict[str, Row] = {}
        broken: list[Refusal] = []
        for table in tables:
            try:
                for row in _read(box.read(table, _LARGEST_TABLE)):
                    found.setdefault(row.external_id, row)
            except (RecordRefused, msgspec.MsgspecError, ValueError, RecursionError) as error:
                refusal = (
                    error
                    if isinstance(error, RecordRefused)
                    else RecordRefused(
                        "FG-garmin-table",
                        f"{table.where} cannot be read: {error}",
                        fix="download the archive again",
                    )
                )
                broken.append(Refusal(table.location, refusal, table.modified_s))
        parents = {row.parent for row in found.values()}
        rows = [row for row in found.values() if row.external_id not in parents]
        rows.sort(key=lambda row: row.start.timestamp() if row.start else 0.0, reverse=True)
        return cls(rows, len(found) - len(rows), broken)


def _read(content: bytes) -> Iterator[Row]:
    try:
        raws = _summaries(content)
    except msgspec.ValidationError:
        raise
    # Half of an emoji, where a name was cut, is no JSON; Python lets it pass.
    except msgspec.DecodeError:
        raws = _summaries(loose.canonical(json.loads(content)))
    for raw in raws:
        said = msgspec.json.decode(raw)
        if isinstance(said, dict) and said.get("activityId"):
            start = moment(said, "beginTimestamp") or moment(said, "startTimeGmt")
            yield Row(
                str(said["activityId"]), raw, {key: said.get(key) for key in _JOINED_BY}, start
            )


def _summaries(content: bytes) -> list[bytes]:
    """Each summary of a table as it stands there."""
    try:
        parts = msgspec.json.decode(content, type=list[_Part])
    except msgspec.ValidationError:
        parts = [msgspec.json.decode(content, type=_Part)]
    return [bytes(raw) for part in parts for raw in part.summarizedActivitiesExport]


def tables_of(layout: Layout) -> list[Member]:
    """The files of summaries, the newest archive first."""
    return list(layout.named(lambda name: _SUMMARIES.match(name) is not None))


def is_upload(name: str) -> bool:
    """Whether a zip in the archive holds uploaded files."""
    name = name.casefold()
    return name.endswith(".zip") and "uploadedfiles_" in name


def is_archive(layout: Layout) -> bool:
    """Whether there are summaries, or parts of uploaded files."""
    return bool(tables_of(layout)) or any(
        len(member.location) > 1 and is_upload(member.location[-2]) for member in layout.members
    )


def account(connection: Connection) -> Account:
    """Whose archive it is: the number of the profile in the summaries, else the name that their
    files carry.
    """
    with Box() as box:
        layout = Layout.of(box, paths_of(connection))
        if not is_archive(layout):
            raise no_archive(
                "garmin", connection, "summarizedActivities.json and no parts of uploaded files"
            )
        tables = tables_of(layout)
        rows = Rows.of(box, tables)
        return Account(
            _owner(rows, tables) or f"archive:{connection.settings.get('paths')}",
            notes=sum(told(box, layout, rows), ()),
        )


def _owner(rows: Rows, tables: Sequence[Member]) -> str | None:
    profile = next(
        (row.said["userProfileId"] for row in rows.rows if row.said.get("userProfileId")), None
    )
    if profile is not None:
        return str(profile)
    named = (_SUMMARIES.match(base_name(table)) for table in tables)
    return next((found["user"] for found in named if found and found["user"]), None)


def told(
    box: Box, layout: Layout, rows: Rows | None = None
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What is in the archive, by its summaries and the first bytes of its files, and what of it is
    left out.
    """
    rows = Rows.of(box, tables_of(layout)) if rows is None else rows
    between = between_years(row.start.year for row in rows.rows if row.start)
    groups = (
        f"; {counted(rows.groups, 'multisport event')} besides, as the legs" if rows.groups else ""
    )
    counts = census(box, _candidates(layout))
    found = (
        f"{counted(len(rows.rows), 'activity', 'activities')}{between}{groups}.",
        (
            f"{counted(sum(counts[kind] for kind in ('fit', 'gpx', 'tcx')), 'file')} of workouts "
            "to join them with."
        ),
    )
    return found, unusable(counts, len(rows.broken))


def _candidates(layout: Layout) -> list[Member | Refusal]:
    """What may be a workout: by its name, or because it lies among the uploaded files."""
    found = [
        one
        for one in layout.members
        if isinstance(one, Refusal)
        or promises(one.name)
        or (len(one.location) > 1 and is_upload(one.location[-2]))
    ]
    return sorted(found, key=lambda one: (-one.modified_s, one.location))


def listings(connection: Connection) -> Iterator[Listing]:
    """Each summary with its file as soon as this is found, then those without; a file that no
    summary wants is a record of its own.

    Listed so, and not first the summaries and then the files, no minute goes by without a row while
    ten thousand files are looked at.
    """
    with Box() as box, Notes(connection.cache) as noted:
        layout = Layout.of(box, present(connection))
        rows = Rows.of(box, tables_of(layout))
        yield from map(loose.unreadable, rows.broken)
        by_second = _by_second(rows.rows)
        seen: set[str] = set()
        for look in Looks(box, noted, connection.alive).at(_candidates(layout)):
            if isinstance(look, Refusal):
                yield loose.unreadable(look)
                continue
            if look.content_id in seen:
                continue
            seen.add(look.content_id)
            wanted = [_wanted(by_second, workout) for workout in look.workouts]
            for row in wanted:
                if row is not None:
                    yield _listing(connection, row, look)
            if not look.workouts or None in wanted:
                yield loose.of_look(connection, look)
        yield from (_listing(connection, row, None) for row in rows.rows if not row.joined)


def _by_second(rows: Iterable[Row]) -> dict[int, list[Row]]:
    by_second: dict[int, list[Row]] = defaultdict(list)
    for row in rows:
        if row.start is not None:
            by_second[int(row.start.timestamp())].append(row)
    return by_second


def _wanted(by_second: dict[int, list[Row]], workout: dict[str, Any]) -> Row | None:
    """The summary that a workout of a file belongs to: the same device first, then the same length,
    then the nearest start.
    """
    start = datetime.fromisoformat(workout["start"]).timestamp()
    near = [
        row
        for second in range(int(start - _SAME_START_S), int(start + _SAME_START_S) + 1)
        for row in by_second.get(second, ())
    ]
    serial = str((workout.get("device") or {}).get("serial"))

    def distance(row: Row) -> tuple[bool, float, float]:
        assert row.start is not None
        longer = abs(row.lasted_s - (workout.get("elapsed_s") or 0))
        return (str(row.said.get("deviceId")) != serial, longer, abs(row.start.timestamp() - start))

    free = [
        row
        for row in near
        if not row.joined and row.start and abs(row.start.timestamp() - start) <= _SAME_START_S
    ]
    best = min(free, key=distance, default=None)
    if best is not None:
        best.joined = True
    return best


def _listing(connection: Connection, row: Row, look: Look | None) -> Listing:
    remember(
        connection, row.external_id, Seen(look.member, look.content_id) if look else Seen(None)
    )
    named = b"" if look is None else b',"file":"' + look.content_id.encode() + b'"'
    return Listing(row.external_id, b'{"activity":' + row.raw + named + b"}")


def normalize(record: Record) -> list[SourceActivity]:
    """The workout of a summary, with its file all that this holds as well; or those of a file
    without a summary.
    """
    summary = json.loads(record.read("summary") or b"{}")
    if "activity" not in summary:
        return loose.normalize(record)
    return workouts_of(activity_of(record.external_id, summary["activity"]), record)
