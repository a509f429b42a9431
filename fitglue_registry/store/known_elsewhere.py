"""Counts the new records of a run whose activity another connection has as well."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from fitglue_registry.model.stored import RecordState, RunDecision
from fitglue_registry.store.tables import decisions, records, source_activities

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection as Db


def count_new_and_known(db: Db, run_id: int, connection_id: str) -> int:
    """Return how many records that a run stored as new joined an activity of another connection.

    Args:
        db: A transaction.
        run_id: The run.
        connection_id: The connection of the run.
    """
    is_new = sa.select(decisions.c.record_id).where(
        decisions.c.run_id == run_id,
        decisions.c.decision == RunDecision.NEW,
    )
    other = source_activities.alias()
    elsewhere = (
        sa.select(sa.literal(1))
        .select_from(other.join(records, records.c.id == other.c.record_id))
        .where(
            other.c.activity_id == source_activities.c.activity_id,
            records.c.connection_id != connection_id,
            records.c.state != RecordState.GONE,
        )
    )
    query = sa.select(sa.func.count(source_activities.c.record_id.distinct())).where(
        source_activities.c.record_id.in_(is_new),
        elsewhere.exists(),
    )
    return db.scalar(query) or 0
