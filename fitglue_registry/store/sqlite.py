"""Configures SQLite: write-ahead log, foreign keys, and transactions that declare their writes."""

from __future__ import annotations

import sqlite3
import time
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy import event

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection, Engine

#: How long a statement waits while another process writes, much longer than our transactions take.
_BUSY_MS = 30_000
#: How many compiled statements a connection keeps. A sync repeats fewer. Many more would fill the
#: memory, because an IN list compiles to another statement for each number of values.
_STATEMENTS = 40
_RETRY_S = 0.02


def sqlite_engine(url: sa.URL) -> Engine:
    """Return an engine for a SQLite file, whose connections are configured as described above."""
    # The pool lends a connection to one thread at a time, but not always to the same one.
    options = {"check_same_thread": False, "cached_statements": _STATEMENTS}
    engine = sa.create_engine(url, connect_args=options)
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def _prepare(driver_connection: Any, _record: Any) -> None:
    # Otherwise the driver begins a transaction on its own at the first write; see _begin.
    driver_connection.isolation_level = None
    driver_connection.execute(f"PRAGMA busy_timeout={_BUSY_MS}")
    _switch_to_wal(driver_connection)
    # NORMAL flushes the log only at checkpoints, which is much faster and keeps the file
    # consistent. Where a commit must survive a power cut, see Database.flush_commits.
    for pragma in ("synchronous=NORMAL", "foreign_keys=ON"):
        driver_connection.execute(f"PRAGMA {pragma}")
    # SQLite's own lower() changes only ASCII letters, and a search for "Öland" should find "öland".
    driver_connection.create_function("lower", 1, _lower, deterministic=True)


def _switch_to_wal(driver_connection: Any) -> None:
    """Switch to the write-ahead log, in which readers and one writer do not block each other.

    Two processes may open a new database at the same moment. SQLite does not always honor
    ``busy_timeout`` for this statement, so it is repeated here.
    """
    give_up = time.monotonic() + _BUSY_MS / 1000
    while True:
        try:
            driver_connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > give_up:
                raise
            time.sleep(_RETRY_S)
        else:
            return


def _lower(value: Any) -> Any:
    if isinstance(value, str):
        return value.lower()
    return value


def _begin(connection: Connection) -> None:
    # If a transaction begins as a reader and then writes, SQLite fails at once, without waiting,
    # when another process has written in between. IMMEDIATE waits for the write lock at the start.
    options = connection.get_execution_options()
    statement = "BEGIN IMMEDIATE" if options.get("fitglue_write") else "BEGIN"
    driver: Any = connection.connection.driver_connection
    driver.execute(statement)
