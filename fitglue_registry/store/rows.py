"""Inserts and updates rows of a table by its columns, one or many with one statement."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from fitglue_registry.store.statements import Statement

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy.engine import Connection as Db


def insert_one(db: Db, table: sa.Table, **values: Any) -> int:
    """Insert one row, and return the id that the database assigned to it."""
    # SQLAlchemy applies the defaults of a table while it executes, which is bypassed here.
    values = {**_defaults(table), **values}
    statement = _insert(table, tuple(values), key=True)
    return int(statement.scalar(db, **values))


def insert_row(db: Db, table: sa.Table, **values: Any) -> None:
    """Insert one row whose primary key is among ``values``."""
    values = {**_defaults(table), **values}
    statement = _insert(table, tuple(values), key=False)
    statement.run(db, **values)


def update_one(
    db: Db,
    table: sa.Table,
    *key: Any,
    **values: Any,
) -> bool:
    """Set columns of the row with this primary key, and return whether such a row exists."""
    by_name = dict(zip(_key_names(table), key, strict=True))
    statement = _update(table, tuple(values))
    return bool(statement.run(db, **by_name, **values))


# -- many rows -------------------------------------------------------------------------------------
# All mappings of one call have the same columns.


def new_ids(db: Db, table: sa.Table, count: int) -> Sequence[int]:
    """Return ids for rows that the caller inserts in the same transaction, in ascending order.

    An insert of many rows returns no ids, so they are assigned before it.
    """
    if not count:
        return ()
    if db.dialect.name == "postgresql":
        # Another transaction never gets the same values of a sequence.
        return _next_of_sequence(table).scalars(db, count=count)
    # SQLite has one writer, and would assign the same ids.
    first = _highest_id(table).scalar(db) + 1
    return range(first, first + count)


def insert_many(
    db: Db,
    table: sa.Table,
    rows: Sequence[Mapping[str, Any]],
) -> None:
    """Insert rows. The database assigns the ids of those that have none."""
    if not rows:
        return
    full = [{**_defaults(table), **row} for row in rows]
    statement = _insert(table, tuple(full[0]), key=False)
    statement.run_many(db, full)


def update_many(
    db: Db,
    table: sa.Table,
    rows: Sequence[Mapping[str, Any]],
) -> None:
    """Set columns of rows; each mapping has the primary key of its row, too."""
    if not rows:
        return
    keys = [column.name for column in table.primary_key]
    changed = tuple(name for name in rows[0] if name not in keys)
    named = [_with_named_key(table, row) for row in rows]
    _update(table, changed).run_many(db, named)


def upsert_many(
    db: Db,
    table: sa.Table,
    rows: Sequence[Mapping[str, Any]],
    keep: Iterable[str] = (),
) -> None:
    """Insert rows, or set their columns where a row with the same primary key exists.

    Args:
        db: A transaction that may write.
        table: The table.
        rows: The rows with their primary keys. A column that they do not have gets its default in
            a new row, and stays as it is in an existing one.
        keep: The columns of ``rows`` that stay as they are in an existing row.
    """
    if not rows:
        return
    keys = [column.name for column in table.primary_key]
    kept = {*keys, *keep}
    changed = tuple(name for name in rows[0] if name not in kept)
    full = [{**_defaults(table), **row} for row in rows]
    statement = _upsert(db.dialect.name, table, tuple(full[0]), changed)
    statement.run_many(db, full)


# -- the statements --------------------------------------------------------------------------------


@cache
def _insert(
    table: sa.Table,
    columns: tuple[str, ...],
    *,
    key: bool,
) -> Statement:
    statement = sa.insert(table).inline()
    if key:
        return Statement(statement.returning(*table.primary_key), columns)
    return Statement(statement, columns)


@cache
def _update(table: sa.Table, columns: tuple[str, ...]) -> Statement:
    names = _key_names(table)
    statement = sa.update(table)
    for name, column in zip(names, table.primary_key, strict=True):
        statement = statement.where(column == sa.bindparam(name))
    return Statement(statement, columns)


@cache
def _upsert(
    dialect: str,
    table: sa.Table,
    columns: tuple[str, ...],
    changed: tuple[str, ...],
) -> Statement:
    # Both databases have the same syntax, for which SQLAlchemy has one construct each. The engine
    # has imported the module of its own database; the other one would take 80 ms.
    constructs: Any = import_module(f"sqlalchemy.dialects.{dialect}")
    statement = constructs.insert(table).inline()
    statement = statement.on_conflict_do_update(
        index_elements=list(table.primary_key),
        set_={name: statement.excluded[name] for name in changed},
    )
    return Statement(statement, columns)


@cache
def _highest_id(table: sa.Table) -> Statement:
    return Statement(sa.select(sa.func.coalesce(sa.func.max(table.c.id), 0)))


@cache
def _next_of_sequence(table: sa.Table) -> Statement:
    sequence = sa.func.pg_get_serial_sequence(table.name, "id")
    series = sa.func.generate_series(1, sa.bindparam("count", type_=sa.Integer))
    return Statement(sa.select(sa.func.nextval(sequence)).select_from(series))


def _with_named_key(table: sa.Table, row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of a row, with its primary key under the names of ``_key_names``."""
    named = dict(row)
    for name, column in zip(_key_names(table), table.primary_key, strict=True):
        named[name] = named.pop(column.name)
    return named


@cache
def _key_names(table: sa.Table) -> tuple[str, ...]:
    """Return the names of the parameters for the primary key.

    The prefix keeps them apart from the parameters of the columns that are set.
    """
    return tuple(f"key_{column.name}" for column in table.primary_key)


@cache
def _defaults(table: sa.Table) -> dict[str, Any]:
    """Return the default values of a table's columns."""
    defaults = {}
    for column in table.columns:
        if isinstance(column.default, sa.ColumnDefault):
            defaults[column.name] = column.default.arg
    return defaults
