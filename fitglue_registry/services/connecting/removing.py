"""Removes a connection with everything that only it has."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from fitglue_registry.services.connection_secrets import change_secrets, track_secret
from fitglue_registry.store.activities import drop_empty
from fitglue_registry.store.athletes import lock_athlete
from fitglue_registry.store.connections import remove_connection
from fitglue_registry.store.source_activity_search import members_of
from fitglue_registry.sync.lock import connection_lock

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection as Db

    from fitglue_registry.matching.matcher import Matcher
    from fitglue_registry.store.connections import ConnectionRow
    from fitglue_registry.workspace import Workspace


def remove(workspace: Workspace, connected: ConnectionRow) -> None:
    """Remove a connection with its records, files, secrets and every activity that only it has.

    Raises:
        Busy: FG-sync-running while it is being synced.
    """
    lock = connection_lock(
        workspace.database,
        workspace.home,
        connected.id,
        connected.name,
        workspace.now,
    )
    # Plugins are imported here, before the transaction, because other writers wait for it.
    matcher = workspace.matcher()
    with lock, change_secrets(workspace) as change:
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
    drop_empty(db, touched)
    return before - raws.used_blobs(db)
