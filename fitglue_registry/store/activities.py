"""Writes the activities, whose values were merged from source activities."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec
import sqlalchemy as sa

from fitglue_registry.model import encode, is_cropped
from fitglue_registry.model.stored import OTHER_FIELDS, ActivityChange
from fitglue_registry.store.activity_changes import Changes, has_pipeline, store_deleted
from fitglue_registry.store.document_columns import DOCUMENT_COLUMNS
from fitglue_registry.store.encoding import column_values, sort_start
from fitglue_registry.store.rows import insert_many, update_many
from fitglue_registry.store.statements import IDS, Statement
from fitglue_registry.store.tables import activities, athletes, source_activities

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy.engine import Connection as Db

    from fitglue_registry.model import SourceActivity
    from fitglue_registry.store.encoding import EncodedActivity
    from fitglue_registry.store.source_activity_rows import SourceActivityRow

_MEMBERS = source_activities.alias("members")
_ONLY_MEMBERS = Statement(
    sa.select(source_activities.c.id, source_activities.c.activity_id).where(
        source_activities.c.id.in_(IDS),
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
_EMPTY = Statement(
    sa.select(activities.c.id, activities.c.athlete_id).where(
        activities.c.id.in_(IDS),
        ~sa.exists().where(source_activities.c.activity_id == activities.c.id),
    )
)
_DELETE = Statement(sa.delete(activities).where(activities.c.id.in_(IDS)))
# One statement reads and increments the counter, so two transactions cannot get the same number.
_TAKE_NUMBERS = Statement(
    sa.update(athletes)
    .where(athletes.c.id == sa.bindparam("athlete"))
    .values(next_number=athletes.c.next_number + sa.bindparam("count", type_=sa.Integer))
    .returning(athletes.c.next_number)
)


@dataclass(frozen=True, slots=True)
class Merged:
    """A group of source activities that are one workout, with the values merged from them."""

    members: tuple[SourceActivityRow, ...]
    activity: SourceActivity | None  # None: all members are stubs, and stubs make no activity
    origins: dict[str, int]  # field → id of the source activity; "" is for all other fields
    gone: bool  # the records of all members are tombstones


def rewrite_from_only_members(
    db: Db,
    athlete_id: str,
    changed: Mapping[int, EncodedActivity],
    now: str,
) -> set[int]:
    """Copy the values of source activities to their activities, where they are the only member.

    Most activities have one member, and copying the encoded values is much faster than a merge.

    Args:
        db: A transaction that may write.
        athlete_id: The athlete to whom they belong.
        changed: Source activity id → its values.
        now: The moment that is stored.

    Returns:
        The ids of those whose values were not copied: their activity has other members, or there
        is no activity; or it is a stub, or a cropped source activity, which has the values of the
        whole recording.
    """
    copied = {}
    for source_activity_id, encoded in changed.items():
        if not (encoded.activity.stub or is_cropped(encoded.activity)):
            copied[source_activity_id] = encoded
    rows = []
    left = set(changed)
    for source_activity_id, activity_id in _ONLY_MEMBERS.each_row(db, copied):
        left.discard(source_activity_id)
        encoded = copied[source_activity_id]
        origins = _origins_text({OTHER_FIELDS: source_activity_id})
        row = {
            "activity": activity_id,
            "new_document": encoded.document,
            "new_origins": origins,
            "document": encoded.document,
            "origins": origins,
            "updated_at": now,
            "sort_start": sort_start(encoded.columns),
            **encoded.columns,
        }
        rows.append(row)
    if has_pipeline(db, athlete_id):
        _store_rewritten(db, athlete_id, rows, now)
    _REWRITE.run_many(db, rows)
    return left


def _store_rewritten(
    db: Db,
    athlete_id: str,
    rows: Sequence[Mapping[str, Any]],
    now: str,
) -> None:
    """Write which of these activities will be changed by ``_REWRITE``."""
    before = existing_activities(db, [row["activity"] for row in rows])
    changes = Changes(athlete_id)
    for row in rows:
        known = before[row["activity"]]
        if (known.document, known.origins) != (row["document"], row["origins"]):
            changes.note(ActivityChange.CHANGED, row["activity"])
    changes.store(db, now)


def existing_activities(db: Db, ids: Iterable[str]) -> dict[str | None, Any]:
    """Return those of these activities that exist, by their ids."""
    return {row.id: row for row in _ACTIVITIES.each_row(db, sorted(ids))}


def make_activities(
    db: Db,
    athlete_id: str,
    groups: Sequence[Merged],
    now: str,
) -> list[str]:
    """Store new activities under the next numbers of the athlete, and return their ids in order."""
    if not groups:
        return []
    count = len(groups)
    first = _TAKE_NUMBERS.scalar(db, athlete=athlete_id, count=count) - count
    rows = []
    for number, group in enumerate(groups, start=first):
        row = {
            "id": str(uuid.uuid4()),
            "athlete_id": athlete_id,
            "number": number,
            "created_at": now,
            **_values(group, None, now),
        }
        rows.append(row)
    insert_many(db, activities, rows)
    return [row["id"] for row in rows]


def write_activities(db: Db, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write activities that exist; the rows are those that ``changed_row`` returned."""
    update_many(db, activities, rows)


def changed_row(
    activity_id: str,
    group: Merged,
    before: Any,
    now: str,
) -> dict[str, Any] | None:
    """Return the id and the new columns of an activity, or ``None`` if it has these values.

    Args:
        activity_id: The activity.
        group: Its members and values.
        before: Its row as read by ``existing_activities``, or ``None`` to write in any case.
        now: The moment that is stored as ``updated_at``.
    """
    values = _values(group, before, now)
    if before is not None:
        unchanged = (before.document, before.origins, before.gone_at is not None)
        if unchanged == (values["document"], values["origins"], group.gone):
            return None
    return {"id": activity_id, **values}


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


def drop_empty(
    db: Db,
    ids: Iterable[Any],
    now: str,
) -> None:
    """Delete the activities among these that no longer have a source activity."""
    empty = list(_EMPTY.each_row(db, sorted(ids)))
    if empty:
        store_deleted(db, empty, now)
        _DELETE.run_each(db, [row.id for row in empty])
