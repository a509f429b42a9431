"""Stores the answers of a plugin: the parts, their states, and the derived source activities."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fitglue_registry.errors import FitglueError
from fitglue_registry.model.moments import utc_text
from fitglue_registry.model.stored import PartState, RecordState, RunDecision
from fitglue_registry.plugin_api import Body, Part, Unavailable, UnavailableState
from fitglue_registry.store.parts import (
    PartUpdate,
    part_tries,
    restore_second_look,
    set_part,
    set_received,
)
from fitglue_registry.store.raw_parts import BLOB_PARTS, ReceivedPart
from fitglue_registry.store.records import update_record
from fitglue_registry.sync.deriving.store_derived import place_stored, store_derived
from fitglue_registry.sync.events import Decided

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from fitglue_registry.sync.deriving.deriver import Derived
    from fitglue_registry.sync.fetching.answers import Answered
    from fitglue_registry.sync.run import Run, Transaction

    #: Record id → a part, as the plugin yielded it, and what was derived from it.
    Arrived = Mapping[int, tuple[Part, Derived | None]]

#: After this many failed attempts, one per sync, a part is not asked for again until the next full
#: walk. Without a limit, records that a source cannot deliver would cost requests in every sync.
_MAX_TRIES = 5


def store_answers(
    run: Run,
    part: str,
    record_of: Mapping[str, int],
    batch: Sequence[Answered],
) -> dict[str, Decided]:
    """Store a batch of answers in one transaction.

    A process that dies before the commit has stored none of the batch, and its parts are still
    wanted. After the commit, they are no longer wanted, and their source activities are matched.

    Args:
        run: The run.
        part: The name of the part.
        record_of: External id → record id.
        batch: The answers, none of which has a failure.

    Returns:
        External id → the decision to report; parts that arrived have none.
    """
    context = run.context
    with run.transaction() as transaction:
        results = {}
        for answered in batch:
            record_id = record_of[answered.external_id]
            if not isinstance(answered.item, Part):
                _store_refusal(transaction, part, record_id, answered.item)
            if answered.derived is not None:
                results[record_id] = answered.derived.checked()
        for name, arrived in _arrived(record_of, batch).items():
            # A dictionary must be stored before the parts that are packed with it. Original files
            # are compressed already, so they get none.
            if name not in BLOB_PARTS:
                plain = _plain_bytes(item for item, _ in arrived.values())
                context.raws.train(transaction.db, context.entry.id, name, plain)
            keep_parts(transaction, name, arrived)
        stored = store_derived(transaction, results)
        # The matcher is called once for the batch, after all of its source activities are stored.
        place_stored(transaction, stored)
    decisions = {}
    for answered in batch:
        decision = _decision(context.name, part, answered)
        if decision is not None:
            decisions[answered.external_id] = decision
    return decisions


def _arrived(record_of: Mapping[str, int], batch: Sequence[Answered]) -> Mapping[str, Arrived]:
    """Return the parts that arrived with the answers of a batch, by their names."""
    by_name: dict[str, dict[int, tuple[Part, Derived | None]]] = {}
    for answered in batch:
        for part in answered.parts:
            arrived = by_name.setdefault(part.part, {})
            arrived[record_of[answered.external_id]] = (part, answered.derived)
    return by_name


def _plain_bytes(items: Iterable[Part]) -> list[bytes]:
    """Return the bytes of the parts that were not received as gzip.

    A dictionary is trained from them. Parts in gzip are stored exactly as received, without one.
    """
    return [item.content for item in items if item.encoding == "identity"]


def _store_refusal(
    transaction: Transaction,
    part: str,
    record_id: int,
    item: Unavailable | FitglueError,
) -> None:
    """Store why a part did not arrive."""
    if isinstance(item, FitglueError):
        note_failure(transaction, part, record_id, item)
    else:
        note_unavailable(transaction, record_id, item)


def _decision(
    name: str,
    part: str,
    answered: Answered,
) -> Decided | None:
    """Return the decision to report about an answer; ``None`` if the part simply arrived."""
    item = answered.item
    external_id = answered.external_id
    if isinstance(item, FitglueError):
        return Decided(name, external_id, RunDecision.NOT_FETCHED, f"{part}: {item.what}")
    if isinstance(item, Unavailable):
        return Decided(name, external_id, f"no {part}", item.reason)
    if answered.derived is not None and answered.derived.refused is not None:
        return Decided(name, external_id, RunDecision.QUARANTINED, str(answered.derived.refused))
    return None


def keep_parts(
    transaction: Transaction,
    name: str,
    arrived: Arrived,
) -> None:
    """Store the bytes of one part of some records, and set its state to "have".

    Args:
        transaction: A transaction.
        name: The name of the part.
        arrived: The parts. What was derived from them has the moment at which they were received,
            which normalize saw too.
    """
    context = transaction.context
    received = {}
    for record_id, (part, derived) in arrived.items():
        received_at = derived.received_at if derived is not None else None
        # Without ``part.decoded``, which exists only to save normalize the decompression.
        body = Body(part.content, part.encoding)
        received[record_id] = ReceivedPart(body, received_at or context.now)
    context.storage.take(transaction.db, received.values())
    raw_ids = context.raws.put(transaction.db, context.entry.id, name, received)
    set_received(transaction.db, name, raw_ids)
    for record_id, (part, _) in arrived.items():
        if part.at_source is not None:
            update_record(transaction.db, record_id, at_source=utc_text(part.at_source))


def note_failure(
    transaction: Transaction,
    part: str,
    record_id: int,
    error: FitglueError,
) -> None:
    """Count a failed attempt to fetch a part; give the part up after too many of them.

    Args:
        transaction: A transaction.
        part: The name of the part.
        record_id: The record.
        error: Why the attempt failed.
    """
    db = transaction.db
    # A second look asks again for a part that the source said not to exist. If that fails, the old
    # answer stands, and no attempt is counted.
    if not restore_second_look(db, record_id, part):
        tries = part_tries(db, record_id, part) + 1
        state = PartState.FAILED if tries >= _MAX_TRIES else PartState.WANTED
        update = PartUpdate(
            state,
            code=error.code,
            reason=error.what,
            tried=True,
        )
        set_part(db, record_id, part, update)
    transaction.decide(RunDecision.NOT_FETCHED, record_id, f"{part}: {error.what}")


def note_unavailable(
    transaction: Transaction,
    record_id: int,
    answer: Unavailable,
) -> None:
    """Store that a part does not exist, or not yet, with the reason."""
    db = transaction.db
    part = answer.part
    # "Gone" about a part is only a suspicion about the record: it is marked as missing, and
    # ``Confirmation`` asks for it by id. A record that a list shows never gets here, because
    # ``Doubts`` refutes the answer. "Stub" changes nothing here, because only the listing
    # decides which records are stubs; a record may be delivered although one of its parts is not.
    if answer.state == UnavailableState.GONE:
        update_record(db, record_id, state=RecordState.MISSING)
    # "Later" does not limit the number of attempts: the source has promised the part.
    is_later = answer.state == UnavailableState.LATER
    if not is_later or not restore_second_look(db, record_id, part):
        state = PartState.WANTED if is_later else PartState.NONE
        update = PartUpdate(
            state,
            code=answer.code,
            reason=answer.reason,
            tried=True,
        )
        set_part(db, record_id, part, update)
    transaction.decide(_decision_about(transaction, answer), record_id, answer.reason)


def _decision_about(transaction: Transaction, answer: Unavailable) -> str:
    if answer.state == UnavailableState.LATER:
        # A service has promised the part, but nobody delivers a file that cannot be read.
        is_file = transaction.context.entry.reads_files
        return RunDecision.NOT_FETCHED if is_file else RunDecision.LATER
    # Only the confirmation by id decides whether the record is gone.
    if answer.state == UnavailableState.GONE:
        return RunDecision.MISSING
    return f"no-{answer.part}"
