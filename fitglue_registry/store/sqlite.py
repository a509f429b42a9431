"""How the host uses SQLite: write-ahead log, foreign keys, and transactions that say at their
beginning whether they will write.
"""

from __future__ import annotations

import sqlite3
import time
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy import event

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection, Engine

_BUSY_MS = 30_000
#: A connection keeps so many statements compiled: more than a sync repeats, and fewer than there
#: are lengths of a list in one.
_STATEMENTS = 40
_LOOK_AGAIN_S = 0.02


def sqlite_engine(url: sa.URL) -> Engine:
    """An engine for a SQLite file."""
    options = {"check_same_thread": False, "cached_statements": _STATEMENTS}
    engine = sa.create_engine(url, connect_args=options)
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def _prepare(driver_connection: Any, _record: Any) -> None:
    driver_connection.isolation_level = None  # we say BEGIN ourselves, see _begin
    driver_connection.execute(f"PRAGMA busy_timeout={_BUSY_MS}")
    _switch_to_wal(driver_connection)
    for pragma in ("synchronous=NORMAL", "foreign_keys=ON"):
        driver_connection.execute(f"PRAGMA {pragma}")
    # SQLite's own knows only ASCII, and titles are not.
    driver_connection.create_function("lower", 1, _lower, deterministic=True)


def _switch_to_wal(driver_connection: Any) -> None:
    """Two processes may meet at a new database, and for this one statement SQLite does not always
    wait by itself.
    """
    give_up = time.monotonic() + _BUSY_MS / 1000
    while True:
        try:
            driver_connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > give_up:
                raise
            # The other process needs a moment; busy_timeout does not hold for this pragma.
            time.sleep(_LOOK_AGAIN_S)
        else:
            return


def _lower(value: Any) -> Any:
    if isinstance(value, str):
        return value.lower()
    return value


def _begin(connection: Connection) -> None:
    # A reader that turns writer half-way fails at once when somebody else wrote meanwhile; so a
    # writer says so at its start.
    options = connection.get_execution_options()
    statement = "BEGIN IMMEDIATE" if options.get("fitglue_write") else "BEGIN"
    driver: Any = connection.connection.driver_connection
    driver.execute(statement)
