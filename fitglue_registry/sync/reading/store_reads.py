"""Stores what was read at a batch of places, in one transaction."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from fitglue_registry.model.stored import PartName, PartState
from fitglue_registry.plugin_api import UnavailableState
from fitglue_registry.store.locations import KnownLocation, put_locations
from fitglue_registry.store.parts import part_states
from fitglue_registry.store.quarantine import external_ids_with_code
from fitglue_registry.store.raw_parts import BLOB_PARTS
from fitglue_registry.store.records import known_records
from fitglue_registry.sync.deriving.deriver import Derived
from fitglue_registry.sync.deriving.store_derived import place_stored, quarantine, store_derived
from fitglue_registry.sync.fetching.store_answers import keep_parts, note_unavailable
from fitglue_registry.sync.listing.comparing import compare_rows
from fitglue_registry.sync.listing.derive_changes import DerivedChange
from fitglue_registry.sync.listing.revisions import Revisions
from fitglue_registry.sync.listing.store_changes import store_changes
from fitglue_registry.sync.reading.superseding import supersede
from fitglue_registry.sync.worker_limits import ZIP_SHARE

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from fitglue_registry.errors import FitglueError
    from fitglue_registry.plugin_api import Part
    from fitglue_registry.store.records import RecordRow
    from fitglue_registry.sync.reading.in_worker import ReadRecord
    from fitglue_registry.sync.reading.read_places import PlaceRead
    from fitglue_registry.sync.reading.superseding import EarlierContents
    from fitglue_registry.sync.run import Run, Transaction


@dataclass(frozen=True, slots=True)
class Batch:
    """The places of one transaction, with the records that are new or changed.

    Attributes:
        places: The places.
        by_id: All records that were read, by their external ids.
        changes: The new and changed records.
        unchanged: The records that the store has in the same revision, by their external ids.
    """

    places: Sequence[PlaceRead]
    by_id: Mapping[str, ReadRecord]
    changes: list[DerivedChange]
    unchanged: Mapping[str, ReadRecord]

    @property
    def records(self) -> Collection[ReadRecord]:
        """All records that were read."""
        return self.by_id.values()

    def broken_with_workout(self) -> dict[str, FitglueError]:
        """Return why new or changed records go to quarantine although their listing is a workout.

        Their bytes broke a worker.
        """
        broken = {}
        for change in self.changes:
            record = self.by_id[change.change.external_id]
            if record.broke is not None and record.derived.encoded:
                broken[record.listing.external_id] = record.broke
        return broken


class StoredBatch(NamedTuple):
    """What a transaction has stored.

    Attributes:
        external_ids: The external ids of the records.
        quarantined: The records that went to quarantine although no change says so, with the
            reasons: their bytes could not be decoded, but their listing is a workout, or they have
            not changed.
        superseded: The records of half-written files that no longer count.
    """

    external_ids: set[str]
    quarantined: dict[str, FitglueError]
    superseded: Sequence[str] = ()


def compare_batch(run: Run, places: Sequence[PlaceRead]) -> Batch:
    """Compare the records at some places with the store."""
    context = run.context
    by_id = {}
    for place in places:
        for record in place.records:
            by_id[record.listing.external_id] = record
    with context.database.read() as db:
        changes = compare_rows(context, db, [record.listing for record in by_id.values()])
        known = known_records(db, context.connection_id, by_id)
    derived = []
    for change in changes:
        record = by_id[change.external_id]
        # It was not decoded because the store has it in this revision, so it cannot have changed.
        assert record.known is None
        derived.append(DerivedChange(change, _derived(record), context.now))
    changed = {change.external_id for change in changes}
    # The others are of an older archive, which changes nothing.
    revisions = Revisions(context.entry)
    unchanged = {}
    for external_id, record in by_id.items():
        row = known.get(external_id)
        if external_id in changed or row is None:
            continue
        if row.revision == revisions.of(record.listing):
            unchanged[external_id] = record
    return Batch(places, by_id, derived, unchanged)


def _derived(record: ReadRecord) -> Derived:
    """Return what to store of a record. A record without any source activity is refused."""
    if record.broke is not None and not record.derived.encoded:
        return Derived([], record.broke)
    return record.derived


def store_batch(
    run: Run,
    batch: Batch,
    earlier: EarlierContents,
) -> StoredBatch:
    """Store a batch: its records, their bytes, source activities, claims and places.

    A process that dies before the commit has stored none of it, and the next sync reads the places
    again. The original files are on the disk before the transaction begins, so no row ever names a
    missing one.

    Args:
        run: The run.
        batch: The batch.
        earlier: What the places contained before.
    """
    context = run.context
    files = context.raws.with_blobs(list(_original_files(batch)))
    with files, run.transaction() as transaction:
        db = transaction.db
        if batch.changes:
            summaries = [change.change.listing.summary for change in batch.changes]
            context.raws.train(db, context.entry.id, PartName.SUMMARY, summaries)
        store_changes(transaction, batch.changes)
        known = known_records(db, context.connection_id, batch.by_id)
        read = {}
        for change in batch.changes:
            external_id = change.change.external_id
            read[known[external_id].id] = batch.by_id[external_id]
        _keep_parts(transaction, read)
        completed = _store_missing(transaction, batch, known)
        quarantined = _quarantine_broken(transaction, read | completed)
        superseded = supersede(transaction, batch.places, batch.by_id, earlier)
        put_locations(db, context.connection_id, _known_places(run, batch))
    for record in completed.values():
        refused = _derived(record).refused
        if refused is not None:
            quarantined[record.listing.external_id] = refused
    stored = {record.listing.external_id for record in (read | completed).values()}
    return StoredBatch(stored, quarantined, superseded)


def _quarantine_broken(
    transaction: Transaction,
    stored: Mapping[int, ReadRecord],
) -> dict[str, FitglueError]:
    """Put records into quarantine whose bytes broke a worker, but whose listing is a workout.

    The workout is stored nevertheless. The result is the reasons by the external ids.
    """
    broken = {}
    for record_id, record in stored.items():
        if record.broke is not None and record.derived.encoded:
            quarantine(transaction, record_id, record.broke)
            broken[record.listing.external_id] = record.broke
    return broken


def _original_files(batch: Batch) -> Iterator[bytes]:
    for record in batch.records:
        for part in record.parts:
            if part.part in BLOB_PARTS:
                yield part.content


def _keep_parts(transaction: Transaction, read: Mapping[int, ReadRecord]) -> None:
    """Store the bytes of records by their ids, and the reasons why they have no others."""
    arrived: dict[str, dict[int, tuple[Part, Derived | None]]] = defaultdict(dict)
    for record_id, record in read.items():
        for part in record.parts:
            arrived[part.part][record_id] = (part, record.derived)
    for name, parts in arrived.items():
        keep_parts(transaction, name, parts)
    for record_id, record in read.items():
        for unavailable in record.unavailable:
            note_unavailable(transaction, record_id, unavailable)


def _store_missing(
    transaction: Transaction,
    batch: Batch,
    known: Mapping[str, RecordRow],
) -> dict[int, ReadRecord]:
    """Store the parts of records that have not changed, but whose parts the store does not have.

    They may be damaged, so that they are wanted again, or an earlier version stopped before it had
    read them. Records that were not read because of slow files in their zip are stored as well.
    All of these records are returned by their ids.
    """
    stored: dict[int, ReadRecord] = {}
    for external_id, record in batch.unchanged.items():
        row = known.get(external_id)
        if row is not None and record.parts:
            stored[row.id] = record
    states = part_states(transaction.db, stored)
    not_read = external_ids_with_code(
        transaction.db,
        transaction.context.connection_id,
        ZIP_SHARE,
    )
    incomplete = {}
    for record_id, record in stored.items():
        is_read_now = record.broke is None and record.listing.external_id in not_read
        if is_read_now or any(
            states[record_id].get(part.part) != PartState.HAVE for part in record.parts
        ):
            incomplete[record_id] = record
    _keep_parts(transaction, incomplete)
    results = {record_id: _derived(record) for record_id, record in incomplete.items()}
    place_stored(transaction, store_derived(transaction, results))
    return incomplete


def _known_places(run: Run, batch: Batch) -> Iterable[KnownLocation]:
    version = run.context.plugin_version
    for place in batch.places:
        location = place.location
        yield KnownLocation(
            location.key,
            location.mark,
            version,
            place.external_ids,
            location.path,
            _why_unread(place),
        )


def _why_unread(place: PlaceRead) -> dict[str, str | None] | None:
    """Return why a record at a place, or one of its parts, has to be read again by each sync."""
    for record in place.records:
        for unavailable in record.missing:
            if unavailable.state == UnavailableState.LATER:
                return {
                    "code": unavailable.code,
                    "what": unavailable.reason,
                    "fix": unavailable.fix,
                }
    return None
