"""Lets one process at a time renew the token of a connection.

It is an OS lock on a file next to the database, or an advisory lock on PostgreSQL, so that it holds
across machines that share a database. Both end with the process that holds them.
"""

from __future__ import annotations

import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import sqlalchemy as sa

from fitglue_registry.durable import private_lock
from fitglue_registry.errors import Place, Retryable, StoreFailed
from fitglue_registry.private_files import make_private_folder
from fitglue_registry.sync.lock import advisory_key

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from fitglue_registry.workspace import Workspace

#: A renewal takes less: see the limits in ``transport.token_sender``.
_LONGEST_WAIT_S = 60.0
_POLL_S = 0.05


def grant_lock(
    workspace: Workspace,
    connection_id: str,
    longest_wait_s: float = _LONGEST_WAIT_S,
) -> AbstractContextManager[None]:
    """Hold the lock of the grant of a connection while the ``with`` block runs.

    It is another lock than that of the connection, which a sync holds from its beginning to its
    end: a check of the connection may need a token meanwhile.

    Args:
        workspace: What the host has opened.
        connection_id: The id of the connection.
        longest_wait_s: The longest time to wait for it, in seconds.

    Raises:
        Retryable: FG-token-busy if others have held it for that time.
        StoreFailed: FG-store-read-only if the lock file cannot be created.
    """
    database = workspace.database
    if database.dialect == "postgresql":
        return _advisory_lock(workspace, connection_id, longest_wait_s)
    folder = database.path.parent if database.path else workspace.home
    return _file_lock(folder / "locks", connection_id, longest_wait_s)


@contextmanager
def _file_lock(
    folder: Path,
    connection_id: str,
    longest_wait_s: float,
) -> Iterator[None]:
    lock = private_lock(
        folder / f"grant-{connection_id}.lock",
        timeout_s=longest_wait_s,
        poll_s=_POLL_S,
    )
    try:
        make_private_folder(folder)
        lock.acquire()
    except TimeoutError:
        raise _busy(longest_wait_s) from None
    except OSError as error:
        raise StoreFailed(
            "FG-store-read-only",
            "the lock file of the token cannot be created",
            at=Place(str(folder)),
            why=error.strerror,
            fix="give yourself write permission for the folder, or free some disk space",
        ) from error
    try:
        yield
    finally:
        lock.release()


@contextmanager
def _advisory_lock(
    workspace: Workspace,
    connection_id: str,
    longest_wait_s: float,
) -> Iterator[None]:
    key = advisory_key(f"grant {connection_id}")
    with workspace.database.session() as session:
        until = time.monotonic() + longest_wait_s
        # Asked repeatedly, because a server may cancel a statement that waits for a lock.
        while not session.scalar(sa.select(sa.func.pg_try_advisory_lock(key))):
            if time.monotonic() > until:
                raise _busy(longest_wait_s)
            time.sleep(_POLL_S)
        try:
            yield
        finally:
            with suppress(sa.exc.DBAPIError):  # the server released the locks of a lost session
                session.execute(sa.select(sa.func.pg_advisory_unlock(key)))


def _busy(seconds: float) -> Retryable:
    return Retryable(
        "FG-token-busy",
        f"another process has been renewing the token of this connection for {seconds:.0f} seconds",
        why="only one process at a time may do so, because a service may accept each renewal once",
        fix="run the command again; if the other process is stopped or blocked, end it first",
    )
