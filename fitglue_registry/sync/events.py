"""The events that a sync reports while it works, for an interface to show.

They are values with types, and they arrive in the order in which things happen.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from fitglue_registry.errors import FitglueError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from _typeshed import DataclassInstance

    from fitglue_registry.plugin_api import Window
    from fitglue_registry.store.records import RecordRow


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened on a connection; the base class of all events.

    Attributes:
        connection: The name of the connection.
    """

    connection: str


#: The decision of a ``Decided`` event in a dry run: the record would join other records in one
#: activity.
WOULD_JOIN = "would-join"
#: The part that a rebuild names in its events: it counts records, while a sync counts parts.
RECORDS = "records"
#: How many ids of held records an event names.
_MOST_NAMED = 10

#: The events of one or several connections, yielded while the work goes on.
Events = Iterator[Event]


@dataclass(frozen=True, slots=True)
class SourceConnected(Event):
    """An import has connected a source that reads files.

    Attributes:
        source: The id of the source's entry.
        account_id: The id of the account.
        account_name: Its name, if the source knows one.
        paths: The paths that the connection reads.
        notes: What the athlete should know about them, one sentence each.
        renewed: The account was already connected, and is now read from these paths.
    """

    source: str
    account_id: str
    account_name: str | None
    paths: tuple[str, ...]
    notes: tuple[str, ...] = ()
    renewed: bool = False


@dataclass(frozen=True, slots=True)
class Watching(Event):
    """The paths of a connection are watched for changes.

    Attributes:
        paths: All watched paths.
        missing: Those that do not exist at the moment; they are watched once they appear.
    """

    paths: tuple[str, ...]
    missing: tuple[str, ...] = ()


class SyncScope(StrEnum):
    """How much of the history a sync lists."""

    FIRST = "first"  # all of it, for the first time
    WALK = "walk"  # all of it, once more: a full walk
    RESUMED = "resumed"  # the remaining windows of a full walk that was stopped
    OVERLAP = "overlap"  # the newest days
    WINDOW = "window"  # the days that the options name


@dataclass(frozen=True, slots=True)
class SyncStarted(Event):
    """The sync of a connection has started.

    Attributes:
        how: How much of the history is listed.
        dry_run: Nothing will be stored.
        reads_files: The source reads files of the athlete, instead of asking a service.
        paths: The files and folders that it reads, unless they were uploaded.
    """

    how: SyncScope
    dry_run: bool = False
    reads_files: bool = False
    paths: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class WindowListed(Event):
    """One window of the listing is stored.

    Attributes:
        window: The window.
        rows: How many records the source listed.
        new: How many of them are new.
        changed: How many of them have changed.
        stubs: How many of them became stubs.
        missing: How many stored records of this window the source no longer listed.
        left: How many windows are still to be listed.
        copies: How many of the files that were read are copies of others.
        files: How many of the records are files, or have one; 0 if the source asks a service.
    """

    window: Window
    rows: int
    new: int
    changed: int
    stubs: int
    missing: int
    left: int
    copies: int = 0
    files: int = 0


@dataclass(frozen=True, slots=True)
class Decided(Event):
    """One decision about one record.

    Attributes:
        external_id: The id of the record at its source.
        decision: A value of ``RunDecision``, ``WOULD_JOIN``, or ``no`` and the name of a part that
            the source does not have (``no streams``).
        reason: Why, for people to read.
    """

    external_id: str
    decision: str
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class BacklogCounted(Event):
    """What is left to be fetched was counted, and takes minutes at the rate of the source.

    Attributes:
        requests: How many requests it takes at least.
        seconds: How long they take at least, because of the rate limits of the entry.
        per_s: The number of requests per second that these limits allow in the long run.
    """

    requests: int
    seconds: float
    per_s: float


@dataclass(frozen=True, slots=True)
class PartsPlanned(Event):
    """The backlog of one part was counted.

    Attributes:
        part: The name of the part, or ``RECORDS``.
        total: How many records want it.
    """

    part: str
    total: int


