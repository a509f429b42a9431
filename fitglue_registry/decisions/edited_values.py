"""The tables of values that the athlete edited, or whose source they chose.

They are remembered by natural keys: an edit stays with the source activities that it was made for.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec
import sqlalchemy as sa

from fitglue_registry.store.natural_keys import ids_of_keys, key_of
from fitglue_registry.store.source_activity_rows import load_rows
from fitglue_registry.store.statements import chunks, insert_one, insert_row
from fitglue_registry.store.tables import choice_keys, choices

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy.engine import Connection as Db

    from fitglue_registry.decisions.transaction import DecisionTransaction
    from fitglue_registry.dedupe import Choice
    from fitglue_registry.store.source_activity_rows import SourceActivityRow


@dataclass(frozen=True, slots=True)
class EditedValue:
    """An edit as it is stored: a value for a field, or the account that gives it.

    ``keys`` are the natural keys of the members when it was made; the first is the member that the
    activity was made for.
    """

    id: int
    field: str
    value: Any
    giver: str | None
    keys: tuple[str, ...]


def put_edit(
    transaction: DecisionTransaction,
    edit: Choice,
    members: Sequence[SourceActivityRow],
) -> None:
    """Remember an edit of the activity of these source activities."""
    edit_id = insert_one(
        transaction.db,
        choices,
        athlete_id=transaction.athlete_id,
        field=edit.field,
        value=msgspec.json.encode(edit.value).decode(),
        giver=edit.giver,
        said_at=transaction.now,
    )
    for position, row in enumerate(members):
        insert_row(
            transaction.db,
            choice_keys,
            choice_id=edit_id,
            position=position,
            identity=key_of(row),
            athlete_id=transaction.athlete_id,
        )


def drop_edits(db: Db, ids: Iterable[int]) -> None:
    """Forget these edits."""
    for batch in chunks(ids):
        db.execute(sa.delete(choice_keys).where(choice_keys.c.choice_id.in_(batch)))
        db.execute(sa.delete(choices).where(choices.c.id.in_(batch)))


def edits_of_groups(
    db: Db,
    athlete_id: str,
    groups: Sequence[Sequence[SourceActivityRow]],
) -> list[list[EditedValue]]:
    """The edits of each group, oldest first.

    An edit belongs to the group that has the first of its keys that is in the store.
    """
    edits_by_group: list[list[EditedValue]] = [[] for _ in groups]
    if not _has_edits(db, athlete_id):
        return edits_by_group
    group_of_key: dict[str, int] = {}
    for position, group in enumerate(groups):
        for row in group:
            group_of_key[key_of(row)] = position

    edits = _edits_naming(db, athlete_id, group_of_key)
    named: set[str] = set()
    for edit in edits:
        named.update(edit.keys)
    stored = ids_of_keys(db, athlete_id, named)
    for edit in edits:
        first = next((key for key in edit.keys if key in stored), None)
        if first in group_of_key:
            edits_by_group[group_of_key[first]].append(edit)
    return edits_by_group


def ids_with_edits(
    db: Db,
    athlete_id: str,
    ids: Sequence[int],
) -> set[int]:
    """Those of these source activities that an edit may hold for."""
    if not _has_edits(db, athlete_id):
        return set()
    id_of_key: dict[str, int] = {}
    for row in load_rows(db, ids, with_claims=False).values():
        id_of_key[key_of(row)] = row.id

    edited = set()
    for edit in _edits_naming(db, athlete_id, id_of_key):
        for key in edit.keys:
            if key in id_of_key:
                edited.add(id_of_key[key])
    return edited


def _has_edits(db: Db, athlete_id: str) -> bool:
    query = sa.select(choices.c.id).where(choices.c.athlete_id == athlete_id).limit(1)
    return db.scalar(query) is not None


def _edits_naming(
    db: Db,
    athlete_id: str,
    keys: Iterable[str],
) -> list[EditedValue]:
    """The edits that have any of these natural keys, oldest first."""
    ids: set[int] = set()
    for batch in chunks(sorted(keys)):
        query = sa.select(choice_keys.c.choice_id).where(
            choice_keys.c.athlete_id == athlete_id, choice_keys.c.identity.in_(batch)
        )
        ids.update(db.scalars(query))
    edits: list[EditedValue] = []
    for batch in chunks(sorted(ids)):
        edits += _load_edits(db, batch)
    return edits


def _load_edits(db: Db, ids: Sequence[int]) -> list[EditedValue]:
    keys: dict[int, list[str]] = defaultdict(list)
    key_query = sa.select(choice_keys).where(choice_keys.c.choice_id.in_(ids))
    for row in db.execute(key_query.order_by(choice_keys.c.position)):
        keys[row.choice_id].append(row.identity)

    edits = []
    for row in db.execute(sa.select(choices).where(choices.c.id.in_(ids)).order_by(choices.c.id)):
        value = msgspec.json.decode(row.value)
        edits.append(EditedValue(row.id, row.field, value, row.giver, tuple(keys[row.id])))
    return edits
