"""Stores the deliveries: one row for each activity at each destination of a pipeline.

A row moves from state to state only through ``change_state``, which compares the state that the
caller knows with the stored one and writes the log. Two processes can therefore never both send.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec
import sqlalchemy as sa

from fitglue_registry.model.stored import DeliveryAction, DeliveryState, PipelineState
from fitglue_registry.store.json_text import json_text
from fitglue_registry.store.pipeline_tables import deliveries, delivery_log, pipelines
from fitglue_registry.store.rows import insert_one
from fitglue_registry.store.sent_identities import add_identities
from fitglue_registry.store.stored_claims import claims_of_activities

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy.engine import Connection as Db

#: The key of an intent for the claims of the records that a delivery was made from. They tell which
#: workout it was, after its activity was removed.
ORIGINS = "origins"
#: The states in which nothing is done any more unless somebody asks for it.
FINAL = (DeliveryState.SENT, DeliveryState.REFUSED, DeliveryState.FAILED)
#: The states of deliveries that may have arrived, although nobody knows yet.
IN_DOUBT = (
    DeliveryState.SENDING,
    DeliveryState.ACCEPTED,
    DeliveryState.UNCERTAIN,
)
#: The states of which a run has to take care.
OPEN = (
    DeliveryState.PLANNED,
    DeliveryState.SENDING,
    DeliveryState.ACCEPTED,
    DeliveryState.UNCERTAIN,
)


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    """One delivery."""

    id: int
    athlete_id: str
    pipeline_id: str
    destination: str  # the name of the step
    entry: str  # the id of the destination's entry
    connection_id: str | None  # None: the destination has no account
    activity_id: str
    home_id: str  # the activity for which it was made
    follows_id: int | None  # the delivery of the activity that survived a merge
    external_id: str
    action: DeliveryAction
    state: DeliveryState
    tries: int
    next_try_at: str | None
    intent: Mapping[str, Any]  # what will be sent
    sent: Mapping[str, str]  # field → hash of what is there
    receipt: Mapping[str, Any] | None
    error: Mapping[str, Any] | None
    planned_at: str
    updated_at: str
    sent_at: str | None

    @property
    def is_there(self) -> bool:
        """Whether it has ever arrived."""
        return self.sent_at is not None

    @property
    def may_be_there(self) -> bool:
        """Whether it has arrived, or may have."""
        return self.is_there or self.state in IN_DOUBT

    @property
    def is_parked(self) -> bool:
        """Whether only the athlete can say whether it arrived."""
        return self.state == DeliveryState.UNCERTAIN and self.next_try_at is None


@dataclass(frozen=True, slots=True)
class Planned:
    """What a pipeline decided to send to one of its destinations."""

    destination: str
    entry: str
    connection_id: str | None
    action: DeliveryAction
    intent: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line of the log of a delivery."""

    delivery_id: int
    at: str
    state: DeliveryState
    what: str


# -- planning --------------------------------------------------------------------------------------


def plan(
    db: Db,
    pipeline_id: str,
    athlete_id: str,
    activity_id: str,
    planned: Planned,
    now: str,
    external_id: str,
) -> int:
    """Write the intent to send an activity to a destination, and return the id of the delivery.

    Args:
        db: The transaction that decides about the offer.
        pipeline_id: The pipeline.
        athlete_id: The athlete.
        activity_id: The activity.
        planned: What is sent, and how.
        now: The moment that is stored.
        external_id: A new random id, for a delivery that does not exist yet.
    """
    known = delivery_of(db, pipeline_id, planned.destination, activity_id)
    origins = sorted(claims_of_activities(db, [activity_id]).get(activity_id, ()))
    if known is not None and not origins:
        origins = known.intent.get(ORIGINS, [])
    intent = json_text({**planned.intent, "asked_at": now, ORIGINS: origins})
    if known is not None:
        values = {
            "action": planned.action,
            "intent": intent,
            "entry": planned.entry,
            "connection_id": planned.connection_id,
            "tries": 0,
            "next_try_at": None,
            "error": None,
        }
        change_state(db, known, DeliveryState.PLANNED, _to(planned.action), now, values)
        return known.id
    delivery_id = insert_one(
        db,
        deliveries,
        athlete_id=athlete_id,
        pipeline_id=pipeline_id,
        destination=planned.destination,
        entry=planned.entry,
        connection_id=planned.connection_id,
        activity_id=activity_id,
        home_id=activity_id,
        external_id=external_id,
        action=planned.action,
        state=DeliveryState.PLANNED,
        intent=intent,
        planned_at=now,
        updated_at=now,
    )
    write_log(db, delivery_id, DeliveryState.PLANNED, _to(planned.action), now)
    return delivery_id


def _to(action: DeliveryAction) -> str:
    return f"to {action}"


# -- reading ---------------------------------------------------------------------------------------


