"""What a worker process does for a source of files: it lists its places, and reads one of them."""

from __future__ import annotations

import logging
import time
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from fitglue_registry.errors import FitglueError, PluginFailed
from fitglue_registry.file_counts import written_to
from fitglue_registry.model import SourceActivity
from fitglue_registry.plugin_api import Account, Listing, Location, Part, Unavailable, Window
from fitglue_registry.sync.deriving.deriver import Derived, Deriver, goes_to_quarantine
from fitglue_registry.sync.deriving.in_worker import bare, bare_result, plugins_of
from fitglue_registry.sync.reading.known_content import Known, KnownContent, until_known
from fitglue_registry.sync.reading.time_shares import comparable_s, ended_unless_quick
from fitglue_registry.transport.clock import SystemClock

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from fitglue_registry.plugin_api import Http, Recognized, Refused
    from fitglue_registry.plugins import PluginsRecipe
    from fitglue_registry.registry import Entry
    from fitglue_registry.sync.view import ConnectionView


_HOOK = "fitglue_read"
_PLUGIN_LOG = "fitglue_registry.plugin"


@dataclass(frozen=True, slots=True)
class FileConnection:
    """A connection as a plugin sees it in a worker process.

    It implements ``plugin_api.Connection``, can be pickled, and has no HTTP session.
    """

    id: str
    entry: str
    account: Account | None
    values: dict[str, str]
    cache: Path | None

    @classmethod
    def of(cls, view: ConnectionView) -> FileConnection:
        """Return what a worker process gets to see of a connection."""
        return cls(
            view.id,
            view.entry,
            view.account,
            dict(view.settings),
            view.cache,
        )

    @property
    def settings(self) -> Mapping[str, str]:
        """The settings of the connection."""
        return MappingProxyType(self.values)

    @property
    def http(self) -> Http:
        """Raise ``PluginFailed`` FG-no-http: files are read without a network."""
        raise PluginFailed(
            "FG-no-http",
            f"the plugin of {self.entry} may not send requests while it reads files",
            fix="report it to the plugin's author",
        )

    @property
    def clock(self) -> SystemClock:
        """The clock of the system."""
        return SystemClock()

    @property
    def log(self) -> logging.Logger:
        """The log for the plugin's messages, which the host gets with the result."""
        return logging.getLogger(_PLUGIN_LOG)

    def alive(self) -> None:
        """Do nothing: the limits of the process decide how long the plugin may work."""


@dataclass(frozen=True, slots=True)
class Task:
    """What a worker process needs to call a hook for one connection."""

    entry: Entry
    connection: FileConnection
    recipe: PluginsRecipe


_NOTHING = Derived([])


@dataclass(frozen=True, slots=True)
class ReadRecord:
    """One record of a file: its listing, its parts, and what was derived from them.

    Attributes:
        listing: The listing.
        parts: The parts, without decoded bytes.
        unavailable: The reasons why it has no other parts.
        derived: The source activities, or why the record is refused.
        broke: Why its bytes could not be decoded, if that broke a worker process.
        known: The SHA-256 of its file, if the store has the record with this file already; it has
            no parts and no source activities then.
        cpu_s: Comparable seconds of CPU time that reading its place took; 0 except for the last
            record there.
        unpacked: How many bytes its parts have unpacked to.
    """

    listing: Listing
    parts: tuple[Part, ...] = ()
    unavailable: tuple[Unavailable, ...] = ()
    derived: Derived = _NOTHING
    broke: FitglueError | None = None
    known: bytes | None = None
    cpu_s: float = 0.0
    unpacked: int = 0

    @property
    def missing(self) -> tuple[Unavailable, ...]:
        """Why parts of the record, or the record as a whole, could not be read."""
        of_record = self.listing.unavailable
        return self.unavailable if of_record is None else (*self.unavailable, of_record)


def connect_in_worker(task: Task) -> Account | FitglueError:
    """Return the account of a connection, or why it cannot be connected."""
    try:
        plugin = plugins_of(task.recipe).of(task.entry)
        account: Account = plugin.call("fitglue_connect", connection=task.connection)
    except FitglueError as error:
        return bare(error)
    return account


def recognize_in_worker(
    recipe: PluginsRecipe,
    name: str,
    paths: Sequence[str],
    counts: str | None = None,
) -> Sequence[Recognized | Refused] | FitglueError:
    """Return what a plugin recognizes at some paths, or its error.

    Args:
        recipe: How to load the plugins.
        name: The name of the plugin.
        paths: The paths.
        counts: Where to write how many files were looked at, see ``file_counts``.
    """
    try:
        plugins = plugins_of(recipe)
    except FitglueError as error:
        return bare(error)
    with written_to(counts):
        answers = plugins.broadcast([name], "fitglue_recognize", paths=list(paths))
        for _, answer, failure in answers:
            recognized: Sequence[Recognized | Refused] = answer
            return recognized if failure is None else bare(failure)
    return []


def list_in_worker(task: Task) -> tuple[list[Location], list[str]] | FitglueError:
    """Return the places of a connection, and the messages that its plugin logged.

    A failure is returned and not raised, because only its parts can be pickled.
    """
    with _messages() as messages:
        try:
            locations = list(_locations(task))
        except FitglueError as error:
            return bare(error)
    return locations, messages


