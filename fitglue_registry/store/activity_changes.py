"""Writes and reads the changes of activities, which pipelines take what they offer from.

A change is written in the transaction that makes it. The athlete is locked in that transaction, so
the ids of the changes of one athlete have the order of the commits, and a pipeline that has seen
one of them will never miss an earlier one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from fitglue_registry.model.stored import ActivityChange, PipelineState
from fitglue_registry.store.pipeline_tables import activity_changes, offers, pipelines
from fitglue_registry.store.rows import insert_many
from fitglue_registry.store.statements import Statement

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy.engine import Connection as Db

_HAS_PIPELINE = Statement(
    sa.select(sa.literal(1))
    .where(
        pipelines.c.athlete_id == sa.bindparam("athlete"),
        pipelines.c.state != PipelineState.DELETED,
    )
    .limit(1)
)
_NEWEST = Statement(sa.select(sa.func.coalesce(sa.func.max(activity_changes.c.id), 0)))
_AFTER = Statement(
    sa.select(activity_changes)
    .where(
        activity_changes.c.athlete_id == sa.bindparam("athlete"),
        activity_changes.c.id > sa.bindparam("after", type_=activity_changes.c.id.type),
    )
    .order_by(activity_changes.c.id)
    .limit(sa.bindparam("most", type_=sa.Integer))
)


@dataclass(slots=True)
class Changes:
    """The changes that one transaction makes for one athlete, in their order."""

    athlete_id: str
    rows: list[dict[str, Any]] = field(default_factory=list)

    def note(
        self,
        what: ActivityChange,
        activity_id: str,
        into_id: str | None = None,
    ) -> None:
        """Note one change.

        Args:
            what: What happened.
            activity_id: The activity.
            into_id: The survivor, if the activity was merged into another one.
        """
        row = {
            "athlete_id": self.athlete_id,
            "activity_id": activity_id,
            "what": what,
            "into_id": into_id,
        }
        self.rows.append(row)

    def note_row(
        self,
        before: Any,
        row: Mapping[str, Any],
    ) -> None:
        """Note the change of an activity from the row before to the row that is written."""
        was_gone = before is not None and before.gone_at is not None
        is_gone = row["gone_at"] is not None
        what = ActivityChange.CHANGED
        if is_gone and not was_gone:
            what = ActivityChange.GONE
        if was_gone and not is_gone:
            what = ActivityChange.BACK
        self.note(what, row["id"])

    def store(self, db: Db, now: str) -> None:
        """Write the changes, if the athlete has a pipeline that will read them."""
        if self.rows and has_pipeline(db, self.athlete_id):
            insert_many(db, activity_changes, [row | {"at": now} for row in self.rows])
        self.rows.clear()


def has_pipeline(db: Db, athlete_id: str) -> bool:
    """Return whether an athlete has a pipeline that was not deleted."""
    return _HAS_PIPELINE.scalar(db, athlete=athlete_id) is not None


def newest_change(db: Db) -> int:
    """Return the id of the newest change; 0 if there is none."""
    return int(_NEWEST.scalar(db))


def changes_after(
    db: Db,
    athlete_id: str,
    after: int,
    most: int,
) -> Sequence[Any]:
    """Return the oldest changes of an athlete after the one with this id, at most ``most``."""
    return _AFTER.rows(db, athlete=athlete_id, after=after, most=most)


def forget_changes_of_history(
    db: Db,
    athlete_id: str,
    after: int,
) -> None:
    """Delete changes of activities that no pipeline was ever offered.

    It is for changes that a booster makes: what it computes for the whole history must not send the
    history on. An activity that a pipeline was offered is updated.

    Args:
        db: A transaction that may write and that has locked the athlete.
        athlete_id: The athlete.
        after: Only the changes after the one with this id, which this transaction made.
    """
    db.execute(
        sa.delete(activity_changes).where(
            activity_changes.c.athlete_id == athlete_id,
            activity_changes.c.id > after,
            activity_changes.c.what == ActivityChange.CHANGED,
            ~sa.exists().where(offers.c.activity_id == activity_changes.c.activity_id),
        )
    )


def forget_seen_changes(db: Db, athlete_id: str) -> None:
    """Delete the changes of an athlete that every pipeline has seen."""
    seen = (
        sa.select(sa.func.min(pipelines.c.after_change))
        .where(
            pipelines.c.athlete_id == athlete_id,
            pipelines.c.state != PipelineState.DELETED,
        )
        .scalar_subquery()
    )
    is_seen = activity_changes.c.id <= seen
    nobody_reads = ~sa.exists().where(
        pipelines.c.athlete_id == athlete_id,
        pipelines.c.state != PipelineState.DELETED,
    )
    db.execute(
        sa.delete(activity_changes).where(
            activity_changes.c.athlete_id == athlete_id,
            sa.or_(is_seen, nobody_reads),
        )
    )


def store_deleted(
    db: Db,
    rows: Iterable[Any],
    now: str,
) -> None:
    """Write that activities are gone whose rows, with ``id`` and ``athlete_id``, are deleted."""
    by_athlete: dict[str, Changes] = {}
    for row in rows:
        changes = by_athlete.setdefault(row.athlete_id, Changes(row.athlete_id))
        changes.note(ActivityChange.GONE, row.id)
    for changes in by_athlete.values():
        changes.store(db, now)
