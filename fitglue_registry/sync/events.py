"""What a sync reports while it works: typed events, in order, for an interface to show."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from fitglue_registry.errors import FitglueError

if TYPE_CHECKING:
    from fitglue_registry.plugin_api import Window


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened on a connection."""

    connection: str


#: What a dry run says of a record that would become one activity with others.
WOULD_JOIN = "would-join"
#: What a rebuild counts: it goes through whole records, where a sync fetches parts.
RECORDS = "records"

#: What happens on connections, in order, while it happens.
Events = Iterator[Event]


@dataclass(frozen=True, slots=True)
class SourceConnected(Event):
    """An import has connected what lies at some paths; ``renewed``: the account was connected
    before, and is read from there now.
    """

    source: str
    account_id: str
    account_name: str | None
    paths: tuple[str, ...]
    notes: tuple[str, ...] = ()
    renewed: bool = False


@dataclass(frozen=True, slots=True)
class Watching(Event):
    """These paths of a connection are watched; those that are ``missing`` are waited for."""

    paths: tuple[str, ...]
    missing: tuple[str, ...] = ()


class SyncScope(StrEnum):
    """How much of a history a sync lists."""

    FIRST = "first"  # all of it, for the first time
    WALK = "walk"  # all of it, once more
    RESUMED = "resumed"  # the rest of a walk that was stopped
    OVERLAP = "overlap"  # the newest days
    WINDOW = "window"  # the days that were asked for


@dataclass(frozen=True, slots=True)
class SyncStarted(Event):
    """A connection is being synced; ``how`` says how much of its history is listed."""

    how: SyncScope
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class WindowListed(Event):
    """One window of the listing is stored."""

    window: Window
    rows: int
    new: int
    changed: int
    stubs: int
    missing: int
    left: int  # windows still to come


@dataclass(frozen=True, slots=True)
class Decided(Event):
    """One decision about one record: a ``RunDecision``, ``WOULD_JOIN``, or ``no`` and the name of a
    part that the source does not have.
    """

    external_id: str
    decision: str
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class PartsPlanned(Event):
    """So many records want this part."""

    part: str
    total: int


@dataclass(frozen=True, slots=True)
class PartStored(Event):
    """One part of one record is stored, or known not to come."""

    part: str
    external_id: str
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class SyncFinished(Event):
    """The connection is up to date; ``counts`` are decisions by name."""

    counts: Mapping[str, int] = field(default_factory=dict)
    requests: int = 0
    seconds: float = 0.0
    note: str | None = None


@dataclass(frozen=True, slots=True)
class SyncStopped(Event):
    """The connection stopped before its end; what was stored stays, and the next sync goes on
    there.
    """

    error: FitglueError
    counts: Mapping[str, int] = field(default_factory=dict)
    requests: int = 0
    seconds: float = 0.0


def event_as_json(event: Event) -> dict[str, Any]:
    """An event as values that ``json.dumps`` takes: its name as ``event``, then its fields.

    A field that is ``None`` is left out. An error is its parts, a day is ISO 8601.
    """
    document: dict[str, Any] = {"event": type(event).__name__}
    for each in fields(event):
        value = getattr(event, each.name)
        if value is not None:
            document[each.name] = _plain(value)
    return document


def _plain(value: Any) -> Any:
    if isinstance(value, FitglueError):
        return value.as_dict()
    # A window: told by its form, since the module of windows takes 10 ms to import.
    if is_dataclass(value):
        return {each.name: _plain(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, tuple):
        return list(value)
    return value
