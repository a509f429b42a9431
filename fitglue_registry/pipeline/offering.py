"""Offers activities to pipelines: those that have changed, and those that the athlete asks for."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from fitglue_registry.model.moments import clock_text
from fitglue_registry.model.stored import ActivityChange
from fitglue_registry.store.activity_changes import changes_after, forget_seen_changes
from fitglue_registry.store.delivery_moves import follow_merge, return_after_split
from fitglue_registry.store.delivery_returns import return_to_new
from fitglue_registry.store.offers import known_to_pipeline, offer, starts_of, withdraw
from fitglue_registry.store.pipelines import list_pipelines, move_on

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any

    from sqlalchemy.engine import Connection as Db

    from fitglue_registry.pipeline.document import Pipeline
    from fitglue_registry.store.deliveries import DeliveryRow
    from fitglue_registry.store.pipelines import PipelineRow

#: How long an activity waits for its copies at most, if not all connections are synced before.
LONGEST_WAIT = timedelta(minutes=20)
#: How long before its pipeline was made an activity may have started that is not history: the
#: athlete who makes a pipeline after a workout wants this workout to be sent.
GRACE = timedelta(days=1)
#: The changes that one transaction reads.
_MOST = 5000


@dataclass(slots=True)
class Read:
    """What reading the changes led to.

    Attributes:
        history: Id of a pipeline → the number of activities that are new, but history for it.
        twice: The deliveries of which two copies are at their destination.
        is_complete: Whether all changes were read.
    """

    history: dict[str, int] = field(default_factory=dict)
    twice: list[DeliveryRow] = field(default_factory=list)
    is_complete: bool = True


def read_changes(
    db: Db,
    athlete_id: str,
    documents: Mapping[str, Pipeline],
    now: datetime,
) -> Read:
    """Offer what has changed to every pipeline of an athlete, and note how far it has read.

    Args:
        db: A transaction that may write; the caller repeats it until everything is read.
        athlete_id: The athlete.
        documents: Id of a pipeline → its document.
        now: The current moment.
    """
    rows = [row for row in list_pipelines(db, athlete_id) if row.id in documents]
    read = Read()
    if not rows:
        return read
    oldest = min(row.after_change for row in rows)
    changes = changes_after(db, athlete_id, oldest, _MOST)
    if not changes:
        return read
    for row in rows:
        unseen = [change for change in changes if change.id > row.after_change]
        new = [change.activity_id for change in unseen if change.what == ActivityChange.NEW]
        if new:
            return_to_new(db, row.id, new, clock_text(now))
        left = _follow(db, row, unseen, read, clock_text(now))
        offered = {**dict.fromkeys(left, False), **_changed(unseen)}
        read.history[row.id] = _offer(db, row, documents[row.id], offered, now)
        move_on(db, row.id, max(row.after_change, changes[-1].id))
    forget_seen_changes(db, athlete_id)
    read.is_complete = len(changes) < _MOST
    return read


def _follow(
    db: Db,
    row: PipelineRow,
    changes: Sequence[Any],
    read: Read,
    now: str,
) -> list[str]:
    """Let the deliveries of a pipeline follow the activities that were merged or split.

    Returns:
        The activities that have lost a delivery to one that is an activity of its own again.
    """
    left = []
    for change in changes:
        if change.what == ActivityChange.MERGED:
            read.twice += follow_merge(db, row.id, change.activity_id, change.into_id, now)
            for withdrawn in withdraw(db, row.id, change.activity_id, change.into_id):
                offer(
                    db,
                    withdrawn.athlete_id,
                    withdrawn.pipeline_id,
                    [change.into_id],
                    now,
                    asked_by=withdrawn.asked_by,
                    due_at=withdrawn.due_at,
                    again=withdrawn.again,
                )
        if change.what == ActivityChange.SPLIT:
            left += return_after_split(db, row.id, change.activity_id)
    return left


def _changed(changes: Iterable[Any]) -> dict[str, bool]:
    """Return the activities of changes, in order, and whether each is new, or one of its own again.

    In place of one that was merged away, its survivor is returned.
    """
    activity_ids: dict[str, bool] = {}
    for change in changes:
        is_new = change.what in (ActivityChange.NEW, ActivityChange.SPLIT)
        is_new = activity_ids.pop(change.activity_id, False) or is_new
        activity_ids[change.into_id or change.activity_id] = is_new
    return activity_ids


def _offer(
    db: Db,
    row: PipelineRow,
    document: Pipeline,
    activity_ids: Mapping[str, bool],
    now: datetime,
) -> int:
    """Offer activities to a pipeline, which wait until their copies had time to arrive.

    Returns:
        The number of activities that are new here, but history for the pipeline.
    """
    wait = LONGEST_WAIT if document.wait_s is None else timedelta(seconds=document.wait_s)
    wanted = _without_history(db, row, activity_ids)
    offer(
        db,
        row.athlete_id,
        row.id,
        wanted,
        clock_text(now),
        due_at=clock_text(now + wait),
    )
    return sum(activity_ids[activity_id] for activity_id in activity_ids.keys() - wanted)


def _without_history(
    db: Db,
    row: PipelineRow,
    activity_ids: Mapping[str, bool],
) -> set[str]:
    """Return the activities that are not history for a pipeline.

    An activity that was offered or sent before is none, whatever happens to it. Of the others, only
    those count that are new here and were recorded since the pipeline was made: an account that is
    connected later, or an archive, brings years that nobody has asked to send.
    """
    known = known_to_pipeline(db, row.id, activity_ids)
    made_at = datetime.fromisoformat(row.created_at) - GRACE
    # The start of an activity is stored without a zone.
    since = made_at.replace(tzinfo=None).isoformat()
    starts = starts_of(db, activity_ids)
    recent = {
        activity_id
        for activity_id, is_new in activity_ids.items()
        if is_new and starts.get(activity_id, "") >= since
    }
    return known | recent