def delivery_of(
    db: Db,
    pipeline_id: str,
    destination: str,
    activity_id: str,
) -> DeliveryRow | None:
    """Return the delivery of an activity to a destination, or ``None`` if there is none."""
    query = sa.select(deliveries).where(
        deliveries.c.pipeline_id == pipeline_id,
        deliveries.c.destination == destination,
        deliveries.c.activity_id == activity_id,
        deliveries.c.follows_id.is_(None),
    )
    row = db.execute(query).first()
    return None if row is None else delivery_from(row)


def delivery_by_id(db: Db, delivery_id: int) -> DeliveryRow | None:
    """Return the delivery with this id."""
    row = db.execute(sa.select(deliveries).where(deliveries.c.id == delivery_id)).first()
    return None if row is None else delivery_from(row)


def deliveries_of_activity(db: Db, activity_id: str) -> list[DeliveryRow]:
    """Return every delivery of an activity, with those of activities that were merged into it."""
    query = sa.select(deliveries).where(deliveries.c.activity_id == activity_id)
    return [delivery_from(row) for row in db.execute(query.order_by(deliveries.c.id))]


def list_deliveries(
    db: Db,
    athlete_id: str,
    states: Iterable[DeliveryState] = (),
    pipeline_id: str | None = None,
    most: int | None = None,
) -> list[DeliveryRow]:
    """Return deliveries of an athlete, those that were changed last first.

    Args:
        db: A transaction.
        athlete_id: The athlete.
        states: Only these states; empty for all of them.
        pipeline_id: Only those of this pipeline; ``None`` for all of them.
        most: How many to return at most; ``None`` for all of them.
    """
    query = sa.select(deliveries).where(deliveries.c.athlete_id == athlete_id)
    chosen = list(states)
    if chosen:
        query = query.where(deliveries.c.state.in_(chosen))
    if pipeline_id is not None:
        query = query.where(deliveries.c.pipeline_id == pipeline_id)
    query = query.order_by(deliveries.c.updated_at.desc(), deliveries.c.id.desc()).limit(most)
    return [delivery_from(row) for row in db.execute(query)]


def due_deliveries(
    db: Db,
    athlete_id: str,
    now: str,
) -> list[DeliveryRow]:
    """Return the deliveries of active pipelines of which a run has to take care now.

    Those that were interrupted come first, because they may have arrived; then the others, in the
    order in which they were planned.
    """
    is_due = sa.or_(
        deliveries.c.state == DeliveryState.SENDING,
        sa.and_(
            deliveries.c.state == DeliveryState.PLANNED,
            sa.or_(
                deliveries.c.next_try_at.is_(None),
                deliveries.c.next_try_at <= now,
                deliveries.c.updated_at > now,
            ),
        ),
        sa.and_(
            deliveries.c.state.in_((DeliveryState.ACCEPTED, DeliveryState.UNCERTAIN)),
            deliveries.c.next_try_at.is_not(None),
            sa.or_(
                deliveries.c.next_try_at <= now,
                # The clock was set back since then, so the moment means nothing any more.
                deliveries.c.updated_at > now,
            ),
        ),
    )
    query = (
        sa.select(deliveries)
        .join(pipelines, pipelines.c.id == deliveries.c.pipeline_id)
        .where(
            deliveries.c.athlete_id == athlete_id,
            # It follows from the other conditions, and lets the index skip what was sent.
            deliveries.c.state.in_(OPEN),
            pipelines.c.state == PipelineState.ACTIVE,
            # One that follows another is never sent, but it may have arrived before the merge.
            sa.or_(deliveries.c.follows_id.is_(None), deliveries.c.state.in_(IN_DOUBT)),
            is_due,
        )
        .order_by(
            sa.case((deliveries.c.state == DeliveryState.PLANNED, 1), else_=0),
            deliveries.c.planned_at,
            deliveries.c.id,
        )
    )
    return [delivery_from(row) for row in db.execute(query)]


def counts_by_state(db: Db, pipeline_id: str) -> dict[str, dict[str, int]]:
    """Return destination → state → number of deliveries of a pipeline."""
    query = (
        sa.select(deliveries.c.destination, deliveries.c.state, sa.func.count())
        .where(deliveries.c.pipeline_id == pipeline_id)
        .group_by(deliveries.c.destination, deliveries.c.state)
    )
    counts: dict[str, dict[str, int]] = {}
    for destination, state, count in db.execute(query):
        counts.setdefault(destination, {})[state] = count
    return counts


def planned_at(db: Db, pipeline_id: str) -> tuple[dict[str, int], str | None]:
    """Return destination → number of deliveries to it that are planned, and when the first is due.

    The moment is ``None`` if each of them is due as soon as possible, or if there is none.
    """
    of_pipeline = pipelines.c.id == pipeline_id
    # Named for the index of the states, which lets the database skip what was sent.
    athlete = sa.select(pipelines.c.athlete_id).where(of_pipeline).scalar_subquery()
    query = (
        sa.select(deliveries.c.destination, sa.func.count(), sa.func.min(deliveries.c.next_try_at))
        .where(
            deliveries.c.athlete_id == athlete,
            deliveries.c.pipeline_id == pipeline_id,
            deliveries.c.state == DeliveryState.PLANNED,
        )
        .group_by(deliveries.c.destination)
    )
    counts = {}
    moments = []
    for destination, count, next_try_at in db.execute(query):
        counts[destination] = count
        moments += [next_try_at] if next_try_at else []
    return counts, min(moments, default=None)


