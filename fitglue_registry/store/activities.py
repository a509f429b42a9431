"""Writes the activities that were merged from source activities."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec
import sqlalchemy as sa

from fitglue_registry.model import encode
from fitglue_registry.model.stored import OTHER_FIELDS
from fitglue_registry.store.encoding import column_values
from fitglue_registry.store.statements import (
    IDS,
    Statement,
    chunks,
    each_row,
    insert_row,
    update_one,
)
from fitglue_registry.store.tables import ACTIVITY_COLUMNS, activities, athletes, source_activities

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sqlalchemy.engine import Connection as Db

    from fitglue_registry.model import SourceActivity
    from fitglue_registry.store.encoding import EncodedActivity
    from fitglue_registry.store.source_activity_rows import SourceActivityRow

_MEMBERS = source_activities.alias("members")
_ONLY_MEMBER_OF = Statement(
    sa.select(source_activities.c.activity_id).where(
        source_activities.c.id == sa.bindparam("number"),
        source_activities.c.activity_id.is_not(None),
        ~sa.exists().where(
            _MEMBERS.c.activity_id == source_activities.c.activity_id,
            _MEMBERS.c.id != source_activities.c.id,
        ),
    )
)
_DIFFERS = sa.or_(
    activities.c.document != sa.bindparam("said", type_=activities.c.document.type),
    activities.c.origins != sa.bindparam("said_by", type_=activities.c.origins.type),
)
_REWRITE = Statement(
    sa.update(activities).where(activities.c.id == sa.bindparam("activity"), _DIFFERS),
    ("document", "origins", "updated_at", *ACTIVITY_COLUMNS),
)
_ACTIVITIES = sa.select(
    activities.c.id,
    activities.c.athlete_id,
    activities.c.number,
    activities.c.document,
    activities.c.origins,
    activities.c.gone_at,
).where(activities.c.id.in_(IDS))
_DELETE_EMPTY = sa.delete(activities).where(
    activities.c.id.in_(IDS),
    ~sa.exists().where(source_activities.c.activity_id == activities.c.id),
)
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
    activity: SourceActivity | None
    origins: dict[str, int]
    gone: bool


def rewrite_from_only_member(
    db: Db,
    number: int,
    encoded: EncodedActivity,
    now: str,
) -> bool:
    """Let an activity say what its only source activity says; False where there are others to be
    merged with, or none to say it to.
    """
    if encoded.activity.stub:
        return False
    activity_id = _ONLY_MEMBER_OF.scalar(db, number=number)
    if activity_id is None:
        return False

    origins = _origins_text({OTHER_FIELDS: number})
    _REWRITE.run(
        db,
        activity=activity_id,
        said=encoded.document,
        said_by=origins,
        document=encoded.document,
        origins=origins,
        updated_at=now,
        **encoded.columns,
    )
    return True


def existing_activities(db: Db, ids: Iterable[str]) -> dict[str | None, Any]:
    """Those of these activities that are in the store, by their id."""
    return {row.id: row for row in each_row(db, _ACTIVITIES, sorted(ids))}


def make_activity(
    db: Db,
    athlete_id: str,
    group: Merged,
    now: str,
) -> str:
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


def write_activity(
    db: Db,
    activity_id: str,
    group: Merged,
    before: Any,
    now: str,
) -> None:
    """Write an activity anew, unless it already is what it shall be."""
    values = _values(group, before, now)
    if before is not None:
        is_now = (before.document, before.origins, before.gone_at is not None)
        if is_now == (values["document"], values["origins"], group.gone):
            return
    update_one(db, activities, activity_id, **values)


def _values(
    group: Merged,
    before: Any,
    now: str,
) -> dict[str, Any]:
    assert group.activity is not None
    return {
        "document": encode(group.activity).decode(),
        "origins": _origins_text(group.origins),
        "updated_at": now,
        "gone_at": _gone_at(group, before, now),
        **column_values(group.activity),
    }


def _gone_at(
    group: Merged,
    before: Any,
    now: str,
) -> str | None:
    if not group.gone:
        return None
    if before is not None and before.gone_at:
        return str(before.gone_at)
    return now


def _origins_text(origins: Mapping[str, int]) -> str:
    return msgspec.json.encode(origins, order="sorted").decode()


def drop_empty(db: Db, ids: Iterable[Any]) -> None:
    """Remove those of these activities that no source activity belongs to any more."""
    for chunk in chunks(sorted(ids)):
        db.execute(_DELETE_EMPTY, {"ids": chunk})
