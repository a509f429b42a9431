"""Stores the windows of a full walk that are still to be listed, so that a killed walk resumes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from fitglue_registry.plugin_api import Window
from fitglue_registry.store.days import day_of, day_text
from fitglue_registry.store.tables import windows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.engine import Connection as Db


@dataclass(frozen=True, slots=True)
class PlannedWindow:
    """One window of a full walk that is still to be listed."""

    id: int
    walk_at: str  # when the walk began
    window: Window


def plan_windows(
    db: Db,
    connection_id: str,
    walk_at: str,
    planned: Sequence[Window],
) -> None:
    """Store the windows of a full walk in place of an older plan.

    Args:
        db: A transaction that may write.
        connection_id: The connection.
        walk_at: The moment when the walk began.
        planned: The windows, in the order in which to list them.
    """
    db.execute(sa.delete(windows).where(windows.c.connection_id == connection_id))
    rows = []
    for position, window in enumerate(planned):
        row = {
            "connection_id": connection_id,
            "walk_at": walk_at,
            "position": position,
            "oldest": day_text(window.oldest),
            "newest": day_text(window.newest),
        }
        rows.append(row)
    if rows:
        db.execute(sa.insert(windows), rows)


def planned_windows(db: Db, connection_id: str) -> list[PlannedWindow]:
    """Return the windows that are left of a full walk, newest first."""
    query = (
        sa.select(windows)
        .where(windows.c.connection_id == connection_id)
        .order_by(windows.c.position)
    )
    planned = []
    for row in db.execute(query):
        window = Window(day_of(row.oldest), day_of(row.newest))
        planned.append(PlannedWindow(row.id, row.walk_at, window))
    return planned


def remove_planned_window(db: Db, planned: PlannedWindow) -> None:
    """Remove a window from the plan, in the transaction that stores what it listed.

    A walk that is killed before the commit lists the window again, and skips none.
    """
    db.execute(sa.delete(windows).where(windows.c.id == planned.id))