def log_of(db: Db, delivery_ids: Sequence[int]) -> list[LogLine]:
    """Return what happened to deliveries, oldest first."""
    query = (
        sa.select(
            delivery_log.c.delivery_id,
            delivery_log.c.at,
            delivery_log.c.state,
            delivery_log.c.what,
        )
        .where(delivery_log.c.delivery_id.in_(delivery_ids))
        .order_by(delivery_log.c.id)
    )
    return [
        LogLine(row.delivery_id, row.at, DeliveryState(row.state), row.what)
        for row in db.execute(query)
    ]


# -- changing --------------------------------------------------------------------------------------


def change_state(
    db: Db,
    known: DeliveryRow,
    state: DeliveryState,
    what: str,
    now: str,
    values: Mapping[str, Any] | None = None,
) -> bool:
    """Move a delivery to a state, and write the log.

    Args:
        db: A transaction that may write.
        known: The delivery as it was read.
        state: Its new state.
        what: What happened, in one sentence without secrets.
        now: The moment that is stored.
        values: Further columns to set.

    Returns:
        Whether it was changed: not if something has changed it since it was read.
    """
    changed = {"state": state, "updated_at": now, **(values or {})}
    is_the_same = (
        deliveries.c.id == known.id,
        deliveries.c.state == known.state,
        deliveries.c.updated_at == known.updated_at,
        deliveries.c.tries == known.tries,
    )
    if not db.execute(sa.update(deliveries).where(*is_the_same).values(changed)).rowcount:
        return False
    write_log(db, known.id, state, what, now)
    return True


def begin_sending(
    db: Db,
    known: DeliveryRow,
    hashes: Mapping[str, str],
    now: str,
    version: int | None = None,
) -> bool:
    """Write that a delivery is being sent, unless its pipeline was paused, deleted or changed.

    Args:
        db: A transaction that may write, and that is committed before anything is sent.
        known: The delivery as it was read.
        hashes: Field → hash of its value, of what is sent now. If the answer is lost, this is what
            may be there.
        now: The moment that is stored.
        version: The version of the pipeline that made it; ``None`` for any.

    Returns:
        Whether it may be sent.
    """
    of_pipeline = pipelines.c.id == known.pipeline_id
    query = sa.select(pipelines.c.state, pipelines.c.version).where(of_pipeline)
    if db.dialect.name != "sqlite":
        # A transaction that pauses the pipeline has to wait, or this one does.
        query = query.with_for_update(read=True)
    pipeline = db.execute(query).one()
    if pipeline.state != PipelineState.ACTIVE or pipeline.version != (version or pipeline.version):
        return False
    if known.action == DeliveryAction.CREATE and _has_copy_in_doubt(db, known.id):
        return False
    values = {
        "tries": known.tries + 1,
        "next_try_at": None,
        "intent": json_text({**known.intent, "hashes": dict(hashes)}),
    }
    what = f"try {known.tries + 1}"
    if not change_state(db, known, DeliveryState.SENDING, what, now, values):
        return False
    # A source may list it before its answer is stored, or the answer may be lost.
    add_identities(db, known.athlete_id, known.id, ())
    return True


def _has_copy_in_doubt(db: Db, delivery_id: int) -> bool:
    """Return whether a delivery that follows this one may have arrived."""
    query = sa.select(deliveries.c.id).where(
        deliveries.c.follows_id == delivery_id,
        deliveries.c.state.in_(IN_DOUBT),
    )
    return db.scalar(query.limit(1)) is not None


def write_log(
    db: Db,
    delivery_id: int,
    state: DeliveryState,
    what: str,
    now: str,
) -> None:
    """Write one line into the log of a delivery."""
    values = {"delivery_id": delivery_id, "at": now, "state": state, "what": what}
    db.execute(sa.insert(delivery_log).values(values))


def delivery_from(row: Any) -> DeliveryRow:
    """Return the delivery of a row of the table."""
    return DeliveryRow(
        id=row.id,
        athlete_id=row.athlete_id,
        pipeline_id=row.pipeline_id,
        destination=row.destination,
        entry=row.entry,
        connection_id=row.connection_id,
        activity_id=row.activity_id,
        home_id=row.home_id,
        follows_id=row.follows_id,
        external_id=row.external_id,
        action=DeliveryAction(row.action),
        state=DeliveryState(row.state),
        tries=row.tries,
        next_try_at=row.next_try_at,
        intent=msgspec.json.decode(row.intent),
        sent=msgspec.json.decode(row.sent),
        receipt=_plain(row.receipt),
        error=_plain(row.error),
        planned_at=row.planned_at,
        updated_at=row.updated_at,
        sent_at=row.sent_at,
    )


def _plain(text: str | None) -> dict[str, Any] | None:
    return None if text is None else msgspec.json.decode(text)
