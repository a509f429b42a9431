"""Reads the places of a connection in worker processes, and yields what they contain, in order."""

from __future__ import annotations

import hashlib
from collections import deque
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from fitglue_registry.errors import FitglueError
from fitglue_registry.plugin_api import Listing, Unavailable, UnavailableState
from fitglue_registry.redaction.exceptions import redact_exception
from fitglue_registry.sync.deriving.results import redacted, result_of, worker_died
from fitglue_registry.sync.deriving.workers import limits_of
from fitglue_registry.sync.reading.in_worker import (
    FileConnection,
    ReadRecord,
    Task,
    list_in_worker,
    read_in_worker,
)
from fitglue_registry.sync.reading.stored_content import KnownContents
from fitglue_registry.sync.reading.time_shares import Taken, TimeShares
from fitglue_registry.sync.reading.without_folder import (
    error_without_folder,
    record_without_folder,
)
from fitglue_registry.sync.worker_limits import (
    JOBS_PER_CORE,
    LISTING,
    LISTING_UPLOAD,
    MOST_BYTES_IN_PROGRESS,
    NotQuick,
    WorkerDied,
    WorkerLimits,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from fitglue_registry.plugin_api import Location
    from fitglue_registry.sync.context import SyncContext, Work


@dataclass(frozen=True, slots=True)
class PlaceRead:
    """A place that was read, and its records that no other place has delivered."""

    location: Location
    records: tuple[ReadRecord, ...]
    external_ids: tuple[str, ...]  # of all records at the place


class Places:
    """The places of one connection, which worker processes list and read.

    It must be closed, so that no worker goes on for a sync that has ended.
    """

    def __init__(self, context: SyncContext) -> None:
        self._context = context
        self._workers = context.open_workers()
        self._limits, recipe = limits_of(
            context.plugins,
            context.quotas,
            holds_file=True,
        )
        self._plugin = context.entry.plugin.name
        self._task = Task(context.entry, FileConnection.of(context.view), recipe)
        self._waiting: deque[tuple[Location, Work]] = deque()
        self._latest: Work | None = None
        self._bytes = 0
        #: External id → the SHA-256 of the bytes that a place has delivered under it.
        self._delivered: dict[str, bytes] = {}
        self._contents: KnownContents | None = None
        self._shares = TimeShares(self._limits)
        #: The places whose first reading was not quick, and those whose zip has no time left.
        self._aside: list[Location] = []

    def close(self) -> None:
        """Stop the workers that are still reading."""
        for _, work in self._waiting:
            work.cancel()
        self._waiting.clear()
        if self._latest is not None:
            self._latest.cancel()

    def list_all(self) -> list[Location]:
        """Return all places, in the order in which to read them.

        Raises:
            FitglueError: The paths cannot be read, or the plugin failed.
        """
        upload = self._context.upload
        limits = LISTING if upload is None else LISTING_UPLOAD
        work = self._workers.submit(list_in_worker, self._task, limits=limits)
        locations: list[Location]
        messages: list[str]
        with nullcontext() if upload is None else upload.without_folder():
            locations, messages = result_of(work, self._plugin, self._context.plugins.redact)
        if upload is not None:
            upload.check_count(self._context.quotas, len(locations))
        for location in locations:
            self._shares.add(location)
        for message in messages:
            self._context.view.log.info("%s", message)
        return locations

    def known(self, digests: Mapping[str, bytes]) -> None:
        """Note that places which need not be read again have delivered these records.

        Args:
            digests: External id → the SHA-256 of its file; empty if it has none.
        """
        for external_id, digest in digests.items():
            self._delivered.setdefault(external_id, digest)

    def read(self, locations: Iterable[Location]) -> Iterator[PlaceRead]:
        """Read places, and yield the results in the same order.

        Those that name their record are read last, and only if no other place delivered it. In both
        groups, the places in a zip that turns out to be slow come after those in other files, and
        the slow ones among them after all others.
        """
        unnamed = []
        named = []
        for location in locations:
            # Not before there is something to read, because it takes time for a large store.
            self._contents = self._contents or KnownContents(self._context)
            if location.external_id is None:
                unnamed.append(location)
            else:
                named.append(location)
        yield from self._read_in_turn(unnamed)
        yield from self._read_in_turn(named)

    def _read_in_turn(self, locations: Iterable[Location]) -> Iterator[PlaceRead]:
        later = []
        for location in locations:
            if self._shares.is_slow(location):
                later.append(location)
            else:
                yield from self._read(location)
        yield from self._finish()
        # Not in the order of their sizes: those of one nested zip stay together.
        later.sort(key=self._shares.is_small, reverse=True)
        for location in later:
            yield from self._read(location)
        yield from self._finish()
        while self._aside:
            # One after another, because each takes what the one before it has left of the share.
            location = self._aside[0]
            records = self._read_slowly(location)
            place = self._place(location, records, self._read_slowly)
            self._aside.pop(0)
            yield place

    def _read(self, location: Location) -> Iterator[PlaceRead]:
        """Submit a place, unless it names a record that another place has delivered."""
        if location.external_id is not None and location.external_id in self._delivered:
            yield PlaceRead(location, (), (location.external_id,))
        elif self._shares.is_spent(location):
            self._aside.append(location)
        else:
            yield from self._submit(location)

    def _submit(self, location: Location) -> Iterator[PlaceRead]:
        """Submit a place, after yielding the results that have to make room for it."""
        while self._waiting and not self._has_room(location):
            yield from self._next()
        self._bytes += location.size
        self._waiting.append((location, self._quick_work(location)))

    def _has_room(self, location: Location) -> bool:
        # What is in progress cannot be stopped when the share of its zip is spent.
        jobs = 1 if self._shares.is_slow(location) else JOBS_PER_CORE
        if len(self._waiting) >= self._workers.count * jobs:
            return False
        return self._bytes + location.size <= MOST_BYTES_IN_PROGRESS

    def _finish(self) -> Iterator[PlaceRead]:
        while self._waiting:
            yield from self._next()

    def _quick_work(self, location: Location) -> Work:
        return self._work(location, self._limits, self._shares.quick_s(location))

    def _work(
        self,
        location: Location,
        limits: WorkerLimits,
        quick_s: float | None = None,
    ) -> Work:
        assert self._contents is not None
        self._latest = self._workers.submit(
            read_in_worker,
            self._task,
            location,
            quick_s,
            self._contents.at(location),
            limits=limits,
        )
        return self._latest

    def _next(self) -> Iterator[PlaceRead]:
        """Wait for the oldest place, and yield its result, unless it takes long."""
        # Removed only when it is done, so that ``close`` sees unfinished work.
        location, work = self._waiting[0]
        try:
            records = self._read_quickly(location, work)
            place = self._place(location, records, self._read_quickly)
        except NotQuick:
            place = None
            self._aside.append(location)
        self._waiting.popleft()
        self._bytes -= location.size
        if place is not None:
            yield place

    def _place(
        self,
        location: Location,
        records: list[ReadRecord],
        read: Callable[[Location], list[ReadRecord]],
    ) -> PlaceRead:
        """Return a place with its records that no other place has delivered.

        Args:
            location: The place.
            records: Its records.
            read: Reads it once more, if other places have delivered other content under their ids.
        """
        taken = self._in_conflict(records)
        if taken:
            records = read(replace(location, taken=location.taken | taken))
        new = [record for record in records if record.listing.external_id not in self._delivered]
        for record in new:
            self._delivered[record.listing.external_id] = _digest(record)
        ids = tuple(record.listing.external_id for record in records)
        return PlaceRead(location, tuple(new), ids)

    def _in_conflict(self, records: Iterable[ReadRecord]) -> frozenset[str]:
        """Return the ids under which another place has delivered other content."""
        taken = set()
        for record in records:
            external_id = record.listing.external_id
            before = self._delivered.get(external_id)
            if before is not None and before != _digest(record):
                taken.add(external_id)
        return frozenset(taken)

    def _read_quickly(
        self,
        location: Location,
        work: Work | None = None,
    ) -> list[ReadRecord]:
        """Return the records at a place, or raise ``NotQuick`` if it is in a zip and takes long.

        Args:
            location: The place.
            work: The work that reads it, if it was submitted before.
        """
        work = work or self._quick_work(location)
        try:
            records = self._records(location, work, self._quick_work)
        except NotQuick:
            self._shares.note_ended(location)
            raise
        except WorkerDied as died:
            self._shares.note_ended(location)
            return self._identified(location, worker_died(self._plugin, died))
        self._shares.note_quick(location, _taken(records))
        return records

    def _read_slowly(self, location: Location) -> list[ReadRecord]:
        """Return the records at a place that takes long, as far as its zip has time left."""
        if self._shares.is_spent(location):
            return self._identified(location, self._shares.spent())
        limits = self._shares.rest(location)

        def start(location: Location) -> Work:
            return self._work(location, limits)

        try:
            records = self._records(location, start(location), start)
        except WorkerDied as died:
            self._shares.note_slow(location, Taken(limits.cpu_s))
            if self._shares.is_spent(location):
                return self._identified(location, self._shares.spent())
            return self._identified(location, worker_died(self._plugin, died))
        self._shares.note_slow(location, _taken(records))
        return records

    def _records(
        self,
        location: Location,
        work: Work,
        start: Callable[[Location], Work],
    ) -> list[ReadRecord]:
        """Return the records at a place; raise ``WorkerDied`` if reading it broke its worker.

        Args:
            location: The place.
            work: The work that reads it.
            start: Starts the work again.
        """
        try:
            return self._checked(location, work.result())
        except WorkerDied as died:
            # The process may have been killed for a reason that has nothing to do with the place.
            if died.is_certain:
                raise
        return self._checked(location, start(location).result())

    def _identified(self, location: Location, error: FitglueError) -> list[ReadRecord]:
        """Return the records at a place that cannot be decoded, with their bytes, and why.

        Nothing is unpacked for it if its zip may take no more.
        """
        if self._shares.is_closed(location):
            return [_unread(location, self._shares.closed(location))]
        undecodable = replace(location, undecodable=True)
        limits = self._shares.identifying(location)
        try:
            records = self._checked(location, self._work(undecodable, limits).result())
        except WorkerDied:
            self._shares.note_identified(location, Taken(limits.cpu_s))
            records = []
        self._shares.note_identified(location, _taken(records))
        if not records:
            return [_unread(location, error)]
        return [replace(record, broke=error) for record in records]

    def _checked(
        self,
        location: Location,
        result: list[ReadRecord] | FitglueError,
    ) -> list[ReadRecord]:
        """Return the records without secrets; a place that fails as a whole is one record."""
        if isinstance(result, FitglueError):
            return [_unread(location, self._redacted(result))]
        for record in result:
            redacted([record.derived], self._context.plugins.redact)
        return [record_without_folder(self._context.upload, record) for record in result]

    def _redacted(self, error: FitglueError) -> FitglueError:
        redact_exception(error, self._context.plugins.redact)
        return error_without_folder(self._context.upload, error)


def _taken(records: Iterable[ReadRecord]) -> Taken:
    """Return what reading the records of a place took."""
    cpu_s = 0.0
    unpacked = 0
    for record in records:
        cpu_s += record.cpu_s
        unpacked += record.unpacked
    return Taken(cpu_s, unpacked)


def _digest(record: ReadRecord) -> bytes:
    """Return the SHA-256 of the bytes of a record, which are those of one file."""
    if record.known is not None:
        return record.known
    digest = hashlib.sha256()
    for part in record.parts:
        digest.update(part.content)
    return digest.digest()


def _unread(location: Location, error: FitglueError) -> ReadRecord:
    """Return a record that stands for a place of which not even the bytes could be read.

    It is not stored. The next sync tries again, unless its zip may take no more.
    """
    digest = hashlib.sha256(location.key.encode()).hexdigest()
    external_id = f"place-{digest[:16]}"
    unavailable = Unavailable(
        external_id,
        "file",
        UnavailableState.LATER,
        error.code,
        error.what,
        error.fix,
    )
    return ReadRecord(Listing(external_id, b"{}", unavailable=unavailable))
