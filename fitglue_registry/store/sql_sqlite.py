"""Lets a connection of SQLite only read, and bounds the time and the memory of a statement."""

from __future__ import annotations

import sqlite3
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

#: How many instructions of SQLite's virtual machine run between two checks: about 40 µs.
_INSTRUCTIONS = 500
#: Limits of a statement. A value has at most 500 kB, so that a row fits into the memory, and so
#: that one call of a function, which nothing can interrupt, takes a few seconds at most.
_LIMITS = {
    sqlite3.SQLITE_LIMIT_LENGTH: 500_000,
    sqlite3.SQLITE_LIMIT_SQL_LENGTH: 200_000,
    sqlite3.SQLITE_LIMIT_COLUMN: 250,
    sqlite3.SQLITE_LIMIT_LIKE_PATTERN_LENGTH: 1_000,
}
#: Bytes by which the memory of the process may grow before the rows are counted.
_GROWTH = 200_000_000
_READ = frozenset(
    {
        sqlite3.SQLITE_SELECT,
        sqlite3.SQLITE_READ,
        sqlite3.SQLITE_FUNCTION,
        sqlite3.SQLITE_RECURSIVE,
        # The transaction has nothing to commit, and its connection is closed afterwards.
        sqlite3.SQLITE_TRANSACTION,
    }
)
#: Settings that can be read, but not set.
_READABLE = frozenset(
    {
        "application_id",
        "auto_vacuum",
        "cache_size",
        "data_version",
        "encoding",
        "foreign_keys",
        "freelist_count",
        "journal_mode",
        "page_count",
        "page_size",
        "query_only",
        "schema_version",
        "synchronous",
        "user_version",
    }
)
#: Statements about the schema and the file, which change nothing whatever their argument is.
_DESCRIBING = frozenset(
    {
        "collation_list",
        "compile_options",
        "database_list",
        "foreign_key_check",
        "foreign_key_list",
        "function_list",
        "index_info",
        "index_list",
        "index_xinfo",
        "integrity_check",
        "module_list",
        "pragma_list",
        "quick_check",
        "table_info",
        "table_list",
        "table_xinfo",
    }
)


@contextmanager
def reading_sqlite(
    driver: Any,
    seconds: float,
) -> Iterator[Callable[[str], tuple[tuple[str, ...], Iterable[tuple[Any, ...]]]]]:
    """Yield a function that runs one statement, which can only read, and reach no other file.

    Args:
        driver: A connection that is closed afterwards: its settings stay.
        seconds: How long the statement may run.

    Raises:
        TimeoutError: It ran too long.
        MemoryError: It takes too much memory.
        KeyboardInterrupt: The user stopped it.
    """
    driver.execute("PRAGMA query_only = ON")
    for category, limit in _LIMITS.items():
        driver.setlimit(category, limit)
    driver.set_authorizer(_allow_reading)
    guard = _Guard(seconds)
    driver.set_progress_handler(guard.look, _INSTRUCTIONS)

    def run(statement: str) -> tuple[tuple[str, ...], Iterable[tuple[Any, ...]]]:
        cursor = driver.execute(statement)
        return tuple(column[0] for column in cursor.description or ()), cursor

    try:
        yield run
    except sqlite3.OperationalError as error:
        if str(error) != "interrupted":
            raise
        raise guard.reason from error
    finally:
        # The transaction ends after this, and must not be interrupted.
        driver.set_progress_handler(None, 0)
        driver.set_authorizer(None)


class _Guard:
    """Decides while a statement runs whether it may go on.

    Attributes:
        reason: Why it was interrupted.
    """

    def __init__(self, seconds: float) -> None:
        self._deadline = time.monotonic() + seconds
        self._most = _resident() + _GROWTH
        # SQLite ends the statement, and drops the exception, if one is raised in ``look``: that is
        # how a signal handler of Python interrupts it.
        self.reason: BaseException = KeyboardInterrupt()

    def look(self) -> int:
        """Return whether SQLite must interrupt the statement."""
        if time.monotonic() > self._deadline:
            self.reason = TimeoutError()
        elif _resident() > self._most:
            self.reason = MemoryError()
        else:
            return 0
        return 1


def _resident() -> int:
    """Return the bytes of memory that the process has in use, or 0 where Linux does not say it."""
    with suppress(OSError, ValueError, IndexError):
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
        return pages * 4096
    return 0


def _allow_reading(
    action: int,
    name: str | None,
    value: str | None,
    *_: object,
) -> int:
    """Allow what only reads; in spite of ``query_only``, ATTACH would create a new file."""
    if action in _READ:
        return sqlite3.SQLITE_OK
    if action == sqlite3.SQLITE_PRAGMA:
        setting = (name or "").lower()
        if setting in _DESCRIBING or (value is None and setting in _READABLE):
            return sqlite3.SQLITE_OK
    return sqlite3.SQLITE_DENY
