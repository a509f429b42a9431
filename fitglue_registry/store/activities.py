"""Writes the activities, whose values were merged from source activities."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec
import sqlalchemy as sa

from fitglue_registry.model import encode, is_cropped
from fitglue_registry.model.stored import OTHER_FIELDS
from fitglue_registry.store.document_columns import DOCUMENT_COLUMNS
from fitglue_registry.store.encoding import column_values, sort_start
from fitglue_registry.store.rows import insert_row, update_one
from fitglue_registry.store.statements import IDS, Statement
from fitglue_registry.store.tables import activities, athletes, source_activities

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sqlalchemy.engine import Connection as Db

    from fitglue_registry.model import SourceActivity
    from fitglue_registry.store.encoding import EncodedActivity
    from fitglue_registry.store.source_activity_rows import SourceActivityRow

_MEMBERS = source_activities.alias("members")
_ONLY_MEMBER_OF = Statement(
    sa.select(source_activities.c.activity_id).where(
        source_activities.c.id == sa.bindparam("source_activity"),
        source_activities.c.activity_id.is_not(None),
        ~sa.exists().where(
            _MEMBERS.c.activity_id == source_activities.c.activity_id,
            _MEMBERS.c.id != source_activities.c.id,
        ),
    )
)
# Without a difference, the row is not written, and ``updated_at`` stays. The parameters have names
# of their own, because "document" and "origins" are those of the columns to set.
_DIFFERS = sa.or_(
    activities.c.document != sa.bindparam("new_document", type_=activities.c.document.type),
    activities.c.origins != sa.bindparam("new_origins", type_=activities.c.origins.type),
)
_REWRITE = Statement(
    sa.update(activities).where(activities.c.id == sa.bindparam("activity"), _DIFFERS),
    ("document", "origins", "updated_at", "sort_start", *DOCUMENT_COLUMNS),
)
_ACTIVITIES = Statement(
    sa.select(
        activities.c.id,
        activities.c.athlete_id,
        activities.c.number,
        activities.c.document,
        activities.c.origins,
        activities.c.gone_at,
    ).where(activities.c.id.in_(IDS))
)
_DELETE_EMPTY = Statement(
    sa.delete(activities).where(
        activities.c.id.in_(IDS),
        ~sa.exists().where(source_activities.c.activity_id == activities.c.id),
    )
)
# One statement reads and increments the counter, so two transactions cannot get the same number.
_NEXT_NUMBER = Statement(
    sa.update(athletes)
    .where(athletes.c.id == sa.bindparam("athlete"))
    .values(next_number=athletes.c.next_number + 1)
    .returning(athletes.c.next_number)
)


@dataclass(frozen=True, slots=True)
class Merged:
    """A group of source activities that are one workout, with the values merged from them."""

    members: tuple[SourceActivityRow, ...]
    activity: SourceActivity | None  # None: all members are stubs, and stubs make no activity
    origins: dict[str, int]  # field → id of the source activity; "" is for all other fields
    gone: bool  # the records of all members are tombstones


def rewrite_from_only_member(
    db: Db,
    source_activity_id: int,
    encoded: EncodedActivity,
    now: str,
) -> bool:
    """Copy the values of a source activity to its activity, if it is the only member.

    Most activities have one member, and copying the encoded values is much faster than a merge.

    Returns:
        False if the activity has other members, if there is no activity, for a stub, or for a
        cropped source activity, which has the values of the whole recording; nothing is written
        then.
    """
    if encoded.activity.stub or is_cropped(encoded.activity):
        return False
    activity_id = _ONLY_MEMBER_OF.scalar(db, source_activity=source_activity_id)
    if activity_id is None:
        return False

    origins = _origins_text({OTHER_FIELDS: source_activity_id})
    _REWRITE.run(
        db,
        activity=activity_id,
        new_document=encoded.document,
        new_origins=origins,
        document=encoded.document,
        origins=origins,
        updated_at=now,
        sort_start=sort_start(encoded.columns),
        **encoded.columns,
    )
    return True


def existing_activities(db: Db, ids: Iterable[str]) -> dict[str | None, Any]:
    """Return those of these activities that exist, by their ids."""
    return {row.id: row for row in _ACTIVITIES.each_row(db, sorted(ids))}


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
    """Write the merged values of an activity, unless it has them already.

    Args:
        db: A transaction that may write.
        activity_id: The activity.
        group: Its members and values.
        before: Its row as read by ``existing_activities``, or ``None`` to write in any case.
        now: The moment that is stored as ``updated_at``.
    """
    values = _values(group, before, now)
    if before is not None:
        unchanged = (before.document, before.origins, before.gone_at is not None)
        if unchanged == (values["document"], values["origins"], group.gone):
            return
    update_one(db, activities, activity_id, **values)


def _values(
    group: Merged,
    before: Any,
    now: str,
) -> dict[str, Any]:
    assert group.activity is not None
    columns = column_values(group.activity)
    return {
        "document": encode(group.activity).decode(),
        "origins": _origins_text(group.origins),
        "updated_at": now,
        "gone_at": _gone_at(group, before, now),
        "sort_start": sort_start(columns),
        **columns,
    }


def _gone_at(
    group: Merged,
    before: Any,
    now: str,
) -> str | None:
    if not group.gone:
        return None
    # Another change of an activity that is gone does not move the moment.
    if before is not None and before.gone_at:
        return str(before.gone_at)
    return now


def _origins_text(origins: Mapping[str, int]) -> str:
    # Sorted, because the text is compared with the stored one.
    return msgspec.json.encode(origins, order="sorted").decode()


def drop_empty(db: Db, ids: Iterable[Any]) -> None:
    """Delete the activities among these that no longer have a source activity."""
    _DELETE_EMPTY.run_each(db, sorted(ids))
