"""Stores what was answered and what follows from it: parts, their states, source activities,
quarantine; in transactions of others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from fitglue_registry.errors import FitglueError
from fitglue_registry.matching.matcher import has_company
from fitglue_registry.plugin_api import Body, Part, Unavailable
from fitglue_registry.store.parts import part_tries, restore_second_look, set_part
from fitglue_registry.store.quarantine import put_in_quarantine, release
from fitglue_registry.store.raw_parts import BLOB_PARTS
from fitglue_registry.store.records import update_record
from fitglue_registry.store.source_activities import Stored, put_source_activities
from fitglue_registry.sync import events

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy.engine import Connection as Db

    from fitglue_registry.store.encoding import EncodedActivity
    from fitglue_registry.store.runs import RunLog
    from fitglue_registry.sync.context import Context
    from fitglue_registry.sync.deriving.deriver import Derived
    from fitglue_registry.sync.fetching.asking import Answered

#: After so many tries a part is left alone until the next walk through the whole history.
_MOST_TRIES = 5


def store_answers(
    context: Context,
    log: RunLog,
    part: str,
    record_of: Mapping[str, int],
    batch: Sequence[Answered],
) -> dict[str, events.Decided]:
    """Store the answers of one request and everything that follows from them; what there is to say
    of each id comes back.
    """
    said: dict[str, events.Decided] = {}
    plain = [
        one.item.content
        for one in batch
        if isinstance(one.item, Part) and one.item.encoding == "identity"
    ]
    with context.writing(log) as db:
        if part not in BLOB_PARTS:
            context.raws.learn(db, context.entry.id, part, plain)
        stored = [
            _store_answer(context, log, db, part, record_of[one.external_id], one, said)
            for one in batch
        ]
        place_derived(context, db, stored)
    return said


def _store_answer(
    context: Context,
    log: RunLog,
    db: Db,
    part: str,
    record_id: int,
    answered: Answered,
    said: dict[str, events.Decided],
) -> Stored | None:
    item, derived = answered.item, answered.derived and answered.derived.checked()
    if isinstance(item, FitglueError):
        _note_failure(context, log, db, part, record_id, item)
        decision: events.Decided | None = events.Decided(
            context.connected.name, answered.external_id, "not-fetched", f"{part}: {item.what}"
        )
    elif isinstance(item, Unavailable):
        _note_unavailable(context, log, db, record_id, item)
        decision = events.Decided(
            context.connected.name, answered.external_id, f"no {part}", item.reason
        )
    else:
        keep_part(context, db, record_id, item, derived)
        decision = None
        if derived is not None and derived.refused:
            decision = events.Decided(
                context.connected.name, answered.external_id, "quarantined", str(derived.refused)
            )
    if decision is not None:
        said[answered.external_id] = decision
    return None if derived is None else store_derived(context, log, db, record_id, derived)


def keep_part(
    context: Context, db: Db, record_id: int, part: Part, derived: Derived | None
) -> None:
    """Keep the bytes of a part, and say that it is there."""
    received_at = derived.received_at if derived is not None else None
    body = Body(part.content, part.encoding)
    raw_id = context.raws.put(
        db, record_id, context.entry.id, part.part, body, now=received_at or context.now
    )
    set_part(db, record_id, part.part, state="have", raw_id=raw_id)


def _note_failure(
    context: Context, log: RunLog, db: Db, part: str, record_id: int, error: FitglueError
) -> None:
    if not restore_second_look(db, record_id, part):
        tries = part_tries(db, record_id, part) + 1
        state = "failed" if tries >= _MOST_TRIES else "wanted"
        set_part(db, record_id, part, state=state, code=error.code, reason=error.what, tried=True)
    log.decide(db, context.now, "not-fetched", record_id, f"{part}: {error.what}")


def _note_unavailable(
    context: Context, log: RunLog, db: Db, record_id: int, said: Unavailable
) -> None:
    """Write down that a part will not come, or not now, and why."""
    # "stub" is for the list to say: a part that is refused makes no stub of a record that is listed
    # as native.
    if said.state == "gone":
        update_record(db, record_id, state="missing")
    state = "wanted" if said.state == "later" else "none"
    if state == "none" or not restore_second_look(db, record_id, said.part):
        set_part(
            db, record_id, said.part, state=state, code=said.code, reason=said.reason, tried=True
        )
    # A part that is gone asks for a confirmation, whose word it is whether the record is.
    decision = {"gone": "missing", "later": "later"}.get(said.state, f"no-{said.part}")
    log.decide(db, context.now, decision, record_id, said.reason)


def store_derived(
    context: Context, log: RunLog, db: Db, record_id: int, derived: Derived
) -> Stored | None:
    """Store what was made of a record, or keep it aside; its activities are for ``place_derived``
    to bring up to date.
    """
    if derived.refused is not None:
        quarantine(context, log, db, record_id, derived.refused)
        return None
    if release(db, record_id):
        log.decide(db, context.now, "released", record_id)
    return put_source_activities(
        db,
        record_id,
        context.connected.athlete_id,
        derived.prepared,
        plugin=context.entry.plugin.name,
        plugin_version=context.plugin_version,
        now=context.now,
    )


def place_derived(context: Context, db: Db, every: Sequence[Stored | None]) -> None:
    """Match anew what changed in what decides about matches; merge again what only says something
    else.
    """
    athlete_id, now = context.connected.athlete_id, context.now
    rematch: list[Stored] = []
    remerge: list[tuple[int, EncodedActivity]] = []
    for stored in filter(None, every):
        if stored.rematch or (stored.compare and has_company(db, athlete_id, stored)):
            rematch.append(stored)
        else:
            remerge += stored.legs
    if rematch:
        affected = {activity_id for stored in rematch for activity_id in stored.affected}
        context.matcher.place(
            db, athlete_id, [number for stored in rematch for number in stored.ids], now, affected
        )
    if remerge:
        context.matcher.remerge(db, athlete_id, remerge, now)


def quarantine(
    context: Context, log: RunLog, db: Db, record_id: int, refused: FitglueError
) -> None:
    """Keep a record aside with the reason, until it or its plugin changes."""
    news = put_in_quarantine(
        db,
        record_id,
        stage="normalize",
        error=refused.as_dict(),
        plugin=context.entry.plugin.name,
        plugin_version=context.plugin_version,
        now=context.now,
    )
    if news:
        log.decide(db, context.now, "quarantined", record_id, str(refused))


def reason_of(said: Unavailable) -> str:
    """The reason of a stub or a tombstone, as a record keeps it."""
    return msgspec.json.encode({"code": said.code, "reason": said.reason, "fix": said.fix}).decode()
