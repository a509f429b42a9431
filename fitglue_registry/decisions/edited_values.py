"""Stores the values that the athlete edited, and the fields whose source the athlete chose.

An edit is stored by the natural keys of the source activities for which it was made (the tables
``fg_choices`` and ``fg_choice_keys``). It therefore survives when activities merge or split, and
when a connection is removed and added again.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec
import sqlalchemy as sa

from fitglue_registry.store.natural_keys import ids_of_keys, key_of
from fitglue_registry.store.rows import insert_one, insert_row
from fitglue_registry.store.source_activity_rows import load_rows
from fitglue_registry.store.statements import Statement, chunks
from fitglue_registry.store.tables import choice_keys, choices

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy.engine import Connection as Db

    from fitglue_registry.decisions.transaction import DecisionTransaction
    from fitglue_registry.dedupe import Choice
    from fitglue_registry.store.source_activity_rows import SourceActivityRow

_ANY = Statement(
    sa.select(choices.c.id).where(choices.c.athlete_id == sa.bindparam("athlete")).limit(1)
)


@dataclass(frozen=True, slots=True)
class EditedValue:
    """A stored edit: a value for a field, or the account that supplies the value.

    Attributes:
        id: The id of the edit.
        field: The name of the field.
        value: The value, if there is no ``account``; ``None`` clears the field.
        account: The account from which the value comes (the column ``giver``).
        keys: The natural keys that the members of the activity had when the edit was made. The
            first one is that of the member for which the activity was created.
    """

    id: int
    field: str
    value: Any
    account: str | None
    keys: tuple[str, ...]


def put_edit(
    transaction: DecisionTransaction,
    edit: Choice,
    members: Sequence[SourceActivityRow],
) -> None:
    """Store an edit of the activity that has these members."""
    edit_id = insert_one(
        transaction.db,
        choices,
        athlete_id=transaction.athlete_id,
        field=edit.field,
        # JSON, so that one column holds texts, numbers and Boolean values.
        value=msgspec.json.encode(edit.value).decode(),
        giver=edit.account,
        said_at=transaction.now,
    )
    # The position matters: the first key that is in the store decides to which group it belongs.
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
    """Delete these edits."""
    for batch in chunks(ids):
        # The keys first, because they refer to the edits.
        db.execute(sa.delete(choice_keys).where(choice_keys.c.choice_id.in_(batch)))
        db.execute(sa.delete(choices).where(choices.c.id.in_(batch)))


def edits_of_groups(
    db: Db,
    athlete_id: str,
    groups: Sequence[Sequence[SourceActivityRow]],
) -> list[list[EditedValue]]:
    """Return the edits of each group, oldest first.

    An edit belongs to the group that has the first of its keys, among those that are in the store.
    If the connection of its first member was removed, the edit therefore stays with the next one.
    """
    edits_by_group: list[list[EditedValue]] = [[] for _ in groups]
    # Most athletes have edited nothing, and then one query suffices.
    if not _has_edits(db, athlete_id):
        return edits_by_group
    group_of_key: dict[str, int] = {}
    for position, group in enumerate(groups):
        for row in group:
            group_of_key[key_of(row)] = position

    edits = _edits_naming(db, athlete_id, group_of_key)
    keys: set[str] = set()
    for edit in edits:
        keys.update(edit.keys)
    stored = ids_of_keys(db, athlete_id, keys)
    for edit in edits:
        # That source activity may be in another group, or in none of these.
        first = next((key for key in edit.keys if key in stored), None)
        if first in group_of_key:
            edits_by_group[group_of_key[first]].append(edit)
    return edits_by_group


def ids_with_edits(
    db: Db,
    athlete_id: str,
    ids: Sequence[int],
) -> set[int]:
    """Return those of these source activities that an edit names.

    The edit may hold for another group, so the result can contain too many, but never too few.
    """
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
    return _ANY.first(db, athlete=athlete_id) is not None


def _edits_naming(
    db: Db,
    athlete_id: str,
    keys: Iterable[str],
) -> list[EditedValue]:
    """Return the edits that have any of these natural keys, oldest first."""
    ids: set[int] = set()
    for batch in chunks(sorted(keys)):
        query = sa.select(choice_keys.c.choice_id).where(
            choice_keys.c.athlete_id == athlete_id, choice_keys.c.identity.in_(batch)
        )
        ids.update(db.scalars(query))
    edits: list[EditedValue] = []
    # Ids rise with time, so batches in the order of ids give the oldest edits first.
    for batch in chunks(sorted(ids)):
        edits += _load_edits(db, batch)
    return edits


def _load_edits(db: Db, ids: Sequence[int]) -> list[EditedValue]:
    """Return the edits with these ids, oldest first."""
    keys: dict[int, list[str]] = defaultdict(list)
    key_query = sa.select(choice_keys).where(choice_keys.c.choice_id.in_(ids))
    for row in db.execute(key_query.order_by(choice_keys.c.position)):
        keys[row.choice_id].append(row.identity)

    edits = []
    for row in db.execute(sa.select(choices).where(choices.c.id.in_(ids)).order_by(choices.c.id)):
        value = msgspec.json.decode(row.value)
        edits.append(EditedValue(row.id, row.field, value, row.giver, tuple(keys[row.id])))
    return edits
