"""Inserts and updates single rows of a table by its columns, with statements compiled once."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from fitglue_registry.store.statements import Statement

if TYPE_CHECKING:
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


def update_one(db: Db, table: sa.Table, *key: Any, **values: Any) -> bool:
    """Set columns of the row with this primary key, and return whether such a row exists."""
    by_name = dict(zip(_key_names(table), key, strict=True))
    statement = _update(table, tuple(values))
    return bool(statement.run(db, **by_name, **values))


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
