"""Runs the statements that a sync repeats thousands of times, compiled once, on the raw driver.

SQLAlchemy builds and compiles them, so that one statement serves every database, and it manages the
transactions. Its execution is bypassed, because it takes ten times as long as SQLite takes to run a
small statement.
"""

from __future__ import annotations

from collections import namedtuple
from functools import cache
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from sqlalchemy.engine import Connection as Db

#: The number of values in one IN list, well below the lowest limit: 999 parameters in old SQLite.
_CHUNK = 500
#: The parameter of a query for one chunk of values: ``column.in_(IDS)``.
IDS: sa.BindParameter[Any] = sa.bindparam("ids", expanding=True)
#: The name of a parameter, and the function that converts its value for the driver.
_Bind = tuple[str, "Callable[[Any], Any] | None"]


class Statement:
    """One statement with named parameters, compiled once for each kind of database.

    Args:
        statement: The statement. A value for each ``bindparam`` is passed by keyword when it runs.
        columns: The columns that an insert or an update sets; their names are parameters, too.
    """

    def __init__(
        self,
        statement: sa.Executable,
        columns: Iterable[str] | None = None,
    ) -> None:
        self._statement = statement
        self._columns = None if columns is None else list(columns)
        self._compiled: dict[str, _Compiled] = {}

    def run(self, db: Db, **values: Any) -> int:
        """Run the statement, and return how many rows it changed."""
        cursor = self._for(db).execute(db, values)
        return int(cursor.rowcount)

    def run_many(self, db: Db, rows: Iterable[Mapping[str, Any]]) -> None:
        """Run the statement once for each mapping of parameters in ``rows``."""
        self._for(db).execute_many(db, rows)

    def rows(self, db: Db, **values: Any) -> list[Any]:
        """Return all rows, as named tuples of the columns."""
        compiled = self._for(db)
        cursor = compiled.execute(db, values)
        return [compiled.row(*row) for row in cursor.fetchall()]

    def first(self, db: Db, **values: Any) -> Any:
        """Return the first row, or ``None`` if there is no row."""
        compiled = self._for(db)
        row = compiled.execute(db, values).fetchone()
        return None if row is None else compiled.row(*row)

    def scalar(self, db: Db, **values: Any) -> Any:
        """Return the first column of the first row, or ``None`` if there is no row."""
        row = self._for(db).execute(db, values).fetchone()
        return None if row is None else row[0]

    def scalars(self, db: Db, **values: Any) -> list[Any]:
        """Return the first column of every row."""
        cursor = self._for(db).execute(db, values)
        return [row[0] for row in cursor.fetchall()]

    def _for(self, db: Db) -> _Compiled:
        name = db.dialect.name
        if name not in self._compiled:
            self._compiled[name] = _Compiled(self._statement, self._columns, db.dialect)
        return self._compiled[name]


class _Compiled:
    """A statement in the SQL and the parameter style of one driver."""

    def __init__(
        self,
        statement: sa.Executable,
        columns: list[str] | None,
        dialect: sa.Dialect,
    ) -> None:
        element: Any = statement  # sa.Executable does not declare compile()
        compiled = element.compile(dialect=dialect, column_keys=columns)
        self._text = str(compiled)
        # Literal values inside the statement, such as an enum member in a WHERE clause, are
        # parameters, too, and no caller passes them.
        self._constants = {
            name: value for name, value in compiled.params.items() if value is not None
        }
        self._binds = _binds_of(compiled, dialect)
        self._names = [name for name, _ in self._binds]
        self._positional = bool(compiled.positional)
        self.row = _row_type(statement)

    def execute(self, db: Db, values: Mapping[str, Any]) -> Any:
        # The driver's connection is in the transaction that SQLAlchemy began on it.
        driver: Any = db.connection.driver_connection
        return driver.execute(self._text, self._bound(values))

    def execute_many(self, db: Db, rows: Iterable[Mapping[str, Any]]) -> None:
        driver: Any = db.connection.driver_connection
        bound = [self._bound(values) for values in rows]
        driver.cursor().executemany(self._text, bound)

    def _bound(self, values: Mapping[str, Any]) -> Any:
        """Return the values as the driver expects them: in order (SQLite) or by name (psycopg)."""
        if self._constants:
            values = {**self._constants, **values}
        # A loop takes a third longer than a comprehension, and this runs for every row of a sync.
        bound = [
            values[name] if convert is None else convert(values[name])
            for name, convert in self._binds
        ]
        if self._positional:
            return bound
        return dict(zip(self._names, bound, strict=True))


def _binds_of(compiled: Any, dialect: sa.Dialect) -> list[_Bind]:
    """Return the parameters in the order of the SQL text, each with the converter of its type."""
    names = compiled.bind_names.values()
    if compiled.positional:
        names = compiled.positiontup
    types = {name: parameter.type for parameter, name in compiled.bind_names.items()}

    binds: list[_Bind] = []
    for name in names:
        in_dialect = types[name].dialect_impl(dialect)
        binds.append((name, in_dialect.bind_processor(dialect)))
    return binds


def _row_type(statement: sa.Executable) -> Any:
    columns = getattr(statement, "exported_columns", ())
    names = [column.key for column in columns]
    # A statement without RETURNING has no columns. An expression without a name becomes "_1".
    return namedtuple("Row", names, rename=True)


# -- one row ---------------------------------------------------------------------------------------


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


# -- many values -----------------------------------------------------------------------------------


def each_row(
    db: Db,
    query: sa.Executable,
    values: Iterable[Any],
) -> Iterator[Any]:
    """Yield the rows of a query that contains ``IDS``, which runs once for each chunk of values.

    The order of the query holds within a chunk only.
    """
    for chunk in chunks(values):
        yield from db.execute(query, {"ids": chunk})


def each_scalar(
    db: Db,
    query: sa.Executable,
    values: Iterable[Any],
) -> Iterator[Any]:
    """Yield the first column of each row that ``each_row`` would yield."""
    for chunk in chunks(values):
        yield from db.scalars(query, {"ids": chunk})


def chunks(values: Iterable[Any]) -> Iterator[list[Any]]:
    """Yield the values in lists that are short enough for an IN list."""
    listed = list(values)
    for start in range(0, len(listed), _CHUNK):
        yield listed[start : start + _CHUNK]