@dataclass(frozen=True, slots=True)
class PartStored(Event):
    """One part of one record was answered: it is stored, or the reason why it did not arrive.

    Attributes:
        part: The name of the part, or ``RECORDS``.
        external_id: The id of the record at its source.
        done: How many were answered so far, this one included.
        total: How many there are.
    """

    part: str
    external_id: str
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class DeletionsHeld(Event):
    """Many records vanished from the source, at once or within 30 days; the last ones are kept.

    A mistake of a service, such as an empty list, looks the same as a deletion. The records stay
    until the source lists them again, or a sync with ``Options(confirm_deletions=True)`` finds that
    the source does not have them. Each sync reports them until then.

    Attributes:
        records: How many records are held.
        external_ids: The ids of the newest of them at their source, at most ten.
        oldest: The local day on which the oldest of them started, if it is known.
        newest: The local day on which the newest of them started, if it is known.
        recent: How many other records were deleted in the last 30 days, and count towards the
            limit. A confirmation covers them, too.
        dry_run: Whether they would be held in a sync. A dry run does not ask the source for single
            records, so a sync may hold fewer.
    """

    records: int
    external_ids: tuple[str, ...] = ()
    oldest: date | None = None
    newest: date | None = None
    recent: int = 0
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class SyncFinished(Event):
    """The connection is up to date.

    Attributes:
        counts: Decision → how many times it was made.
        requests: How many HTTP requests were sent.
        seconds: How long it took.
        note: What else the athlete should know, for example that a part of the history is left out.
        remarks: How many of the new records have remarks: something is missing or in doubt.
        known: How many of the new records joined an activity that another connection has as well.
            The others are new activities.
    """

    counts: Mapping[str, int] = field(default_factory=dict)
    requests: int = 0
    seconds: float = 0.0
    note: str | None = None
    remarks: int = 0
    known: int = 0


@dataclass(frozen=True, slots=True)
class SyncStopped(Event):
    """An error stopped the connection.

    What was stored before the error stays, and the next sync resumes there.

    Attributes:
        error: The error.
        counts: Decision → how many times it was made.
        requests: How many HTTP requests were sent.
        seconds: How long it took.
        known: See ``SyncFinished``.
    """

    error: FitglueError
    counts: Mapping[str, int] = field(default_factory=dict)
    requests: int = 0
    seconds: float = 0.0
    known: int = 0


def event_as_json(event: DataclassInstance) -> dict[str, Any]:
    """Return an event as a dictionary that ``json.dumps`` accepts.

    Args:
        event: Any event, of a sync or of pipelines.

    Returns:
        The name of its class as ``event``, then its fields, without those that are ``None``. An
        error becomes a dictionary of its parts (``FitglueError.as_dict``), and a date becomes ISO
        8601 text.
    """
    document: dict[str, Any] = {"event": type(event).__name__}
    for item in fields(event):
        value = getattr(event, item.name)
        if value is not None:
            document[item.name] = _plain(value)
    return document


def _plain(value: Any) -> Any:
    if isinstance(value, FitglueError):
        return value.as_dict()
    # The only dataclass in an event is Window. It is recognized without its class, because the
    # import of plugin_api takes 10 ms, also for the help of a command.
    if is_dataclass(value):
        return {item.name: _plain(getattr(value, item.name)) for item in fields(value)}
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, tuple):
        return list(value)
    return value


def held_event(
    name: str,
    records: Sequence[RecordRow],
    *,
    recent: int,
    dry_run: bool = False,
) -> DeletionsHeld:
    """Return the event for records whose deletion is held.

    Args:
        name: The name of the connection.
        records: The records.
        recent: How many deletions of the last days count with them.
        dry_run: Whether they would be held in a sync.
    """
    days = [record.day for record in records if record.day is not None]
    return DeletionsHeld(
        name,
        len(records),
        tuple(record.external_id for record in records[:_MOST_NAMED]),
        min(days, default=None),
        max(days, default=None),
        recent,
        dry_run,
    )