def _locations(task: Task) -> Iterator[Location]:
    plugin = plugins_of(task.recipe).of(task.entry)
    arguments = {"connection": task.connection, "window": Window()}
    for _, item in plugin.iterate("fitglue_list", [arguments]):
        if isinstance(item, FitglueError):
            raise item
        if not isinstance(item, Location):
            what = f"with {type(item).__name__}, expected Location"
            raise plugin.refuse("fitglue_list", what)
        yield item


@contextmanager
def _messages() -> Iterator[list[str]]:
    """Collect the messages that a plugin logs, since the log of a worker process reaches nobody."""
    texts: list[str] = []
    handler = logging.Handler(logging.INFO)
    handler.emit = lambda record: texts.append(record.getMessage())  # type: ignore[method-assign]
    log = logging.getLogger(_PLUGIN_LOG)
    log.setLevel(logging.INFO)
    log.addHandler(handler)
    try:
        yield texts
    finally:
        log.removeHandler(handler)


def read_in_worker(
    task: Task,
    location: Location,
    quick_s: float | None = None,
    known: Known = frozenset(),
) -> list[ReadRecord] | FitglueError:
    """Return the records at a place, or the failure that concerns the whole connection.

    Args:
        task: The connection.
        location: The place.
        quick_s: The CPU time after which this process ends; ``None`` for that of its limits.
        known: Content that the store has already, which is not decoded.
    """
    try:
        plugins = plugins_of(task.recipe)
        reading = _Reading(Deriver(plugins, task.entry))
        plugin = plugins.of(task.entry)
        # Loading the plugin is not the fault of a place.
        started_s = time.process_time()
        with ended_unless_quick(quick_s):
            arguments = {"connection": task.connection, "location": location}
            then = until_known(task.entry, known)
            for _, item in plugin.iterate(_HOOK, [arguments], then=then):
                reading.add(item)
            records = reading.records()
        if records:
            cpu_s = comparable_s(time.process_time() - started_s)
            records[-1] = replace(records[-1], cpu_s=cpu_s)
        return records
    except FitglueError as error:
        return bare(error)


@dataclass(slots=True)
class _Unfinished:
    """A record whose items still arrive."""

    listing: Listing
    parts: list[Part] = field(default_factory=list)
    unavailable: list[Unavailable] = field(default_factory=list)
    activities: list[SourceActivity] = field(default_factory=list)
    refused: FitglueError | None = None
    known: bytes | None = None
    unpacked: int = 0

    def add(
        self,
        item: Part | KnownContent | Unavailable | SourceActivity | FitglueError,
    ) -> None:
        """Add the next item.

        Raises:
            FitglueError: A failure that does not concern a single record.
        """
        if isinstance(item, Part):
            self.parts.append(_plain(item))
            self.unpacked += len(item.content if item.decoded is None else item.decoded)
        elif isinstance(item, KnownContent):
            self.known = item.digest
        elif isinstance(item, Unavailable):
            self.unavailable.append(item)
        elif isinstance(item, SourceActivity):
            self.activities.append(item)
        elif goes_to_quarantine(item):
            self.refused = item
        else:
            raise item

    def finished(self, deriver: Deriver) -> ReadRecord:
        """Return the record after its last item."""
        if self.known is not None:
            return ReadRecord(self.listing, known=self.known)
        if self.refused is not None:
            derived = Derived([], self.refused)
        else:
            derived = deriver.derived_from(self.listing.external_id, self.activities)
        return ReadRecord(
            self.listing,
            tuple(self.parts),
            tuple(self.unavailable),
            bare_result(derived),
            unpacked=self.unpacked,
        )


class _Reading:
    """The records of one place, while their items arrive."""

    def __init__(self, deriver: Deriver) -> None:
        self._deriver = deriver
        self._records: dict[str, ReadRecord] = {}  # by external id
        self._current: _Unfinished | None = None

    def add(
        self,
        item: Listing | Part | KnownContent | Unavailable | SourceActivity | FitglueError,
    ) -> None:
        """Add the next item.

        Raises:
            FitglueError: A failure that does not concern a single record.
        """
        if isinstance(item, Listing):
            self._finish()
            if item.external_id in self._records:
                raise self._deriver.refusal(_HOOK, f"with two records {item.external_id}")
            self._current = _Unfinished(item)
        elif self._current is not None:
            self._current.add(item)
        elif isinstance(item, FitglueError):
            raise item
        else:
            what = f"with {type(item).__name__} before any Listing"
            raise self._deriver.refusal(_HOOK, what)

    def records(self) -> list[ReadRecord]:
        """Return the records after the last item."""
        self._finish()
        return list(self._records.values())

    def _finish(self) -> None:
        # Before the next record, so that the samples of only one are in memory.
        if self._current is not None:
            record = self._current.finished(self._deriver)
            self._records[record.listing.external_id] = record
            self._current = None


def _plain(part: Part) -> Part:
    """Return a part without decoded bytes, which would only make it slower to pickle."""
    return replace(part, decoded=None)
