"""The parts of records: which are wanted, had, known not to exist, or given up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from fitglue_registry.model.stored import FETCHABLE, PartState, RecordState
from fitglue_registry.store.records import inside
from fitglue_registry.store.statements import Statement, insert_row, update_one
from fitglue_registry.store.tables import parts, records

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy.engine import Connection as Db

    from fitglue_registry.plugin_api import Window


#: So many tries has a part that the source said once there is none of, while it is asked for a
#: second time: until it answers, that holds.
SECOND_LOOK = -1

_TRIES = Statement(
    sa.select(parts.c.tries).where(
        parts.c.record_id == sa.bindparam("record_id"),
        parts.c.part == sa.bindparam("part"),
    )
)
_PART_NAMES = Statement(
    sa.select(parts.c.part).where(parts.c.record_id == sa.bindparam("record_id"))
)
_NEWEST_FIRST = (records.c.start_local.desc().nulls_last(), records.c.id.desc())


# -- the parts of one record -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PartUpdate:
    """What a part of a record becomes; without a raw id, it keeps the one that it has."""

    state: PartState
    raw_id: int | None = None
    code: str | None = None
    reason: str | None = None
    tried: bool = False  # it was asked for in vain once more


def want_parts(
    db: Db,
    record_id: int,
    names: Iterable[str],
    *,
    fresh: bool = False,
) -> None:
    """Mark parts as wanted, whatever they were; a ``fresh`` record has none yet, here and below."""
    wanted: dict[str, Any] = {
        "state": PartState.WANTED,
        "tries": 0,
        "code": None,
        "reason": None,
    }
    for name in names:
        if fresh or not update_one(db, parts, record_id, name, **wanted):
            insert_row(
                db,
                parts,
                record_id=record_id,
                part=name,
                state=PartState.WANTED,
            )


def set_part(
    db: Db,
    record_id: int,
    part: str,
    update: PartUpdate,
    *,
    fresh: bool = False,
) -> None:
    """Write down how far the store is with a part."""
    values: dict[str, Any] = {
        "state": update.state,
        "code": update.code,
        "reason": update.reason,
    }
    if update.raw_id is not None:
        values["raw_id"] = update.raw_id
    if update.tried:
        values["tries"] = abs(part_tries(db, record_id, part)) + 1
    if fresh or not update_one(db, parts, record_id, part, **values):
        insert_row(
            db,
            parts,
            record_id=record_id,
            part=part,
            **values,
        )


def part_tries(
    db: Db,
    record_id: int,
    part: str,
) -> int:
    """How often a part was asked for in vain."""
    return (
        _TRIES.scalar(
            db,
            record_id=record_id,
            part=part,
        )
        or 0
    )


def part_names(db: Db, record_id: int) -> list[str]:
    """The parts that a record was ever asked for."""
    return _PART_NAMES.scalars(db, record_id=record_id)


def restore_second_look(
    db: Db,
    record_id: int,
    part: str,
) -> bool:
    """Let a part that a walk had asked for a second time be what it was, for the next walk to ask
    again; False where it is another.
    """
    if part_tries(db, record_id, part) != SECOND_LOOK:
        return False
    return update_one(
        db,
        parts,
        record_id,
        part,
        state=PartState.NONE,
        tries=1,
    )


# -- the parts of a connection ---------------------------------------------------------------------


def want_where_unknown(
    db: Db,
    connection_id: str,
    part: str,
    window: Window,
) -> int:
    """Mark a part as wanted at every listed record that has never been asked for it, and return
    their number.
    """
    if not lacks_part(db, connection_id, part, window):
        return 0
    wanted = sa.literal(PartState.WANTED, parts.c.state.type)
    columns = (records.c.id, sa.literal(part), wanted, sa.literal(0))
    lacking = sa.select(*columns).where(*_never_asked(connection_id, part, window))
    wanting = sa.insert(parts).from_select(
        [
            "record_id",
            "part",
            "state",
            "tries",
        ],
        lacking,
    )
    return db.execute(wanting.execution_options(preserve_rowcount=True)).rowcount


def lacks_part(
    db: Db,
    connection_id: str,
    part: str,
    window: Window,
) -> bool:
    """Whether some listed record has never been asked for a part."""
    lacking = sa.select(records.c.id).where(*_never_asked(connection_id, part, window))
    return db.execute(lacking.limit(1)).first() is not None


def _never_asked(
    connection_id: str,
    part: str,
    window: Window,
) -> tuple[sa.ColumnElement[bool], ...]:
    was_asked = sa.exists().where(
        parts.c.record_id == records.c.id,
        parts.c.part == part,
    )
    return (*_fetchable(connection_id), ~was_asked, *inside(window))


def wanted_parts(
    db: Db,
    connection_id: str,
    part: str,
    limit: int,
) -> list[tuple[int, str]]:
    """(record, external id) of those that want a part, newest start first, ``limit`` at most."""
    query = _in_state(connection_id, part, PartState.WANTED, records.c.id, records.c.external_id)
    newest = query.order_by(*_NEWEST_FIRST).limit(limit)
    return [(row.id, row.external_id) for row in db.execute(newest)]


def sample_with_part(
    db: Db,
    connection_id: str,
    part: str,
    limit: int,
) -> list[str]:
    """The external ids of a few records that have a part and are still there, newest start
    first.
    """
    query = _in_state(connection_id, part, PartState.HAVE, records.c.external_id)
    newest = query.order_by(*_NEWEST_FIRST).limit(limit)
    return list(db.scalars(newest))


def count_wanted(
    db: Db,
    connection_id: str,
    part: str,
) -> int:
    """How many records want a part."""
    query = _in_state(connection_id, part, PartState.WANTED, sa.func.count())
    return db.scalar(query) or 0


def _in_state(connection_id: str, part: str, state: PartState, *columns: Any) -> sa.Select[Any]:
    # Told to join, SQLite looks up the part of every record of the history; those that are wanted
    # are few.
    in_state = sa.select(parts.c.record_id).where(
        parts.c.part == part,
        parts.c.state == state,
    )
    return (
        sa.select(*columns)
        .select_from(records)
        .where(
            records.c.id.in_(in_state),
            *_fetchable(connection_id),
        )
    )


def _fetchable(connection_id: str) -> tuple[sa.ColumnElement[bool], ...]:
    return (records.c.connection_id == connection_id, records.c.state.in_(FETCHABLE))


def after_full_walk(db: Db, connection_id: str) -> None:
    """What the end of a walk through the whole history does: parts that were given up get another
    chance, a part of which the source said once that there is none is asked for a second time, and
    records that no window showed are to be confirmed by id once more.
    """
    of_connection = records.c.connection_id == connection_id
    mine = sa.select(records.c.id).where(of_connection)
    given_up = (parts.c.record_id.in_(mine), parts.c.state == PartState.FAILED)
    again = {"state": PartState.WANTED, "tries": 0}
    db.execute(sa.update(parts).where(*given_up).values(again))

    there = mine.where(records.c.state.in_(FETCHABLE))
    once = (parts.c.record_id.in_(there), parts.c.state == PartState.NONE, parts.c.tries == 1)
    second_look = {"state": PartState.WANTED, "tries": SECOND_LOOK}
    db.execute(sa.update(parts).where(*once).values(second_look))

    unlisted = (of_connection, records.c.state == RecordState.UNLISTED)
    db.execute(sa.update(records).where(*unlisted).values(state=RecordState.MISSING))
