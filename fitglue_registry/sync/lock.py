"""Locks a connection, so that only one process at a time syncs it.

The lock is an OS lock on a file next to the database, or an advisory lock on PostgreSQL. Both end
with the process that holds them, so a crash leaves no lock behind.
"""

from __future__ import annotations

import hashlib
import json
import os
import socket
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import TYPE_CHECKING

import sqlalchemy as sa
from filelock import Timeout

from fitglue_registry.durable import private_lock
from fitglue_registry.errors import Busy, Place, StoreFailed
from fitglue_registry.private_files import make_private_folder, write_private

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from fitglue_registry.store.database import Database
    from fitglue_registry.sync.context import SyncContext


def lock_of(context: SyncContext) -> AbstractContextManager[None]:
    """Return the lock of the context's connection, as ``connection_lock`` does."""
    return connection_lock(
        context.database, context.home, context.connection_id, context.name, context.now
    )


@contextmanager
def connection_lock(
    database: Database,
    home: Path,
    connection_id: str,
    name: str,
    since: str,
) -> Iterator[None]:
    """Hold the lock of a connection while the ``with`` block runs.

    Args:
        database: The database; the lock is in the same place, so that two homes that share one
            database exclude each other too.
        home: The home folder, for a database that has no file.
        connection_id: The id of the connection.
        name: Its name, for the error.
        since: The current moment as ISO 8601, which the error of another process will show.

    Raises:
        Busy: FG-sync-running if another process holds the lock, with its process id if known.
        StoreFailed: FG-store-read-only if the lock file cannot be created.
    """
    if database.dialect == "postgresql":
        lock = _advisory_lock(database, connection_id, name)
    else:
        folder = database.path.parent if database.path else home
        lock = _file_lock(folder / "locks", connection_id, name, since)
    with lock:
        yield


@contextmanager
def _file_lock(
    folder: Path,
    connection_id: str,
    name: str,
    since: str,
) -> Iterator[None]:
    # The holder is described in a second file. In the lock file, it could be lost: some versions of
    # filelock let a process that does not get the lock truncate that file (tox-dev/filelock#591).
    holder = folder / f"{connection_id}.json"
    lock = private_lock(folder / f"{connection_id}.lock", timeout_s=0)
    try:
        make_private_folder(folder)
        lock.acquire()
    except Timeout as error:
        raise _busy(name, _read_holder(holder)) from error
    except OSError as error:
        raise StoreFailed(
            "FG-store-read-only",
            "the lock file of the connection cannot be created",
            at=Place(str(folder)),
            why=error.strerror,
            fix="give yourself write permission for the folder, or free some disk space",
        ) from error
    try:
        # The description is only for the error message of another process, so a full disk must not
        # stop the sync here.
        with suppress(OSError):
            _write_holder(holder, since)
        yield
    finally:
        # Removed while the lock is still held: after the release, the file could already describe
        # the next holder.
        holder.unlink(missing_ok=True)
        lock.release()


def _write_holder(path: Path, since: str) -> None:
    holder = {
        "pid": os.getpid(),
        "host": socket.gethostname(),
        "since": since,
    }
    write_private(path, json.dumps(holder).encode())


def _read_holder(path: Path) -> str | None:
    """Return who holds the lock and since when, in the local time of this machine, if known."""
    # The file may be missing or half written: the holder locks first and writes it afterwards.
    with suppress(OSError, ValueError, KeyError):
        holder = json.loads(path.read_text())
        since = datetime.fromisoformat(holder["since"]).astimezone()
        return f"process {holder['pid']} on {holder['host']} since {since:%Y-%m-%d %H:%M}"
    return None


@contextmanager
def _advisory_lock(
    database: Database,
    connection_id: str,
    name: str,
) -> Iterator[None]:
    key = advisory_key(connection_id)
    # The lock belongs to the session and not to a transaction: one that stays open for a whole sync
    # would keep the server from cleaning up old rows.
    with database.session() as session:
        if not session.scalar(sa.select(sa.func.pg_try_advisory_lock(key))):
            raise _busy(name, _session_with_lock(session, key))
        try:
            yield
        finally:
            with suppress(sa.exc.DBAPIError):  # the server released the locks of a lost session
                session.execute(sa.select(sa.func.pg_advisory_unlock(key)))


def advisory_key(name: str) -> int:
    """Return the signed 64-bit number that identifies an advisory lock of PostgreSQL.

    Args:
        name: What is locked: the id of a connection, for the lock of its syncs.
    """
    digest = hashlib.blake2b(name.encode(), digest_size=8).digest()
    return int.from_bytes(digest, signed=True)


def _session_with_lock(session: sa.Connection, key: int) -> str | None:
    # pg_locks shows a 64-bit key as two halves, classid (high) and objid (low).
    query = sa.text(
        "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted "
        "AND ((classid::bigint << 32) | objid::bigint) = :key"
    )
    pid = session.scalar(query, {"key": key})
    return f"database session {pid}" if pid else None


def _busy(name: str, holder: str | None) -> Busy:
    return Busy(
        "FG-sync-running",
        f"{name} is already being synced",
        why=f"by {holder}" if holder else None,
        fix="wait until it has finished, or stop it",
    )
