"""Finds the legs of a multisport event, which has no activity of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import sqlalchemy as sa

from fitglue_registry.store.tables import activities

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy.engine import Connection as Db


class _Document(msgspec.Struct):
    """The only key of a document that is needed here."""

    parent: str | None = None


def shared_event(db: Db, activity_ids: Iterable[str]) -> str | None:
    """Return the identifier of the event of which all these activities are legs.

    The result is ``None`` if one of them is no leg, or if they are legs of several events.
    """
    query = sa.select(activities.c.document).where(activities.c.id.in_(list(activity_ids)))
    events = {_event_in(document) for document in db.scalars(query)}
    if len(events) != 1:
        return None
    return events.pop()


def legs_of(
    db: Db,
    athlete_id: str,
    event: str,
) -> list[str]:
    """Return the ids of the activities that are legs of an event, in order of time.

    Legs that are gone are left out, unless all of them are gone.

    Args:
        db: A transaction.
        athlete_id: The athlete.
        event: The identifier that the legs share.
    """
    # The documents are searched as texts, because few of them are decoded then.
    written = msgspec.json.encode({"parent": event}).decode()[1:-1]
    query = (
        sa.select(activities.c.id, activities.c.document, activities.c.gone_at)
        .where(
            activities.c.athlete_id == athlete_id,
            activities.c.document.contains(written, autoescape=True),
        )
        .order_by(activities.c.sort_start, activities.c.number)
    )
    legs = [row for row in db.execute(query) if _event_in(row.document) == event]
    live = [leg for leg in legs if leg.gone_at is None]
    return [leg.id for leg in live or legs]


def _event_in(document: str) -> str | None:
    return msgspec.json.decode(document, type=_Document).parent
