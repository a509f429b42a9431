"""Reads what is new in the files of a connection: the step of a sync that sources of files have."""

from __future__ import annotations

import hashlib
import os
from contextlib import closing
from typing import TYPE_CHECKING

from fitglue_registry.model.stored import PartName, PartState, RunDecision
from fitglue_registry.plugin_api import UnavailableState, Window
from fitglue_registry.store.locations import forget_locations, known_locations, put_locations
from fitglue_registry.store.parts import external_ids_of_parts
from fitglue_registry.store.quarantine import external_ids_with_code
from fitglue_registry.store.raw_parts import digests_of_files
from fitglue_registry.sync.events import (
    Decided,
    Event,
    Events,
    PartsPlanned,
    PartStored,
    WindowListed,
)
from fitglue_registry.sync.listing.dry_run import find_joins
from fitglue_registry.sync.listing.window import events_of
from fitglue_registry.sync.reading.read_places import Places
from fitglue_registry.sync.reading.store_reads import StoredBatch, compare_batch, store_batch
from fitglue_registry.sync.reading.superseding import SUPERSEDED, EarlierContents
from fitglue_registry.sync.worker_limits import ZIP_SHARE

if TYPE_CHECKING:
    from collections.abc import Collection, Generator, Iterable, Iterator, Mapping, Sequence

    from fitglue_registry.plugin_api import Location
    from fitglue_registry.store.locations import KnownLocation
    from fitglue_registry.sync.options import Options
    from fitglue_registry.sync.reading.read_places import PlaceRead
    from fitglue_registry.sync.reading.store_reads import Batch
    from fitglue_registry.sync.run import Run

#: The most places that are stored in one transaction. Waiting for the disk takes most of its time,
#: and is done once for all of them.
_BATCH = 25
#: The first transaction is smaller, so that the first workouts are visible at once.
_FIRST_BATCH = 4
#: What separates the path of a zip from that of a file in it.
_IN_ZIP = " > "
_UNFINISHED = "its end is missing, so a program is probably still writing it; it is read later"
#: A batch is closed when its parts have more bytes than this.
_BATCH_BYTES = 16_000_000


def read_files(run: Run, options: Options) -> Events:
    """Read every place of a connection that is new or has changed, and yield events.

    Args:
        run: The run.
        options: What to sync. The days are ignored, because the day of a workout is only known
            after its file has been read.
    """
    name = run.context.name
    counts = _Counts()
    with closing(Places(run.context)) as places:
        listed = places.list_all()
        with run.context.database.read() as db:
            known = known_locations(db, run.context.connection_id)
        earlier = EarlierContents.of(listed, known)
        due = _due(run, places, listed, known)
        if options.leave:
            left, due = _left(run, due, options.leave)
            for location in left:
                yield Decided(name, str(location.path), RunDecision.LATER, _UNFINISHED)
        yield PartsPlanned(name, PartName.FILE, len(due))
        done = 0
        for batch in _batches(places.read(due)):
            compared = compare_batch(run, batch)
            counts.add(compared)
            stored = yield from _store(run, compared, options, earlier)
            for place in batch:
                done += 1
                for external_id in place.external_ids:
                    if external_id in stored:
                        yield PartStored(name, PartName.FILE, external_id, done, len(due))
    if not options.dry_run:
        _note_listed(run, listed, everything=options.full)
    yield counts.event(name, listed)


def _due(
    run: Run,
    places: Places,
    listed: Sequence[Location],
    known: Mapping[str, KnownLocation],
) -> list[Location]:
    """Return the places that have to be read, and note the records of the others."""
    context = run.context
    with context.database.read() as db:
        wanted = external_ids_of_parts(db, context.connection_id, PartState.WANTED)
        not_read = external_ids_with_code(db, context.connection_id, ZIP_SHARE)
    due = []
    delivered: set[str] = set()
    for location in listed:
        before = known.get(location.key)
        if before is None or _is_due(run, location, before, wanted):
            due.append(location)
        # A place that names its record, such as a row, gives way to a file that is found later.
        elif location.external_id is None:
            delivered.update(before.external_ids)
    # A copy of them outside their zip is read.
    delivered -= not_read
    if due and delivered:
        with context.database.read() as db:
            digests = digests_of_files(db, context.connection_id)
        empty = hashlib.sha256().digest()
        places.known({external_id: digests.get(external_id, empty) for external_id in delivered})
    return due


def _left(
    run: Run,
    due: Iterable[Location],
    leave: Iterable[str],
) -> tuple[list[Location], list[Location]]:
    """Return the places in files that are not read this time, and the others."""
    labels = set()
    for path in leave:
        labels.add(path)
        # People know a file by its path below the folder that they named.
        for root in run.context.paths:
            resolved = root.resolve()
            folder = resolved if resolved.is_dir() else resolved.parent
            labels.add(path.removeprefix(f"{folder}{os.sep}"))
    left = []
    others = []
    for location in due:
        file = (location.path or "").partition(_IN_ZIP)[0]
        if file in labels:
            left.append(location)
        else:
            others.append(location)
    return left, others


