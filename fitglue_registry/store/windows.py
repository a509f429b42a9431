"""The windows of a walk that are still to be listed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import sqlalchemy as sa

from fitglue_registry.plugin_api import Window
from fitglue_registry.store.tables import (
    windows,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.engine import Connection as Db


@dataclass(frozen=True, slots=True)
class PlannedWindow:
    """One window of a walk that is still to be listed."""

    id: int
    walk_at: str
    window: Window


def plan_windows(db: Db, connection_id: str, walk_at: str, planned: Sequence[Window]) -> None:
    """Remember the windows of a walk, so that a walk that is killed goes on where it stopped; an
    older plan is dropped.
    """
    db.execute(sa.delete(windows).where(windows.c.connection_id == connection_id))
    rows = [
        {
            "connection_id": connection_id,
            "walk_at": walk_at,
            "position": position,
            "oldest": _text(window.oldest),
            "newest": _text(window.newest),
        }
        for position, window in enumerate(planned)
    ]
    if rows:
        db.execute(sa.insert(windows), rows)


def planned_windows(db: Db, connection_id: str) -> list[PlannedWindow]:
    """What is left of a walk, newest first."""
    rows = db.execute(
        sa.select(windows)
        .where(windows.c.connection_id == connection_id)
        .order_by(windows.c.position)
    )
    return [
        PlannedWindow(row.id, row.walk_at, Window(_day(row.oldest), _day(row.newest)))
        for row in rows
    ]


def window_done(db: Db, planned: PlannedWindow) -> None:
    """Strike a window off the plan."""
    db.execute(sa.delete(windows).where(windows.c.id == planned.id))


def _text(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
