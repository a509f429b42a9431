"""Compares the schema of a database file with the one that the migrations make.

A trigger, a view or a generated column is code that SQLite runs: a foreign one in a backup could
change rows later, or show other values than those that are stored.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, NamedTuple, cast

import sqlalchemy as sa

from fitglue_registry.backup.finding import first_few
from fitglue_registry.store.formats import HEAD
from fitglue_registry.store.migrate import upgrade
from fitglue_registry.store.views import names_in

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from sqlalchemy.engine import Connection as Db

#: Kind ("table", "view", "index" or "trigger") and name of something in a schema.
Key = tuple[str, str]
#: What the schema of a database contains, each in a form that can be compared.
Schema = dict[Key, str]

_LISTED = "SELECT type, name, tbl_name, sql FROM sqlite_master"
# SQLite makes these itself: for UNIQUE, and for ANALYZE and ``PRAGMA optimize``.
_AUTOMATIC_INDEX = re.compile(r"sqlite_autoindex_fg_\w+_\d+\Z|sqlite_autoindex_alembic_version_1\Z")
_STATISTICS = {
    "sqlite_stat1": "CREATE TABLE sqlite_stat1(tbl,idx,stat)",
    "sqlite_stat4": "CREATE TABLE sqlite_stat4(tbl,idx,neq,nlt,ndlt,sample)",
}
_KINDS = ("trigger", "view", "table", "index")
_SPACE = re.compile(r"\s+")


class Differences(NamedTuple):
    """How the schema of a database differs from ours.

    Attributes:
        foreign: What we do not make.
        changed: What we make in another form.
        missing: What we make, and the database does not have.
    """

    foreign: list[Key]
    changed: list[Key]
    missing: list[Key]

    def __str__(self) -> str:
        """Return the differences in words; the text is empty if there are none."""
        return "; ".join(
            f"{words}: {names_of(keys)}"
            for keys, words in (
                (self.foreign, "not made by FitGlue"),
                (self.changed, "not as FitGlue makes it"),
                (self.missing, "missing"),
            )
            if keys
        )


def names_of(keys: Sequence[Key]) -> str:
    """Return the first of these kinds and names as one text."""
    return first_few([f"{kind} {shown(name)}" for kind, name in keys])


def shown(name: str) -> str:
    """Return a name as it is shown: it can contain any character."""
    return ascii(name)[1:-1][:80]


def differences(connection: sqlite3.Connection, format_: str) -> Differences:
    """Compare the schema of a database with that of a format.

    Args:
        connection: The database.
        format_: Its format, which is one of ``FORMATS``.
    """
    ours = _schema_of(format_)
    # The texts of earlier views are not known. An upgrade drops them before anything reads them.
    earlier_views = frozenset[str]() if format_ == HEAD else names_in(format_)
    foreign, changed = [], []
    present = _read(connection)
    for key, description in present.items():
        kind, name = key
        if kind == "view" and name in earlier_views:
            continue
        if key not in ours:
            foreign.append(key)
        elif ours[key] != description:
            changed.append(key)
    missing = [key for key in ours if key not in present]
    # Triggers first, because they can do the most harm.
    return Differences(
        sorted(foreign, key=_harm), sorted(changed, key=_harm), sorted(missing, key=_harm)
    )


def _harm(key: Key) -> tuple[int, str]:
    kind, name = key
    return _KINDS.index(kind) if kind in _KINDS else 0, name


def driver_connection_of(db: Db) -> sqlite3.Connection:
    """Return the connection of the sqlite3 module behind a connection of SQLAlchemy."""
    connection = db.connection.driver_connection
    assert connection is not None
    return cast("sqlite3.Connection", connection)


@cache
def _schema_of(format_: str) -> Schema:
    """Return the schema of a format, made by our migrations in memory."""
    engine = sa.create_engine("sqlite://")
    try:
        with engine.begin() as connection:
            upgrade(connection, "head" if format_ == HEAD else format_)
            return _read(driver_connection_of(connection))
    finally:
        engine.dispose()


def _read(connection: sqlite3.Connection) -> Schema:
    schema = {}
    for kind, name, table, sql in connection.execute(_LISTED):
        plain = _plain(str(sql or ""))
        if kind == "index" and not sql and _AUTOMATIC_INDEX.match(str(name)):
            continue
        if kind == "table" and _STATISTICS.get(str(name)) == plain:
            continue
        description = f"{table}: {plain}"
        schema[str(kind), str(name)] = _sorted_clauses(plain) if kind == "table" else description
    return schema


def _plain(sql: str) -> str:
    """Return a statement without differences that have no meaning: quotes and white space."""
    unquoted = sql.replace('"', "").replace("`", "")
    return _SPACE.sub(" ", unquoted).strip().replace("( ", "(").replace(" )", ")")


def _sorted_clauses(sql: str) -> str:
    """Return a CREATE TABLE statement with its columns and constraints in alphabetical order.

    Their order depends on whether a table was created at once or changed by migrations.
    """
    head, parenthesis, rest = sql.partition("(")
    body, last, tail = rest.rpartition(")")
    clauses = sorted(clause.strip() for clause in _split(body))
    return f"{head.strip()}{parenthesis}{', '.join(clauses)}{last}{tail}"


def _split(body: str) -> list[str]:
    """Split at the commas that are not inside parentheses."""
    parts = [""]
    depth = 0
    for character in body:
        depth += (character == "(") - (character == ")")
        if character == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    return parts
