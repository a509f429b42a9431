"""What the athlete chose for single fields, remembered by natural keys: it stays with the source
activities that it was made for.
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

    from fitglue_registry.store.source_activity_rows import SourceActivityRow


@dataclass(frozen=True, slots=True)
class Chosen:
    """A choice as it is stored; ``keys`` are of the members of then, the one that the activity was
    made for first.
    """

    id: int
    field: str
    value: Any
    giver: str | None
    keys: tuple[str, ...]


def put_choice(
    db: Db,
    athlete_id: str,
    field: str,
    value: Any,
    giver: str | None,
    members: Sequence[SourceActivityRow],
    now: str,
) -> None:
    """Remember a value for a field of the activity of these source activities, or which account
    shall give it.
    """
    number = insert_one(
        db,
        choices,
        athlete_id=athlete_id,
        field=field,
        value=msgspec.json.encode(value).decode(),
        giver=giver,
        said_at=now,
    )
    for position, key in enumerate(map(key_of, members)):
        insert_row(
            db,
            choice_keys,
            choice_id=number,
            position=position,
            identity=key,
            athlete_id=athlete_id,
        )


def drop_choices(db: Db, ids: Iterable[int]) -> None:
    """Forget these choices."""
    for some in chunks(ids):
        db.execute(sa.delete(choice_keys).where(choice_keys.c.choice_id.in_(some)))
        db.execute(sa.delete(choices).where(choices.c.id.in_(some)))


def of_groups(
    db: Db, athlete_id: str, groups: Sequence[Sequence[SourceActivityRow]]
) -> list[list[Chosen]]:
    """The choices of each group, oldest first: a choice belongs to whoever has the first of its
    keys that is in the store.
    """
    found: list[list[Chosen]] = [[] for _ in groups]
    place_of = (
        {key_of(row): place for place, group in enumerate(groups) for row in group}
        if _any(db, athlete_id)
        else {}
    )
    made = _about(db, athlete_id, place_of)
    there = ids_of_keys(db, athlete_id, {key for one in made for key in one.keys})
    for one in made:
        first = next((key for key in one.keys if key in there), None)
        if first in place_of:
            found[place_of[first]].append(one)
    return found


def chosen_for(db: Db, athlete_id: str, ids: Sequence[int]) -> set[int]:
    """Those of these source activities that a choice may hold for."""
    if not _any(db, athlete_id):
        return set()
    keys = {key_of(row): row.id for row in load_rows(db, ids, claims_too=False).values()}
    return {keys[key] for one in _about(db, athlete_id, keys) for key in one.keys if key in keys}


def _any(db: Db, athlete_id: str) -> bool:
    return (
        db.scalar(sa.select(choices.c.id).where(choices.c.athlete_id == athlete_id).limit(1))
        is not None
    )


def _about(db: Db, athlete_id: str, keys: Iterable[str]) -> list[Chosen]:
    ids: set[int] = set()
    for some in chunks(sorted(keys)):
        ids.update(
            db.scalars(
                sa.select(choice_keys.c.choice_id).where(
                    choice_keys.c.athlete_id == athlete_id, choice_keys.c.identity.in_(some)
                )
            )
        )
    made: list[Chosen] = []
    for some in chunks(sorted(ids)):
        named: dict[int, list[str]] = defaultdict(list)
        for row in db.execute(
            sa.select(choice_keys)
            .where(choice_keys.c.choice_id.in_(some))
            .order_by(choice_keys.c.position)
        ):
            named[row.choice_id].append(row.identity)
        made += [
            Chosen(
                row.id, row.field, msgspec.json.decode(row.value), row.giver, tuple(named[row.id])
            )
            for row in db.execute(
                sa.select(choices).where(choices.c.id.in_(some)).order_by(choices.c.id)
            )
        ]
    return made
