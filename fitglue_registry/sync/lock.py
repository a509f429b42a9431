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
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import sqlalchemy as sa
from filelock import Timeout

from fitglue_registry.durable import private_lock
from fitglue_registry.errors import Busy, Place, StoreFailed
from fitglue_registry.model.stored import RunKind
from fitglue_registry.private_files import make_private_folder, write_private

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from fitglue_registry.store.database import Database
    from fitglue_registry.sync.context import SyncContext


#: The beginning of the name of a session that holds a lock; the kind of the work follows.
SESSION_NAME = "fitglue "
#: The session that holds an advisory lock. pg_locks shows a 64-bit key as two halves, classid
#: (high) and objid (low). The session has been idle since it took the lock, at ``state_change``.
SESSION_THAT_HOLDS = sa.text(
    "SELECT a.pid, a.application_name, a.state_change "
    "FROM pg_locks AS l JOIN pg_stat_activity AS a ON a.pid = l.pid "
    "WHERE l.locktype = 'advisory' AND l.granted "
    "AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()) "
    "AND ((l.classid::bigint << 32) | l.objid::bigint) = :key"
)
#: How long a sync waits for the lock, in seconds: ``running_work`` may hold it for an instant.
_AN_INSTANT_S = 0.2
_POLL_S = 0.02


@dataclass(frozen=True, slots=True)
class Work:
    """The work on a connection for which its lock is held.

    Attributes:
        connection_id: The id of the connection.
        name: Its name, for the error of another process.
        since: When the work began (ISO 8601), for other processes.
        kind: What is done, such as a ``RunKind``.
    """

    connection_id: str
    name: str
    since: str
    kind: str = RunKind.SYNC


def lock_of(
    context: SyncContext,
    kind: RunKind = RunKind.SYNC,
) -> AbstractContextManager[None]:
    """Return the lock of the context's connection, for work of this kind."""
    work = Work(context.connection_id, context.name, context.now, kind)
    return lock_for(context.database, context.home, work)


def connection_lock(
    database: Database,
    home: Path,
    connection_id: str,
    name: str,
    since: str,
) -> AbstractContextManager[None]:
    """Return the lock of a connection for a sync, as ``lock_for`` does."""
    return lock_for(database, home, Work(connection_id, name, since))


@contextmanager
def lock_for(
    database: Database,
    home: Path,
    work: Work,
) -> Iterator[None]:
    """Hold the lock of a connection while the ``with`` block runs.

    Args:
        database: The database; the lock is in the same place, so that two homes that share one
            database exclude each other too.
        home: The home folder, for a database that has no file.
        work: What it is held for, which other processes can show.

    Raises:
        Busy: FG-sync-running if another process holds the lock, with its process id if known.
        StoreFailed: FG-store-read-only if the lock file cannot be created.
    """
    if database.dialect == "postgresql":
        lock = _advisory_lock(database, work)
    else:
        lock = _file_lock(folder_of_locks(database, home), work)
    with lock:
        yield


def folder_of_locks(database: Database, home: Path) -> Path:
    """Return the folder of the lock files, for a database that is a file."""
    folder = database.path.parent if database.path else home
    return folder / "locks"


def lock_file(folder: Path, connection_id: str) -> Path:
    """Return the file that is locked while a connection is worked on."""
    return folder / f"{connection_id}.lock"


def holder_file(folder: Path, connection_id: str) -> Path:
    """Return the file that describes who holds the lock of a connection.

    In the lock file, the description could be lost: some versions of filelock let a process that
    does not get the lock truncate that file (tox-dev/filelock#591).
    """
    return folder / f"{connection_id}.json"


@contextmanager
def _file_lock(
    folder: Path,
    work: Work,
) -> Iterator[None]:
    holder = holder_file(folder, work.connection_id)
    lock = private_lock(
        lock_file(folder, work.connection_id),
        timeout_s=_AN_INSTANT_S,
        poll_s=_POLL_S,
    )
    try:
        make_private_folder(folder)
        lock.acquire()
    except Timeout as error:
        raise _busy(work.name, _read_holder(holder)) from error
    except OSError as error:
        raise StoreFailed(
            "FG-store-read-only",
            "the lock file of the connection cannot be created",
            at=Place(str(folder)),
            why=error.strerror,
            fix="give yourself write permission for the folder, or free some disk space",
        ) from error
    try:
        # The description is only for what other processes show, so a full disk must not stop the
        # sync here.
        with suppress(OSError):
            _write_holder(holder, work)
        yield
    finally:
        # Removed while the lock is still held: after the release, the file could already describe
        # the next holder.
        holder.unlink(missing_ok=True)
        lock.release()


def _write_holder(path: Path, work: Work) -> None:
    holder = {
        "pid": os.getpid(),
        "host": socket.gethostname(),
        "since": work.since,
        "kind": str(work.kind),
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
    work: Work,
) -> Iterator[None]:
    key = advisory_key(work.connection_id)
    # The lock belongs to the session and not to a transaction: one that stays open for a whole sync
    # would keep the server from cleaning up old rows.
    with database.session() as session:
        if not session.scalar(sa.select(sa.func.pg_try_advisory_lock(key))):
            raise _busy(work.name, _session_with_lock(session, key))
        # The name under which pg_stat_activity lists the session, for what other processes show.
        session.execute(sa.select(sa.func.set_config("application_name", _name(work), False)))
        try:
            yield
        finally:
            with suppress(sa.exc.DBAPIError):  # the server released the locks of a lost session
                session.execute(sa.text("RESET application_name"))
                session.execute(sa.select(sa.func.pg_advisory_unlock(key)))


def _name(work: Work) -> str:
    return f"{SESSION_NAME}{work.kind}"


def advisory_key(name: str) -> int:
    """Return the signed 64-bit number that identifies an advisory lock of PostgreSQL.

    Args:
        name: What is locked: the id of a connection, for the lock of its syncs.
    """
    digest = hashlib.blake2b(name.encode(), digest_size=8).digest()
    return int.from_bytes(digest, signed=True)


def _session_with_lock(session: sa.Connection, key: int) -> str | None:
    row = session.execute(SESSION_THAT_HOLDS, {"key": key}).first()
    return f"database session {row.pid}" if row else None


def _busy(name: str, holder: str | None) -> Busy:
    return Busy(
        "FG-sync-running",
        f"{name} is already being synced",
        why=f"by {holder}" if holder else None,
        fix="wait until it has finished, or stop it",
    )
