"""Stores the state of each part of a record: wanted, have, none (does not exist) or failed.

The wanted parts are the queue of a sync: a sync that was killed resumes by taking them.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from fitglue_registry.model.stored import FETCHABLE, PartState, RecordState
from fitglue_registry.store.records import ASK_AGAIN, inside
from fitglue_registry.store.rows import update_one, upsert_many
from fitglue_registry.store.statements import IDS, Statement
from fitglue_registry.store.tables import parts, records

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sqlalchemy.engine import Connection as Db

    from fitglue_registry.plugin_api import Window


#: The value of ``tries`` that marks a second look. A source may answer 404 by mistake, for example
#: during an upgrade, so a part that the source once reported not to exist is requested again after
#: the next full walk. Until it answers, the record counts as having no such part, although the
#: state of the part is "wanted".
SECOND_LOOK = -1

#: The code of a part that does not exist because the row in the list says so.
EXCLUDED = "FG-excluded-by-list"

_TRIES = Statement(
    sa.select(parts.c.tries).where(
        parts.c.record_id == sa.bindparam("record_id"),
        parts.c.part == sa.bindparam("part"),
    )
)
_PART_NAMES = Statement(
    sa.select(parts.c.record_id, parts.c.part).where(parts.c.record_id.in_(IDS))
)
_STATES = Statement(
    sa.select(parts.c.record_id, parts.c.part, parts.c.state).where(parts.c.record_id.in_(IDS))
)
_EXCLUDED = Statement(
    sa.select(parts.c.record_id, parts.c.part).where(
        parts.c.record_id.in_(IDS),
        parts.c.state == PartState.NONE,
        parts.c.code == EXCLUDED,
    )
)
_EXCLUDED_OF = Statement(
    sa.select(parts.c.part)
    .join(records, records.c.id == parts.c.record_id)
    .where(
        records.c.connection_id == sa.bindparam("connection_id"),
        records.c.external_id == sa.bindparam("external_id"),
        parts.c.state == PartState.NONE,
        parts.c.code == EXCLUDED,
    )
)
_NEWEST_FIRST = (records.c.start_local.desc().nulls_last(), records.c.id.desc())


# -- the parts of one record -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PartUpdate:
    """The new state of a part of a record."""

    state: PartState
    raw_id: int | None = None  # None: the part keeps the one that it has
    code: str | None = None
    reason: str | None = None
    tried: bool = False  # one more request was in vain


def part_states(db: Db, record_ids: Iterable[int]) -> dict[int, dict[str, str]]:
    """Return record id → part → its state, for each part that was ever wanted."""
    states: dict[int, dict[str, str]] = defaultdict(dict)
    for row in _STATES.each_row(db, record_ids):
        states[row.record_id][row.part] = row.state
    return states


def external_ids_of_parts(
    db: Db,
    connection_id: str,
    state: PartState,
) -> set[str]:
    """Return the external ids of the records of a connection that have a part in this state."""
    query = (
        sa.select(records.c.external_id)
        .join(parts, parts.c.record_id == records.c.id)
        .where(records.c.connection_id == connection_id, parts.c.state == state)
    )
    return set(db.scalars(query))


def want_parts(db: Db, wanted: Mapping[int, Iterable[str]]) -> None:
    """Mark parts as wanted, regardless of their state.

    Args:
        db: A transaction that may write.
        wanted: Record id → the names of the parts.
    """
    rows = []
    for record_id, names in wanted.items():
        for name in names:
            rows.append(_row(record_id, name, PartState.WANTED, tries=0))
    upsert_many(db, parts, rows)


def set_excluded(db: Db, excluded: Mapping[int, Mapping[str, str]]) -> None:
    """Store that records have no such parts, because their rows in the list say so.

    Args:
        db: A transaction that may write.
        excluded: Record id → part → the reason.
    """
    rows = []
    for record_id, reasons in excluded.items():
        for name, reason in reasons.items():
            row = _row(record_id, name, PartState.NONE, tries=0)
            rows.append(row | {"code": EXCLUDED, "reason": reason})
    upsert_many(db, parts, rows)


def excluded_parts(db: Db, record_ids: Iterable[int]) -> dict[int, set[str]]:
    """Return record id → the parts that an earlier row in the list said not to exist."""
    names: dict[int, set[str]] = defaultdict(set)
    for row in _EXCLUDED.each_row(db, record_ids):
        names[row.record_id].add(row.part)
    return names


def excluded_parts_of(
    db: Db,
    connection_id: str,
    external_id: str,
) -> set[str]:
    """Return the parts that the row of a record in the list says not to exist."""
    names = _EXCLUDED_OF.scalars(
        db,
        connection_id=connection_id,
        external_id=external_id,
    )
    return set(names)


def forget_parts(db: Db, record_id: int, names: Iterable[str]) -> None:
    """Forget that parts of a record were ever asked for."""
    of_record = (parts.c.record_id == record_id, parts.c.part.in_(sorted(names)))
    db.execute(sa.delete(parts).where(*of_record))


def set_received(
    db: Db,
    part: str,
    raw_ids: Mapping[int, int],
) -> None:
    """Store that records have a part.

    Args:
        db: A transaction that may write.
        part: The name of the part.
        raw_ids: Record id → the id of the raw part.
    """
    rows = []
    for record_id, raw_id in raw_ids.items():
        rows.append(_row(record_id, part, PartState.HAVE, raw_id=raw_id))
    upsert_many(db, parts, rows)


def _row(
    record_id: int,
    part: str,
    state: PartState,
    **values: Any,
) -> dict[str, Any]:
    """Return a row of ``fg_parts`` without a code and a reason, which explain other states."""
    return {
        "record_id": record_id,
        "part": part,
        "state": state,
        "code": None,
        "reason": None,
        **values,
    }


def set_part(
    db: Db,
    record_id: int,
    part: str,
    update: PartUpdate,
) -> None:
    """Store the new state of a part."""
    values: dict[str, Any] = {
        "state": update.state,
        "code": update.code,
        "reason": update.reason,
    }
    if update.raw_id is not None:
        values["raw_id"] = update.raw_id
    if update.tried:
        # abs(): a second look counts as one try, so the part is then "none" with two tries, and
        # after_full_walk leaves it at that.
        values["tries"] = abs(part_tries(db, record_id, part)) + 1
    upsert_many(db, parts, [{"record_id": record_id, "part": part, **values}])


def part_tries(
    db: Db,
    record_id: int,
    part: str,
) -> int:
    """Return how many requests for a part were in vain, or ``SECOND_LOOK``."""
    return (
        _TRIES.scalar(
            db,
            record_id=record_id,
            part=part,
        )
        or 0
    )


def part_names(db: Db, record_ids: Iterable[int]) -> dict[int, set[str]]:
    """Return, by record id, the names of the parts that were ever wanted."""
    names: dict[int, set[str]] = defaultdict(set)
    for row in _PART_NAMES.each_row(db, record_ids):
        names[row.record_id].add(row.part)
    return names


def restore_second_look(
    db: Db,
    record_id: int,
    part: str,
) -> bool:
    """End a second look that failed: the part is "none" again, until after the next full walk.

    Returns:
        Whether the part was being looked at a second time; if not, nothing changes.
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
    """Mark a part as wanted for every listed record in a window for which it never was.

    Returns:
        How many records these are.
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
    """Return whether the window has a listed record for which a part was never wanted.

    A sync asks this in a read transaction, so that a run that finds nothing new never writes.
    """
    lacking = sa.select(records.c.id).where(*_never_asked(connection_id, part, window))
    return db.execute(lacking.limit(1)).first() is not None


def records_with_part(
    db: Db,
    connection_id: str,
    part: str,
    window: Window,
) -> list[int]:
    """Return the ids of the listed records in a window that have a part."""
    has_part = sa.exists().where(
        parts.c.record_id == records.c.id,
        parts.c.part == part,
        parts.c.state == PartState.HAVE,
    )
    query = sa.select(records.c.id).where(*_fetchable(connection_id), *inside(window), has_part)
    return list(db.scalars(query))


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
    """Return the id and the external id of records that want a part, newest start first.

    A page at a time: the memory that a sync needs does not grow with the history.
    """
    query = _in_state(connection_id, part, PartState.WANTED, records.c.id, records.c.external_id)
    newest = query.order_by(*_NEWEST_FIRST).limit(limit)
    return [(row.id, row.external_id) for row in db.execute(newest)]


def sample_with_part(
    db: Db,
    connection_id: str,
    part: str,
    limit: int,
) -> list[str]:
    """Return the external ids of some records that have a part and can be fetched, newest first."""
    query = _in_state(connection_id, part, PartState.HAVE, records.c.external_id)
    newest = query.order_by(*_NEWEST_FIRST).limit(limit)
    return list(db.scalars(newest))


def count_wanted(
    db: Db,
    connection_id: str,
    part: str,
) -> int:
    """Return how many records want a part."""
    query = _in_state(connection_id, part, PartState.WANTED, sa.func.count())
    return db.scalar(query) or 0


def _in_state(
    connection_id: str,
    part: str,
    state: PartState,
    *columns: Any,
) -> sa.Select[Any]:
    # With a join, SQLite looks up the part of every record of the history. With a subquery, it
    # starts from the parts in this state, which are few.
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
    """Reopen at the end of a full walk what deserves another request.

    Parts that were given up are wanted again. Parts that the source reported once not to exist get
    a second look. Records that no window shows, but whose ids were confirmed, must be confirmed
    again. Records whose deletion is held are asked for again; it stays held until the athlete
    confirms it.
    """
    of_connection = records.c.connection_id == connection_id
    record_ids = sa.select(records.c.id).where(of_connection)
    given_up = (parts.c.record_id.in_(record_ids), parts.c.state == PartState.FAILED)
    again = {"state": PartState.WANTED, "tries": 0}
    db.execute(sa.update(parts).where(*given_up).values(again))

    fetchable = record_ids.where(records.c.state.in_(FETCHABLE))
    once = (parts.c.record_id.in_(fetchable), parts.c.state == PartState.NONE, parts.c.tries == 1)
    second_look = {"state": PartState.WANTED, "tries": SECOND_LOOK}
    db.execute(sa.update(parts).where(*once).values(second_look))

    unlisted = (of_connection, records.c.state == RecordState.UNLISTED)
    db.execute(sa.update(records).where(*unlisted).values(state=RecordState.MISSING))

    held = (of_connection, records.c.state == RecordState.HELD, records.c.reason.is_not(None))
    db.execute(sa.update(records).where(*held).values(reason=ASK_AGAIN))
