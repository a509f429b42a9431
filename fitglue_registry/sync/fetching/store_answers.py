"""Stores what was answered, and what follows from it: parts, their states, source activities."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fitglue_registry.errors import FitglueError
from fitglue_registry.model.stored import PartState, RecordState, RunDecision
from fitglue_registry.plugin_api import Body, Part, Unavailable, UnavailableState
from fitglue_registry.store.parts import PartUpdate, part_tries, restore_second_look, set_part
from fitglue_registry.store.raw_parts import BLOB_PARTS, ReceivedPart
from fitglue_registry.store.records import update_record
from fitglue_registry.sync.deriving.store_derived import place_stored, store_derived
from fitglue_registry.sync.events import Decided

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fitglue_registry.store.source_activities import StoredLegs
    from fitglue_registry.sync.deriving.deriver import Derived
    from fitglue_registry.sync.fetching.answers import Answered
    from fitglue_registry.sync.run import Run, Transaction

#: After so many tries a part is left alone until the next walk through the whole history.
_MOST_TRIES = 5


def store_answers(
    run: Run,
    part: str,
    record_of: Mapping[str, int],
    batch: Sequence[Answered],
) -> dict[str, Decided]:
    """Store the answers of one request and everything that follows from them; returns what there is
    to say of each id.
    """
    context = run.context
    with run.transaction() as transaction:
        if part not in BLOB_PARTS:
            context.raws.train(transaction.db, context.entry.id, part, _plain_bytes(batch))
        stored = []
        for answered in batch:
            record_id = record_of[answered.external_id]
            stored.append(_store_answer(transaction, part, record_id, answered))
        place_stored(transaction, stored)
    decisions = {}
    for answered in batch:
        decision = _decision(context.name, part, answered)
        if decision is not None:
            decisions[answered.external_id] = decision
    return decisions


def _plain_bytes(batch: Sequence[Answered]) -> list[bytes]:
    """The bytes of parts that came as they are, of which a dictionary can be learnt."""
    plain = []
    for answered in batch:
        if isinstance(answered.item, Part) and answered.item.encoding == "identity":
            plain.append(answered.item.content)
    return plain


def _store_answer(
    transaction: Transaction,
    part: str,
    record_id: int,
    answered: Answered,
) -> StoredLegs | None:
    item = answered.item
    derived = answered.derived
    if derived is not None:
        derived.checked()
    if isinstance(item, FitglueError):
        _note_failure(transaction, part, record_id, item)
    elif isinstance(item, Unavailable):
        _note_unavailable(transaction, record_id, item)
    else:
        keep_part(transaction, record_id, item, derived)
    if derived is None:
        return None
    return store_derived(transaction, record_id, derived)


def _decision(
    name: str,
    part: str,
    answered: Answered,
) -> Decided | None:
    """What there is to say of an answer."""
    item = answered.item
    external_id = answered.external_id
    if isinstance(item, FitglueError):
        return Decided(name, external_id, RunDecision.NOT_FETCHED, f"{part}: {item.what}")
    if isinstance(item, Unavailable):
        return Decided(name, external_id, f"no {part}", item.reason)
    if answered.derived is not None and answered.derived.refused is not None:
        return Decided(name, external_id, RunDecision.QUARANTINED, str(answered.derived.refused))
    return None


def keep_part(
    transaction: Transaction,
    record_id: int,
    part: Part,
    derived: Derived | None,
) -> None:
    """Keep the bytes of a part, and say that it is there."""
    context = transaction.context
    received_at = derived.received_at if derived is not None else None
    body = Body(part.content, part.encoding)
    received = ReceivedPart(part.part, body, received_at or context.now)
    raw_id = context.raws.put(transaction.db, record_id, context.entry.id, received)
    update = PartUpdate(PartState.HAVE, raw_id)
    set_part(transaction.db, record_id, part.part, update)


def _note_failure(
    transaction: Transaction,
    part: str,
    record_id: int,
    error: FitglueError,
) -> None:
    db = transaction.db
    if not restore_second_look(db, record_id, part):
        tries = part_tries(db, record_id, part) + 1
        state = PartState.FAILED if tries >= _MOST_TRIES else PartState.WANTED
        update = PartUpdate(
            state,
            code=error.code,
            reason=error.what,
            tried=True,
        )
        set_part(db, record_id, part, update)
    transaction.decide(RunDecision.NOT_FETCHED, record_id, f"{part}: {error.what}")


def _note_unavailable(
    transaction: Transaction,
    record_id: int,
    answer: Unavailable,
) -> None:
    """Write down that a part will not come, or not now, and why."""
    db = transaction.db
    part = answer.part
    # "stub" is for the list to say: a part that is refused makes no stub of a record that is listed
    # as native.
    if answer.state == UnavailableState.GONE:
        update_record(db, record_id, state=RecordState.MISSING)
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
    transaction.decide(_decision_about(answer), record_id, answer.reason)


def _decision_about(answer: Unavailable) -> str:
    if answer.state == UnavailableState.LATER:
        return RunDecision.LATER
    # A part that is gone asks for a confirmation, whose word it is whether the record is.
    if answer.state == UnavailableState.GONE:
        return RunDecision.MISSING
    return f"no-{answer.part}"
