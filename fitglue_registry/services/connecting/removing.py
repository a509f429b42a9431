"""Removes a connection with everything that only it has."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from fitglue_registry.errors import FitglueError
from fitglue_registry.services.connection_secrets import change_secrets, track_secret
from fitglue_registry.store.activities import drop_empty
from fitglue_registry.store.athletes import lock_athlete
from fitglue_registry.store.connections import remove_connection
from fitglue_registry.store.source_activity_search import members_of
from fitglue_registry.sync.lock import Work, lock_for

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection as Db

    from fitglue_registry.matching.matcher import Matcher
    from fitglue_registry.store.connections import ConnectionRow
    from fitglue_registry.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Removed:
    """What was done beside the removal of a connection.

    Attributes:
        revoked: Whether its permission was taken back at the service; ``None`` if it has none, or
            if the service takes no permission back.
        not_revoked: Why the permission was not taken back, although it should have been.
    """

    revoked: bool | None = None
    not_revoked: str | None = None


def remove(workspace: Workspace, connected: ConnectionRow) -> Removed:
    """Remove a connection with its records, files, secrets and every activity that only it has.

    The permission is taken back first: without its secret, nobody could do that any more. If that
    fails, the connection is removed all the same.

    Raises:
        Busy: FG-sync-running while it is being synced.
    """
    work = Work(connected.id, connected.name, workspace.now, "removal")
    lock = lock_for(workspace.database, workspace.home, work)
    # Plugins are imported here, before the transaction, because other writers wait for it.
    matcher = workspace.matcher()
    with lock:
        removed = _taken_back(workspace, connected)
        _remove(workspace, connected, matcher)
    return removed


def _taken_back(workspace: Workspace, connected: ConnectionRow) -> Removed:
    if connected.secret_ref is None:
        return Removed()
    # Few services use OAuth 2, and oauthlib takes 10 ms to import.
    from fitglue_registry.services.granting.revoking import http_with_revocation, revoke

    try:
        http = http_with_revocation(workspace, connected)
    except FitglueError:  # its entry is not installed
        http = None
    if http is None:
        return Removed()
    reason = revoke(workspace, connected, http)
    return Removed(reason is None, reason)


def _remove(workspace: Workspace, connected: ConnectionRow, matcher: Matcher) -> None:
    with change_secrets(workspace) as change:
        track_secret(change, connected)
        with workspace.database.write() as db:
            # Another sync may store a blob from now on, whose row this transaction cannot see.
            # Therefore only blobs that are older than this moment may be deleted below.
            began = datetime.now(UTC)
            lock_athlete(db, connected.athlete_id)
            unused = _remove_rows(workspace, db, matcher, connected)
        # A power cut must not undo the commit after its blobs were deleted.
        workspace.database.flush_commits()
        for sha256 in unused:
            workspace.raws.blobs.delete(sha256, stored_before=began)


def _remove_rows(
    workspace: Workspace,
    db: Db,
    matcher: Matcher,
    connected: ConnectionRow,
) -> set[str]:
    """Remove a connection from the database; return the blobs that no record uses anymore."""
    raws = workspace.raws
    before = raws.used_blobs(db)
    # The activities that lose a record are matched again, and those without any record are deleted.
    touched = remove_connection(db, connected.id)
    members = members_of(db, touched)
    matcher.rematch(db, connected.athlete_id, members, workspace.now)
    drop_empty(db, touched, workspace.now)
    return before - raws.used_blobs(db)
