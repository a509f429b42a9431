"""Stores which activities were offered to which pipeline, and what became of each offer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec
import sqlalchemy as sa

from fitglue_registry.model.stored import OfferedBy, OfferState
from fitglue_registry.store.json_text import json_text
from fitglue_registry.store.pipeline_tables import deliveries, offers, pipelines
from fitglue_registry.store.statements import IDS, Statement
from fitglue_registry.store.tables import activities

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy.engine import Connection as Db

    #: What one step said: ``step``, ``outcome`` and ``what``, and more for some steps.
    Steps = Sequence[Mapping[str, Any]]


_OFFERED = Statement(
    sa.select(offers.c.activity_id).where(
        offers.c.pipeline_id == sa.bindparam("pipeline"),
        offers.c.activity_id.in_(IDS),
    )
)
_DELIVERED = Statement(
    sa.select(deliveries.c.activity_id).where(
        deliveries.c.pipeline_id == sa.bindparam("pipeline"),
        deliveries.c.activity_id.in_(IDS),
    )
)
_STARTS = Statement(
    sa.select(activities.c.id, activities.c.sort_start).where(activities.c.id.in_(IDS))
)


@dataclass(frozen=True, slots=True)
class Offer:
    """One activity that a pipeline was offered."""

    pipeline_id: str
    activity_id: str
    athlete_id: str
    state: OfferState
    asked_by: OfferedBy
    due_at: str | None
    again: bool  # whether it is sent even if nothing has changed
    version: int | None  # the version of the pipeline that decided
    steps: Steps
    at: str  # when it was offered, or decided


def offer(
    db: Db,
    athlete_id: str,
    pipeline_id: str,
    activity_ids: Iterable[str],
    now: str,
    *,
    asked_by: OfferedBy = OfferedBy.CHANGE,
    due_at: str | None = None,
    again: bool = False,
) -> None:
    """Offer activities to a pipeline.

    An activity that is already waiting keeps its moment: one that changes again and again would
    otherwise never be sent. One that is waiting to be sent in any case stays so.

    Args:
        db: A transaction that may write.
        athlete_id: The athlete.
        pipeline_id: The pipeline.
        activity_ids: The activities.
        now: The moment that is stored.
        asked_by: Why they are offered.
        due_at: Until when their copies may still arrive; ``None`` for as soon as possible.
        again: Whether they are sent even if nothing has changed.
    """
    wanted = dict.fromkeys(activity_ids)
    waiting = _waiting(db, pipeline_id) if wanted else {}
    for activity_id in wanted:
        if asked_by == OfferedBy.CHANGE and activity_id in waiting:
            continue
        this = (offers.c.pipeline_id == pipeline_id, offers.c.activity_id == activity_id)
        values = {
            "state": OfferState.WAITING,
            "asked_by": asked_by,
            "due_at": due_at,
            "again": again or waiting.get(activity_id, False),
            "at": now,
        }
        if db.execute(sa.update(offers).where(*this).values(values)).rowcount:
            continue
        key = {
            "pipeline_id": pipeline_id,
            "activity_id": activity_id,
            "athlete_id": athlete_id,
            "steps": "[]",
        }
        db.execute(sa.insert(offers).values(**key, **values))


def _waiting(db: Db, pipeline_id: str) -> dict[str, bool]:
    """Return the activities that wait in a pipeline, and whether they are sent in any case."""
    query = sa.select(offers.c.activity_id, offers.c.again).where(
        *_waits_in(pipeline_id),
    )
    return {row.activity_id: bool(row.again) for row in db.execute(query)}


def withdraw(
    db: Db,
    pipeline_id: str,
    activity_id: str,
    survivor_id: str,
) -> list[Offer]:
    """Delete the offer to a pipeline of an activity that was merged away.

    Args:
        db: A transaction that may write.
        pipeline_id: The pipeline.
        activity_id: The activity.
        survivor_id: The activity into which it was merged.

    Returns:
        The offer if it waited, and if the survivor takes it over: if the athlete has asked for it,
        or if the pipeline knows the survivor.
    """
    this = (offers.c.pipeline_id == pipeline_id, offers.c.activity_id == activity_id)
    found = [_offer(row) for row in db.execute(sa.select(offers).where(*this))]
    db.execute(sa.delete(offers).where(*this))
    taken_over = []
    for withdrawn in found:
        is_asked_for = withdrawn.asked_by != OfferedBy.CHANGE
        is_known = bool(known_to_pipeline(db, pipeline_id, [survivor_id]))
        if withdrawn.state == OfferState.WAITING and (is_asked_for or is_known):
            taken_over.append(withdrawn)
    return taken_over


def known_to_pipeline(
    db: Db,
    pipeline_id: str,
    activity_ids: Iterable[str],
) -> set[str]:
    """Return those of these activities that a pipeline was offered, or has sent."""
    known: set[str] = set()
    wanted = sorted(activity_ids)
    known.update(_OFFERED.each_scalar(db, wanted, pipeline=pipeline_id))
    known.update(_DELIVERED.each_scalar(db, wanted, pipeline=pipeline_id))
    return known


def starts_of(db: Db, activity_ids: Iterable[str]) -> dict[str, str]:
    """Return when activities started, in UTC or else local, as ISO 8601 without a zone."""
    rows = _STARTS.each_row(db, sorted(activity_ids))
    return {row.id: row.sort_start for row in rows if row.sort_start}


def _waits_in(pipeline_id: str) -> tuple[sa.ColumnElement[bool], ...]:
    """Return the conditions of the offers that wait in a pipeline.

    The athlete is named for the index of the states: without it, a database reads every offer that
    the pipeline ever had.
    """
    of_pipeline = pipelines.c.id == pipeline_id
    athlete = sa.select(pipelines.c.athlete_id).where(of_pipeline).scalar_subquery()
    return (
        offers.c.athlete_id == athlete,
        offers.c.state == OfferState.WAITING,
        offers.c.pipeline_id == pipeline_id,
    )


def waiting_offers(
    db: Db,
    pipeline_id: str,
    due_before: str | None = None,
) -> list[Offer]:
    """Return the offers of a pipeline that wait, those that are due first.

    Args:
        db: A transaction.
        pipeline_id: The pipeline.
        due_before: Only those that are due at this moment; ``None`` for all of them.
    """
    query = sa.select(offers).where(
        *_waits_in(pipeline_id),
    )
    if due_before is not None:
        is_due = sa.or_(
            offers.c.due_at.is_(None),
            offers.c.due_at <= due_before,
            # The clock was set back since then, so the moment means nothing any more.
            offers.c.at > due_before,
        )
        query = query.where(is_due)
    query = query.order_by(sa.func.coalesce(offers.c.due_at, ""), offers.c.activity_id)
    return [_offer(row) for row in db.execute(query)]


def offers_of_activity(db: Db, activity_id: str) -> list[Offer]:
    """Return every pipeline's offer of an activity, for ``why`` and ``show``."""
    query = sa.select(offers).where(offers.c.activity_id == activity_id)
    return [_offer(row) for row in db.execute(query.order_by(offers.c.pipeline_id))]


