"""The parts of records: which are wanted, had, known not to exist, or given up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from fitglue_registry.store.records import inside
from fitglue_registry.store.statements import Statement, insert_row, update_one
from fitglue_registry.store.tables import (
    THERE,
    parts,
    records,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy.engine import Connection as Db

    from fitglue_registry.plugin_api import Window


#: So many tries has a part that the source said once there is none of, while it is asked for a
#: second time: until it answers, that holds.
SECOND_LOOK = -1

_TRIES = Statement(
    sa.select(parts.c.tries).where(
        parts.c.record_id == sa.bindparam("record_id"), parts.c.part == sa.bindparam("part")
    )
)

_PART_NAMES = Statement(
    sa.select(parts.c.part).where(parts.c.record_id == sa.bindparam("record_id"))
)


def want_parts(db: Db, record_id: int, names: Iterable[str], *, fresh: bool = False) -> None:
    """Mark parts as wanted, whatever they were; a ``fresh`` record has none yet, here and below."""
    for name in names:
        if fresh or not update_one(
            db, parts, record_id, name, state="wanted", tries=0, code=None, reason=None
        ):
            insert_row(db, parts, record_id=record_id, part=name, state="wanted")


def want_where_unknown(db: Db, connection_id: str, part: str, window: Window) -> int:
    """Mark a part as wanted at every listed record that has never been asked for it; their number
    comes back.
    """
    has = sa.exists().where(parts.c.record_id == records.c.id, parts.c.part == part)
    lacking = sa.select(records.c.id, sa.literal(part), sa.literal("wanted"), sa.literal(0)).where(
        records.c.connection_id == connection_id, records.c.state.in_(THERE), ~has, *inside(window)
    )
    if db.execute(lacking.limit(1)).first() is None:
        return 0
    wanting = (
        sa.insert(parts)
        .from_select(["record_id", "part", "state", "tries"], lacking)
        .execution_options(preserve_rowcount=True)
    )
    return db.execute(wanting).rowcount


def lacks_part(db: Db, connection_id: str, part: str, window: Window) -> bool:
    """Whether some listed record has never been asked for a part."""
    has = sa.exists().where(parts.c.record_id == records.c.id, parts.c.part == part)
    query = sa.select(records.c.id).where(
        records.c.connection_id == connection_id, records.c.state.in_(THERE), ~has, *inside(window)
    )
    return db.execute(query.limit(1)).first() is not None


def wanted_parts(db: Db, connection_id: str, part: str, limit: int) -> list[tuple[int, str]]:
    """(record, external id) of those that want a part, newest start first, ``limit`` at most."""
    query = _wanting(connection_id, part, records.c.id, records.c.external_id)
    newest = query.order_by(records.c.start_local.desc().nulls_last(), records.c.id.desc()).limit(
        limit
    )
    return [(row.id, row.external_id) for row in db.execute(newest)]


def sample_with_part(db: Db, connection_id: str, part: str, limit: int) -> list[str]:
    """The external ids of a few records that have a part and are still there, newest start
    first.
    """
    have = sa.select(parts.c.record_id).where(parts.c.part == part, parts.c.state == "have")
    query = sa.select(records.c.external_id).where(
        records.c.connection_id == connection_id, records.c.state.in_(THERE), records.c.id.in_(have)
    )
    return list(
        db.scalars(
            query.order_by(records.c.start_local.desc().nulls_last(), records.c.id.desc()).limit(
                limit
            )
        )
    )


def count_wanted(db: Db, connection_id: str, part: str) -> int:
    """How many records want a part."""
    return db.scalar(_wanting(connection_id, part, sa.func.count())) or 0


def _wanting(connection_id: str, part: str, *columns: Any) -> sa.Select[Any]:
    # Told to join, SQLite looks up the part of every record of the history; those that are wanted
    # are few.
    wanted = sa.select(parts.c.record_id).where(parts.c.part == part, parts.c.state == "wanted")
    return (
        sa.select(*columns)
        .select_from(records)
        .where(
            records.c.id.in_(wanted),
            records.c.connection_id == connection_id,
            records.c.state.in_(THERE),
        )
    )


def set_part(
    db: Db,
    record_id: int,
    part: str,
    *,
    state: str,
    raw_id: int | None = None,
    code: str | None = None,
    reason: str | None = None,
    tried: bool = False,
    fresh: bool = False,
) -> None:
    """Say how it stands with a part; a raw id that is not named stays."""
    values: dict[str, Any] = {"state": state, "code": code, "reason": reason}
    if raw_id is not None:
        values["raw_id"] = raw_id
    if tried:
        values["tries"] = abs(part_tries(db, record_id, part)) + 1
    if fresh or not update_one(db, parts, record_id, part, **values):
        insert_row(db, parts, record_id=record_id, part=part, **values)


def part_tries(db: Db, record_id: int, part: str) -> int:
    """How often a part was asked for in vain."""
    return _TRIES.scalar(db, record_id=record_id, part=part) or 0


def restore_second_look(db: Db, record_id: int, part: str) -> bool:
    """Let a part that a walk had asked for a second time be what it was, for the next walk to ask
    again; False where it is another.
    """
    if part_tries(db, record_id, part) != SECOND_LOOK:
        return False
    return update_one(db, parts, record_id, part, state="none", tries=1)


def part_names(db: Db, record_id: int) -> list[str]:
    """The parts that a record was ever asked for."""
    return _PART_NAMES.scalars(db, record_id=record_id)


def after_walk(db: Db, connection_id: str) -> None:
    """What the end of a walk through the whole history does: parts that were given up get another
    chance, a part of which the source said once that there is none is asked for a second time, and
    records that no window showed are to be confirmed by id once more.
    """
    mine = sa.select(records.c.id).where(records.c.connection_id == connection_id)
    db.execute(
        sa.update(parts)
        .where(parts.c.record_id.in_(mine), parts.c.state == "failed")
        .values(state="wanted", tries=0)
    )
    there = mine.where(records.c.state.in_(THERE))
    once = (parts.c.record_id.in_(there), parts.c.state == "none", parts.c.tries == 1)
    db.execute(sa.update(parts).where(*once).values(state="wanted", tries=SECOND_LOOK))
    db.execute(
        sa.update(records)
        .where(records.c.connection_id == connection_id, records.c.state == "unlisted")
        .values(state="missing")
    )
