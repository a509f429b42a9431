"""Says whether a process works on a connection right now, and since when.

A process that was killed releases its lock, so what it left behind is not taken for work.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from filelock import Timeout

from fitglue_registry.durable import private_lock
from fitglue_registry.model.moments import clock_text
from fitglue_registry.model.stored import RunKind
from fitglue_registry.sync.lock import (
    SESSION_NAME,
    SESSION_THAT_HOLDS,
    advisory_key,
    folder_of_locks,
    holder_file,
    lock_file,
)

if TYPE_CHECKING:
    from pathlib import Path

    from fitglue_registry.store.database import Database


@dataclass(frozen=True, slots=True)
class Running:
    """The work that some process does on a connection right now.

    Attributes:
        kind: What it does: a ``RunKind``, or ``removal``.
        since: When it began (ISO 8601, UTC).
        by: Which process does it, for people.
    """

    kind: str
    since: str
    by: str


def running_work(
    database: Database,
    home: Path,
    connection_id: str,
) -> Running | None:
    """Return the work on a connection that is going on, or ``None``.

    Args:
        database: The database.
        home: The home folder, where locks are kept if the database has no folder of its own.
        connection_id: The id of the connection.
    """
    if database.dialect == "postgresql":
        return _in_session(database, connection_id)
    return _in_process(folder_of_locks(database, home), connection_id)


def _in_process(folder: Path, connection_id: str) -> Running | None:
    holder = holder_file(folder, connection_id)
    running = _read(holder)
    if running is None:
        return None
    # The file is there while work goes on, and after a kill. Only then is the lock free.
    lock = private_lock(lock_file(folder, connection_id), timeout_s=0)
    try:
        lock.acquire()
    except Timeout:
        return running
    except OSError:  # nobody can tell, such as in a folder that can only be read
        return None
    try:
        # Removed while the lock is held, so that it is not the file of a sync that begins now.
        # After that, this lock is not taken again, and is in nobody's way.
        holder.unlink(missing_ok=True)
    finally:
        lock.release()
    return None


def _read(path: Path) -> Running | None:
    """Return what the holder of a lock has written, unless it is missing or half written."""
    try:
        holder = json.loads(path.read_text())
        since = datetime.fromisoformat(holder["since"]).astimezone(UTC)
        by = f"process {holder['pid']} on {holder['host']}"
        # A file that an older version has left does not say what it did.
        return Running(holder.get("kind", RunKind.SYNC), clock_text(since), by)
    except (OSError, ValueError, KeyError):
        return None


def _in_session(database: Database, connection_id: str) -> Running | None:
    with database.read() as db:
        row = db.execute(SESSION_THAT_HOLDS, {"key": advisory_key(connection_id)}).first()
    if row is None or row.state_change is None:
        return None
    kind = str(row.application_name).removeprefix(SESSION_NAME)
    since = clock_text(row.state_change.astimezone(UTC))
    return Running(kind, since, f"database session {row.pid}")
