"""One sync of a connection at a time: an OS lock beside the database, an advisory lock on
PostgreSQL; both end with the process.
"""

from __future__ import annotations

import hashlib
import json
import os
import socket
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import sqlalchemy as sa
from filelock import FileLock, Timeout

from fitglue_registry.errors import Busy, Place, StoreFailed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from fitglue_registry.store.database import Database
    from fitglue_registry.sync.context import SyncContext


def lock_of(context: SyncContext) -> AbstractContextManager[None]:
    """The lock of the connection that a context is for."""
    connected = context.connected
    return connection_lock(
        context.database, context.home, connected.id, connected.name, context.now
    )


@contextmanager
def connection_lock(
    database: Database,
    home: Path,
    connection_id: str,
    name: str,
    since: str,
) -> Iterator[None]:
    """Hold the lock of a connection; raises ``Busy`` FG-sync-running that says who holds it."""
    if database.dialect == "postgresql":
        held = _advisory_lock(database, connection_id, name)
    else:  # beside the database, so that two homes with one database exclude each other too
        beside = database.path.parent if database.path else home
        held = _file_lock(beside / "locks", connection_id, name, since)
    with held:
        yield


@contextmanager
def _file_lock(
    folder: Path,
    connection_id: str,
    name: str,
    since: str,
) -> Iterator[None]:
    holder = folder / f"{connection_id}.json"
    lock = FileLock(folder / f"{connection_id}.lock", timeout=0)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout as error:
        raise _busy(name, _read_holder(holder)) from error
    except OSError as error:
        raise StoreFailed(
            "FG-store-read-only",
            "the lock of the connection cannot be made",
            at=Place(str(folder)),
            why=error.strerror,
            fix="give yourself the right to write the folder, or make room",
        ) from error
    try:
        with suppress(OSError):  # who holds the lock is a courtesy; that it is held is not
            _write_holder(holder, since)
        yield
    finally:
        holder.unlink(missing_ok=True)
        lock.release()


def _write_holder(path: Path, since: str) -> None:
    holder = {
        "pid": os.getpid(),
        "host": socket.gethostname(),
        "since": since,
    }
    path.write_text(json.dumps(holder))


def _read_holder(path: Path) -> str | None:
    with suppress(OSError, ValueError, KeyError):
        holder = json.loads(path.read_text())
        return f"process {holder['pid']} on {holder['host']} since {holder['since']}"
    return None


@contextmanager
def _advisory_lock(
    database: Database,
    connection_id: str,
    name: str,
) -> Iterator[None]:
    digest = hashlib.blake2b(connection_id.encode(), digest_size=8).digest()
    key = int.from_bytes(digest, signed=True)
    # In no transaction: the lock is the session's, and a transaction that idles for a whole sync
    # would hold up the server.
    with database.session() as session:
        if not session.scalar(sa.select(sa.func.pg_try_advisory_lock(key))):
            raise _busy(name, _session_with_lock(session, key))
        try:
            yield
        finally:
            with suppress(sa.exc.DBAPIError):  # a session that was lost has given its locks back
                session.execute(sa.select(sa.func.pg_advisory_unlock(key)))


def _session_with_lock(session: sa.Connection, key: int) -> str | None:
    query = sa.text(
        "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted "
        "AND ((classid::bigint << 32) | objid::bigint) = :key"
    )
    pid = session.scalar(query, {"key": key})
    return f"database session {pid}" if pid else None


def _busy(name: str, holder: str | None) -> Busy:
    return Busy(
        "FG-sync-running",
        f"connection {name} is being synced already",
        why=f"by {holder}" if holder else None,
        fix="wait until it has finished, or stop it",
    )