def _is_due(
    run: Run,
    location: Location,
    before: KnownLocation,
    wanted: Collection[str],
) -> bool:
    """Return whether a place that was read before has to be read again."""
    if before.mark != location.mark:
        return True
    if before.error is not None:
        # The rest of a zip that may take no more would take as long again.
        return bool(before.error["code"] != ZIP_SHARE)
    if not before.external_ids:
        # Another version may find something where this one found nothing.
        return before.plugin_version != run.context.plugin_version
    # The bytes of a record may be damaged, so that they are wanted again.
    return any(external_id in wanted for external_id in before.external_ids)


def _batches(read: Iterable[PlaceRead]) -> Iterator[list[PlaceRead]]:
    batch: list[PlaceRead] = []
    size = 0
    most = _FIRST_BATCH
    for place in read:
        batch.append(place)
        # The place of a row has no size of its own, and a row can have megabytes.
        size += place.location.size + sum(len(read.listing.summary) for read in place.records)
        if len(batch) >= most or size > _BATCH_BYTES:
            yield batch
            batch = []
            size = 0
            most = _BATCH
    if batch:
        yield batch


def _store(
    run: Run,
    batch: Batch,
    options: Options,
    earlier: EarlierContents,
) -> Generator[Event, None, set[str]]:
    """Store a batch, or find out what it would join, and yield the events of its records.

    Args:
        run: The run.
        batch: The batch.
        options: The options of the sync.
        earlier: What the places contained before.

    Returns:
        The external ids of the records that were stored.
    """
    name = run.context.name
    joins: dict[str, str] = {}
    if options.dry_run:
        stored = StoredBatch(set(), batch.broken_with_workout())
        joins = find_joins(run, batch.changes)
    else:
        stored = store_batch(run, batch, earlier)
    yield from _unread(name, batch)
    # After the commit, so that an event never reports what a rollback undid.
    for change in batch.changes:
        # A file has been read as a whole, also in a dry run.
        yield from events_of(name, change, joins, is_final=True)
    for external_id, reason in stored.quarantined.items():
        yield Decided(name, external_id, RunDecision.QUARANTINED, str(reason))
    for external_id in stored.superseded:
        yield Decided(name, external_id, RunDecision.SUPERSEDED, SUPERSEDED)
    return stored.external_ids


def _unread(name: str, batch: Batch) -> Events:
    """Yield a decision for each record that could not be read, or of which a part could not."""
    for place in batch.places:
        for record in place.records:
            for unavailable in record.missing:
                if unavailable.state != UnavailableState.LATER:
                    continue
                reason = "; ".join(filter(None, (unavailable.reason, unavailable.fix)))
                path = place.location.path
                # Most reasons name the full path of the file, which ends with this one.
                if path and path not in reason:
                    reason = f"{path}: {reason}"
                external_id = record.listing.external_id
                yield Decided(name, external_id, RunDecision.NOT_FETCHED, reason)


def _note_listed(
    run: Run,
    listed: Sequence[Location],
    *,
    everything: bool,
) -> None:
    """Note the paths of places from earlier formats, and forget the places that are not listed.

    Otherwise the number of places would grow forever.

    Args:
        run: The run.
        listed: The places that are listed now.
        everything: Whether to forget all of them, or only those that could not be read, which
            nobody needs to hear of any more.
    """
    context = run.context
    with context.database.read() as db:
        known = known_locations(db, context.connection_id)
    gone = known.keys() - {location.key for location in listed}
    if not everything:
        gone = {key for key in gone if known[key].error is not None}
    without_path = []
    for location in listed:
        before = known.get(location.key)
        if before is not None and before.path is None and location.path is not None:
            without_path.append(before._replace(path=location.path))
    # A sync that finds nothing new writes nothing here.
    if gone or without_path:
        with context.database.write() as db:
            forget_locations(db, context.connection_id, gone)
            put_locations(db, context.connection_id, without_path)


class _Counts:
    """How many records of all batches are new, changed or stubs."""

    def __init__(self) -> None:
        self._decisions: list[RunDecision] = []
        self._copies = 0

    def add(self, batch: Batch) -> None:
        """Add the records of a batch."""
        self._decisions += [change.change.decision for change in batch.changes]
        for place in batch.places:
            # A place that names its record, such as a row, is no file.
            if place.external_ids and not place.records and place.location.external_id is None:
                self._copies += 1

    def event(self, name: str, listed: Sequence[Location]) -> WindowListed:
        """Return the event at the end, with the number of places as its rows."""
        count = self._decisions.count
        return WindowListed(
            name,
            Window(),
            len(listed),
            count(RunDecision.NEW),
            count(RunDecision.CHANGED),
            count(RunDecision.STUB),
            missing=0,
            left=0,
            copies=self._copies,
            # Without a path, a place is a row of a table that names no file.
            files=sum(location.path is not None for location in listed),
        )