def decide(
    db: Db,
    decided: Offer,
    version: int,
    steps: Steps,
    now: str,
) -> bool:
    """Store what a pipeline decided about an offer.

    Args:
        db: The transaction that also plans the deliveries.
        decided: The offer as it was read.
        version: The version of the pipeline.
        steps: What each step said.
        now: The moment that is stored.

    Returns:
        Whether it was stored: not if the activity was offered again since the offer was read, or
        was merged away.
    """
    values = {
        "state": OfferState.DONE,
        "again": False,
        "version": version,
        "steps": json_text(list(steps)),
        "at": now,
    }
    return _update(db, decided, values)


def decide_in_part(
    db: Db,
    decided: Offer,
    version: int,
    steps: Steps,
    now: str,
) -> bool:
    """Store what a pipeline decided about an offer that goes on waiting for some destinations.

    Args:
        db: The transaction that also plans the deliveries.
        decided: The offer as it was read.
        version: The version of the pipeline.
        steps: What each step said.
        now: The moment that is stored.

    Returns:
        Whether it was stored, as by ``decide``.
    """
    values = {
        "again": False,
        "version": version,
        "steps": json_text(list(steps)),
        "at": now,
    }
    return _update(db, decided, values)


def _update(
    db: Db,
    decided: Offer,
    values: Mapping[str, Any],
) -> bool:
    """Change an offer, unless it has changed since it was read; return whether it was changed."""
    is_the_same = (
        offers.c.pipeline_id == decided.pipeline_id,
        offers.c.activity_id == decided.activity_id,
        offers.c.state == OfferState.WAITING,
        offers.c.at == decided.at,
        offers.c.asked_by == decided.asked_by,
        offers.c.again == decided.again,
    )
    return bool(db.execute(sa.update(offers).where(*is_the_same).values(values)).rowcount)


def count_waiting(db: Db, pipeline_id: str) -> int:
    """Return how many activities wait in a pipeline."""
    return first_waiting(db, pipeline_id)[0]


def first_waiting(db: Db, pipeline_id: str) -> tuple[int, str | None]:
    """Return how many activities wait in a pipeline, and until when the first of them does."""
    query = sa.select(sa.func.count(), sa.func.min(offers.c.due_at)).where(
        *_waits_in(pipeline_id),
    )
    count, until = db.execute(query).one()
    return count, until


def _offer(row: Any) -> Offer:
    return Offer(
        pipeline_id=row.pipeline_id,
        activity_id=row.activity_id,
        athlete_id=row.athlete_id,
        state=OfferState(row.state),
        asked_by=OfferedBy(row.asked_by),
        due_at=row.due_at,
        again=bool(row.again),
        version=row.version,
        steps=msgspec.json.decode(row.steps),
        at=row.at,
    )
