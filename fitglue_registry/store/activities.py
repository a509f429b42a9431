"""Writes the activities that were merged from source activities."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec
import sqlalchemy as sa

from fitglue_registry import model
from fitglue_registry.store.encoding import figures_of
from fitglue_registry.store.statements import IDS, Statement, chunks, insert_row, update_one
from fitglue_registry.store.tables import (
    FIGURES,
    activities,
    athletes,
    source_activities,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy.engine import Connection as Db

    from fitglue_registry.store.encoding import EncodedActivity
    from fitglue_registry.store.source_activity_rows import SourceActivityRow


_MEMBERS = source_activities.alias("members")

_LONE = Statement(
    sa.select(source_activities.c.activity_id).where(
        source_activities.c.id == sa.bindparam("number"),
        source_activities.c.activity_id.is_not(None),
        ~sa.exists().where(
            _MEMBERS.c.activity_id == source_activities.c.activity_id,
            _MEMBERS.c.id != source_activities.c.id,
        ),
    )
)

_REWRITE = Statement(
    sa.update(activities).where(
        activities.c.id == sa.bindparam("activity"),
        sa.or_(
            activities.c.document != sa.bindparam("said", type_=activities.c.document.type),
            activities.c.origins != sa.bindparam("said_by", type_=activities.c.origins.type),
        ),
    ),
    ("document", "origins", "updated_at", *FIGURES),
)

_ACTIVITIES = sa.select(
    *(
        activities.c[name]
        for name in ("id", "athlete_id", "number", "document", "origins", "gone_at")
    )
).where(activities.c.id.in_(IDS))

_NEXT_NUMBER = Statement(
    sa.update(athletes)
    .where(athletes.c.id == sa.bindparam("athlete"))
    .values(next_number=athletes.c.next_number + 1)
    .returning(athletes.c.next_number)
)


@dataclass(frozen=True, slots=True)
class Merged:
    """An activity as it shall be: its members, and the values that were merged from them (``None``:
    only stubs, no activity).
    """

    members: tuple[SourceActivityRow, ...]
    activity: model.SourceActivity | None
    origins: dict[str, int]
    gone: bool


def rewrite_lone(db: Db, number: int, prepared: EncodedActivity, now: str) -> bool:
    """Let an activity say what its only source activity says; False where there are others to be
    merged with, or none to say it to.
    """
    activity_id = None if prepared.activity.stub else _LONE.scalar(db, number=number)
    if activity_id is None:
        return False
    origins = _origins({"": number})
    _REWRITE.run(
        db,
        activity=activity_id,
        said=prepared.document,
        said_by=origins,
        document=prepared.document,
        origins=origins,
        updated_at=now,
        **prepared.figures,
    )
    return True


def existing_activities(db: Db, ids: set[str]) -> dict[str | None, Any]:
    """Those of these activities that are in the store, by their id."""
    return {
        row.id: row
        for some in chunks(sorted(ids))
        for row in db.execute(_ACTIVITIES, {"ids": some})
    }


def make_activity(db: Db, athlete_id: str, group: Merged, now: str) -> str:
    """Store a new activity under the next number of the athlete, and return its id."""
    number = _NEXT_NUMBER.scalar(db, athlete=athlete_id) - 1
    activity_id = str(uuid.uuid4())
    insert_row(
        db,
        activities,
        id=activity_id,
        athlete_id=athlete_id,
        number=number,
        created_at=now,
        **_values(group, None, now),
    )
    return activity_id


def write_activity(db: Db, activity_id: str, group: Merged, before: Any, now: str) -> None:
    """Write an activity anew, unless it already is what it shall be."""
    values = _values(group, before, now)
    if before is None or (before.document, before.origins, before.gone_at is not None) != (
        values["document"],
        values["origins"],
        group.gone,
    ):
        update_one(db, activities, activity_id, **values)


def _values(group: Merged, before: Any, now: str) -> dict[str, Any]:
    assert group.activity is not None
    gone_at = (
        (before.gone_at if before is not None and before.gone_at else now) if group.gone else None
    )
    return {
        "document": model.encode(group.activity).decode(),
        "origins": _origins(group.origins),
        "updated_at": now,
        "gone_at": gone_at,
        **figures_of(group.activity),
    }


def _origins(origins: dict[str, int]) -> str:
    return msgspec.json.encode(origins, order="sorted").decode()


def drop_empty(db: Db, ids: Iterable[Any]) -> None:
    """Activities that no source activity belongs to any more."""
    for some in chunks(sorted(ids)):
        db.execute(
            sa.delete(activities).where(
                activities.c.id.in_(some),
                ~sa.exists().where(source_activities.c.activity_id == activities.c.id),
            )
        )


def drop_orphans(db: Db, ids: Iterable[str]) -> None:
    """Remove those of these activities that have no source activity left (a connection was
    removed).
    """
    drop_empty(db, set(ids))
