"""Lists the records whose deletion is held and that belong to no activity, such as stubs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from fitglue_registry.model.stored import RecordState
from fitglue_registry.store.joins import RECORDS
from fitglue_registry.store.record_starts import START_COLUMNS, shown_start
from fitglue_registry.store.tables import connections, records, source_activities

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection as Db


def list_held_without_activity(db: Db, athlete_id: str) -> list[dict[str, Any]]:
    """Return the held records of an athlete that no list of activities contains.

    Returns:
        Mappings with ``connection``, ``external_id``, ``start_local`` and ``start_utc``.
    """
    in_activities = (
        sa.select(sa.literal(1))
        .where(
            source_activities.c.record_id == records.c.id,
            source_activities.c.activity_id.is_not(None),
        )
        .exists()
    )
    query = (
        sa.select(connections.c.name, records, *START_COLUMNS)
        .select_from(RECORDS)
        .where(
            connections.c.athlete_id == athlete_id,
            records.c.state == RecordState.HELD,
            ~in_activities,
        )
        .order_by(connections.c.name, records.c.start_local.desc(), records.c.external_id)
    )
    return [
        {
            "connection": row.name,
            "external_id": row.external_id,
            **shown_start(row),
        }
        for row in db.execute(query)
    ]
