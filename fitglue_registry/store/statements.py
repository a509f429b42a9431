"""Statements that run thousands of times a sync: built and compiled once, then run on the driver's
own connection.

SQLAlchemy makes and compiles them, so that one text serves every database; its execution, which
costs ten times what SQLite takes to run a small statement, is left out. Transactions stay
SQLAlchemy's.
"""

from __future__ import annotations

from collections import namedtuple
from functools import cache
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from sqlalchemy.engine import Connection as Db

_MANY = 500  # values in one IN list, well below every driver's limit
#: The ids of one chunk, for an IN list.
IDS: sa.BindParameter[Any] = sa.bindparam("ids", expanding=True)
_Bind = tuple[str, "Callable[[Any], Any] | None"]


class Statement:
    """One statement with named parameters; ``columns`` are those that an insert or an update
    sets.
    """

    def __init__(self, statement: sa.Executable, columns: Iterable[str] | None = None) -> None:
        self._statement = statement
        self._columns = None if columns is None else list(columns)
        self._made: dict[str, _Compiled] = {}

    def run(self, db: Db, **values: Any) -> int:
        """Run it; how many rows it changed comes back."""
        return int(self._compiled(db).execute(db, values).rowcount)

    def run_many(self, db: Db, rows: Iterable[Mapping[str, Any]]) -> None:
        """Run it once for each of ``rows``."""
        self._compiled(db).execute_many(db, rows)

    def rows(self, db: Db, **values: Any) -> list[Any]:
        """What it finds, with the columns as attributes."""
        compiled = self._compiled(db)
        return [compiled.row(*found) for found in compiled.execute(db, values).fetchall()]

    def first(self, db: Db, **values: Any) -> Any:
        """The first row that it finds, or ``None``."""
        compiled = self._compiled(db)
        found = compiled.execute(db, values).fetchone()
        return None if found is None else compiled.row(*found)

    def scalar(self, db: Db, **values: Any) -> Any:
        """The first column of the first row, or ``None``."""
        found = self._compiled(db).execute(db, values).fetchone()
        return None if found is None else found[0]

    def scalars(self, db: Db, **values: Any) -> list[Any]:
        """The first column of every row."""
        return [found[0] for found in self._compiled(db).execute(db, values).fetchall()]

    def _compiled(self, db: Db) -> _Compiled:
        name = db.dialect.name
        if name not in self._made:
            self._made[name] = _Compiled(self._statement, self._columns, db.dialect)
        return self._made[name]


class _Compiled:
    """A statement in the words of one driver."""

    def __init__(
        self, statement: sa.Executable, columns: list[str] | None, dialect: sa.Dialect
    ) -> None:
        compiled: Any = statement.compile(dialect=dialect, column_keys=columns)  # type: ignore[attr-defined]
        self._text = str(compiled)
        self._constants = {
            name: value for name, value in compiled.params.items() if value is not None
        }
        names = compiled.positiontup if compiled.positional else compiled.bind_names.values()
        kinds = {name: bind.type for bind, name in compiled.bind_names.items()}
        self._binds: list[_Bind] = [
            (name, kinds[name].dialect_impl(dialect).bind_processor(dialect)) for name in names
        ]
        self._positional = bool(compiled.positional)
        found = getattr(statement, "exported_columns", ())
        self.row: Any = namedtuple("Row", [column.key for column in found], rename=True)  # type: ignore[misc]  # known only now

    def execute(self, db: Db, values: Mapping[str, Any]) -> Any:
        driver: Any = db.connection.driver_connection
        return driver.execute(self._text, self._bound(values))

    def execute_many(self, db: Db, rows: Iterable[Mapping[str, Any]]) -> None:
        driver: Any = db.connection.driver_connection
        driver.cursor().executemany(self._text, [self._bound(values) for values in rows])

    def _bound(self, values: Mapping[str, Any]) -> Any:
        if self._constants:
            values = {**self._constants, **values}
        if self._positional:
            return [values[name] if to is None else to(values[name]) for name, to in self._binds]
        return {name: values[name] if to is None else to(values[name]) for name, to in self._binds}


@cache
def _insert(table: sa.Table, columns: tuple[str, ...], *, key: bool) -> Statement:
    statement = sa.insert(table).inline()
    return Statement(statement.returning(*table.primary_key) if key else statement, columns)


@cache
def _update(table: sa.Table, columns: tuple[str, ...]) -> Statement:
    statement = sa.update(table).where(
        *(column == sa.bindparam(f"key_{column.name}") for column in table.primary_key)
    )
    return Statement(statement, columns)


@cache
def _defaults(table: sa.Table) -> dict[str, Any]:
    return {
        column.name: column.default.arg
        for column in table.columns
        if isinstance(column.default, sa.ColumnDefault)
    }


def insert_one(db: Db, table: sa.Table, **values: Any) -> int:
    """Insert one row and give back the number that the database made up for it."""
    values = {**_defaults(table), **values}
    return int(_insert(table, tuple(values), key=True).scalar(db, **values))


def insert_row(db: Db, table: sa.Table, **values: Any) -> None:
    """Insert one row whose key is known."""
    values = {**_defaults(table), **values}
    _insert(table, tuple(values), key=False).run(db, **values)


def update_one(db: Db, table: sa.Table, *key: Any, **values: Any) -> bool:
    """Set columns of the row with this primary key; whether there is one comes back."""
    named = {
        f"key_{column.name}": part for column, part in zip(table.primary_key, key, strict=True)
    }
    return bool(_update(table, tuple(values)).run(db, **named, **values))


def chunks(values: Iterable[Any]) -> Iterator[list[Any]]:
    """Lists short enough for an IN clause."""
    every = list(values)
    for start in range(0, len(every), _MANY):
        yield every[start : start + _MANY]
