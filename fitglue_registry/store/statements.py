"""Runs the statements that a sync repeats thousands of times, compiled once, on the raw driver.

SQLAlchemy builds and compiles them, so that one statement serves every database, and it manages the
transactions. Its execution is bypassed, because it takes ten times as long as SQLite takes to run a
small statement.
"""

from __future__ import annotations

from collections import namedtuple
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from sqlalchemy.engine import Connection as Db

#: The number of values in one IN list, well below the lowest limit: 999 parameters in old SQLite.
_CHUNK = 500
#: The parameter of a query for one chunk of values: ``column.in_(IDS)``.
IDS: sa.BindParameter[Any] = sa.bindparam("ids", expanding=True)
#: The name of a parameter, and the function that converts its value for the driver.
_Bind = tuple[str, "Callable[[Any], Any] | None"]


class Statement:
    """One statement with named parameters, compiled once for each kind of database.

    A statement that contains ``IDS`` is run by the methods whose names have ``each``: once for each
    chunk of the values.

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
        # The key is the kind of database, and how many values the IN list has.
        self._compiled: dict[tuple[str, int], _Compiled] = {}

    def run(
        self,
        db: Db,
        **values: Any,
    ) -> int:
        """Run the statement, and return how many rows it changed."""
        cursor = self._for(db).execute(db, values)
        return int(cursor.rowcount)

    def run_many(
        self,
        db: Db,
        rows: Sequence[Mapping[str, Any]],
    ) -> None:
        """Run the statement once for each mapping of parameters in ``rows``, in one call."""
        if rows:
            self._for(db).execute_many(db, rows)

    def rows(
        self,
        db: Db,
        **values: Any,
    ) -> list[Any]:
        """Return all rows, as named tuples of the columns."""
        return self._for(db).fetch(db, values)

    def first(
        self,
        db: Db,
        **values: Any,
    ) -> Any:
        """Return the first row, or ``None`` if there is no row."""
        compiled = self._for(db)
        row = compiled.execute(db, values).fetchone()
        return None if row is None else compiled.row(*row)

    def scalar(
        self,
        db: Db,
        **values: Any,
    ) -> Any:
        """Return the first column of the first row, or ``None`` if there is no row."""
        row = self._for(db).execute(db, values).fetchone()
        return None if row is None else row[0]

    def scalars(
        self,
        db: Db,
        **values: Any,
    ) -> list[Any]:
        """Return the first column of every row."""
        cursor = self._for(db).execute(db, values)
        return [row[0] for row in cursor.fetchall()]

    def each_row(
        self,
        db: Db,
        ids: Iterable[Any],
        **values: Any,
    ) -> Iterator[Any]:
        """Yield the rows for the values of ``IDS``.

        The order of the query holds within a chunk only.
        """
        for chunk in chunks(ids):
            padded = _padded(chunk)
            compiled = self._for(db, len(padded))
            yield from compiled.fetch(db, compiled.with_ids(padded, values))

    def each_scalar(
        self,
        db: Db,
        ids: Iterable[Any],
        **values: Any,
    ) -> Iterator[Any]:
        """Yield the first column of each row that ``each_row`` would yield."""
        for row in self.each_row(db, ids, **values):
            yield row[0]

    def run_each(
        self,
        db: Db,
        ids: Iterable[Any],
        **values: Any,
    ) -> None:
        """Run a statement that changes rows for the values of ``IDS``."""
        for chunk in chunks(ids):
            padded = _padded(chunk)
            compiled = self._for(db, len(padded))
            compiled.execute(db, compiled.with_ids(padded, values))

    def _for(
        self,
        db: Db,
        ids: int = 0,
    ) -> _Compiled:
        dialect = db.dialect
        key = (dialect.name, ids)
        compiled = self._compiled.get(key)
        if compiled is None:
            compiled = _Compiled(self._statement, self._columns, dialect, ids)
            self._compiled[key] = compiled
        return compiled


class _Compiled:
    """A statement in the SQL and the parameter style of one driver.

    Args:
        statement: The statement.
        columns: The columns that it sets.
        dialect: The kind of database.
        ids: How many values its IN list has; 0 if it has none.
    """

    def __init__(
        self,
        statement: sa.Executable,
        columns: list[str] | None,
        dialect: sa.Dialect,
        ids: int,
    ) -> None:
        element: Any = statement  # sa.Executable does not declare compile()
        compiled = element.compile(dialect=dialect, column_keys=columns)
        # Literal values inside the statement, such as an enum member in a WHERE clause, are
        # parameters, too, and no caller passes them.
        self._constants = {
            name: value for name, value in compiled.params.items() if value is not None
        }
        expanded = compiled.construct_expanded_state(
            {**dict.fromkeys(compiled.params), IDS.key: [None] * ids}
        )
        self._text = expanded.statement
        self._ids = expanded.parameter_expansion.get(IDS.key, ())
        self._binds = _binds_of(compiled, expanded, dialect)
        self._names = [name for name, _ in self._binds]
        self._positional = bool(compiled.positional)
        self.row = _row_type(statement)
        self._make_row = self.row._make

    def execute(
        self,
        db: Db,
        values: Mapping[str, Any],
    ) -> Any:
        # The driver's connection is in the transaction that SQLAlchemy began on it.
        driver: Any = db.connection.driver_connection
        return driver.execute(self._text, self._bound(values))

    def execute_many(
        self,
        db: Db,
        rows: Iterable[Mapping[str, Any]],
    ) -> None:
        driver: Any = db.connection.driver_connection
        bound = [self._bound(values) for values in rows]
        driver.cursor().executemany(self._text, bound)

    def fetch(
        self,
        db: Db,
        values: Mapping[str, Any],
    ) -> list[Any]:
        # _make takes a third less time than a call with the columns as arguments.
        return list(map(self._make_row, self.execute(db, values)))

    def with_ids(
        self,
        ids: Sequence[Any],
        values: Mapping[str, Any],
    ) -> dict[str, Any]:
        """Return the values with those of the IN list under the names of their parameters."""
        return {**values, **dict(zip(self._ids, ids, strict=True))}

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


def _binds_of(
    compiled: Any,
    expanded: Any,
    dialect: sa.Dialect,
) -> list[_Bind]:
    """Return the parameters in the order of the SQL text, each with the converter of its type."""
    types = {name: parameter.type for parameter, name in compiled.bind_names.items()}
    for name, members in expanded.parameter_expansion.items():
        types.update(dict.fromkeys(members, types.pop(name)))
    names = expanded.positiontup if compiled.positional else types

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


def chunks(values: Iterable[Any]) -> Iterator[list[Any]]:
    """Yield the values in lists that are short enough for an IN list."""
    listed = list(values)
    for start in range(0, len(listed), _CHUNK):
        yield listed[start : start + _CHUNK]


def _padded(chunk: list[Any]) -> list[Any]:
    """Return the values of an IN list, with the last one repeated up to a power of two.

    Each length is a statement of its own, which must be compiled and kept. There are ten of them
    instead of five hundred, and a value that is repeated changes no result.
    """
    size = min(1 << (len(chunk) - 1).bit_length(), _CHUNK)
    return chunk + chunk[-1:] * (size - len(chunk))
