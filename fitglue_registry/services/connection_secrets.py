"""Changes the secrets of connections, and the key that encrypts them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fitglue_registry.errors import AthleteNeeded, Place, Retryable, UserMistake
from fitglue_registry.secrets.chain import ChainSecretStore
from fitglue_registry.secrets.changing import changing
from fitglue_registry.secrets.references import is_owned_by, scheme_of
from fitglue_registry.services.app_references import apps_in_files, move_apps
from fitglue_registry.services.grant_lock import grant_lock
from fitglue_registry.store.connections import (
    get_connection,
    list_connections,
    replace_secret,
)
from fitglue_registry.store.pending_permissions import pending_references

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager

    from fitglue_registry.errors import FitglueError
    from fitglue_registry.secrets.changing import SecretChange
    from fitglue_registry.store.connections import ConnectionRow
    from fitglue_registry.workspace import Workspace


#: How long a secret is not moved because its token is being renewed, which seldom takes a second.
#: Then the error says to run the command again.
_LONGEST_RENEWAL_S = 10.0


@dataclass(frozen=True, slots=True)
class SecretKept:
    """Where the secret of a connection is stored after ``rekey``.

    Attributes:
        connection: The connection.
        kept_in: The store: ``file`` or ``keyring``.
        new_key: Whether the new key encrypts it.
        error: Why it could not be opened; it is then unchanged.
    """

    connection: ConnectionRow
    kept_in: str
    new_key: bool
    error: FitglueError | None = None


def owner_of(integration: str, connection_id: str) -> str:
    """Return the owner under which the secret of a connection is stored."""
    return f"{integration} {connection_id}"


def owns_secret(connected: ConnectionRow) -> bool:
    """Return whether the secret that the row of a connection names was stored for it.

    The owner is a part of the reference, which a sealed file authenticates. So nobody who changes
    the database can give the secret of one connection to another.
    """
    owner = owner_of(connected.integration, connected.id)
    return is_owned_by(connected.secret_ref or "", owner)


def not_its_own(connected: ConnectionRow) -> AthleteNeeded:
    """Return the error for a connection whose row names the secret of another one."""
    return AthleteNeeded(
        "FG-secret-not-its-own",
        f"the credentials that are stored for {connected.name} belong to another connection",
        at=Place(field=connected.secret_ref),
        why="the database was changed by another program, or comes from another store",
        fix=f"connect again: fitglue connect {connected.integration}",
    )


def track_secret(change: SecretChange, connected: ConnectionRow) -> None:
    """Have the secret of a connection deleted at the end of a change, if no row names it then.

    The secret of another connection stays: that connection may be in another database.
    """
    if connected.secret_ref and owns_secret(connected):
        change.track(connected.secret_ref)


def with_secrets(workspace: Workspace) -> list[ConnectionRow]:
    """Return the connections of all athletes that have a secret."""
    with workspace.database.read() as db:
        return [connected for connected in list_connections(db) if connected.secret_ref]


def without_key(workspace: Workspace) -> tuple[str, ...]:
    """Return the names of the connections whose secret cannot be opened on this machine."""
    names = []
    for connected in with_secrets(workspace):
        try:
            workspace.secrets.get(connected.secret_ref or "")
        except AthleteNeeded:
            names.append(connected.name)
    return tuple(names)


def change_secrets(workspace: Workspace) -> AbstractContextManager[SecretChange]:
    """Return the context of one change of secrets, which a crash cannot leave incomplete."""
    database = workspace.database
    which = database.display_url
    if database.path:
        # Resolved, so that two paths to one database count as one database.
        which = str(database.path.resolve())

    def named() -> set[str]:
        of_connections = {connected.secret_ref or "" for connected in with_secrets(workspace)}
        with workspace.database.read() as db:
            return of_connections | pending_references(db)

    return changing(workspace.secrets, workspace.home, which, named)


def replace_values(
    workspace: Workspace,
    connected: ConnectionRow,
    values: Mapping[str, str],
) -> str | None:
    """Store other values in place of the secret of a connection, in the store in which it is.

    A crash leaves the old secret or the new one.

    Args:
        workspace: What the host has opened.
        connected: The connection, as it was read together with the secret.
        values: The new values, with their origin.

    Returns:
        The new reference; ``None`` if the values were not stored, because another process has
        replaced the secret, or removed the connection, since ``connected`` was read.

    Raises:
        StoreFailed: The secret cannot be stored.
    """
    return change_values(workspace, connected, lambda _: values)


def change_values(
    workspace: Workspace,
    connected: ConnectionRow,
    changed: Callable[[Mapping[str, str]], Mapping[str, str]],
) -> str | None:
    """Change the values of the secret of a connection; see ``replace_values``.

    Args:
        workspace: What the host has opened.
        connected: The connection, as it was read together with the secret.
        changed: Returns the new values for the stored ones. Renewed tokens may have been stored
            under the same reference since ``connected`` was read.
    """
    ref = connected.secret_ref or ""
    with change_secrets(workspace) as change:
        with workspace.database.read() as db:
            now = get_connection(db, connected.id)
        if now is None or now.secret_ref != ref:
            return None
        values = changed(workspace.secrets.get(ref))
        new = change.put(owner_of(connected.integration, connected.id), values, scheme_of(ref))
        change.track(ref)
        with workspace.database.write() as db:
            replaced = replace_secret(db, connected.id, ref, new)
        # The end of this change deletes the copy that the row does not name, which a power cut must
        # not undo.
        workspace.database.flush_commits()
    return new if replaced else None


def rekey_secrets(workspace: Workspace, to: str | None) -> list[SecretKept]:
    """Encrypt all secrets with a new key; see ``Connections.rekey``."""
    if not isinstance(workspace.secrets, ChainSecretStore):
        raise UserMistake(
            "FG-rekey-elsewhere",
            "the application that embeds this host stores the secrets itself",
            fix="change the key there",
        )
    # Before the change of the key, because each secret is moved in a change of its own.
    not_moved = _move_secrets(workspace, to) if to else {}
    with change_secrets(workspace):
        if to:
            move_apps(workspace, workspace.secrets, to)
        # Read again, because moving a secret gives it a new reference.
        refs = [connected.secret_ref or "" for connected in with_secrets(workspace)]
        refs += apps_in_files(workspace, workspace.secrets)
        sealed = workspace.secrets.rekey(refs).outcomes
        results = []
        for connected in with_secrets(workspace):
            ref = connected.secret_ref or ""
            # A secret that could not be moved is still in its old store, and was not encrypted
            # again.
            error = not_moved.get(connected.id) or sealed.get(ref)
            new_key = ref in sealed and error is None
            results.append(SecretKept(connected, ref.partition(":")[0], new_key, error))
        return results


def _move_secrets(workspace: Workspace, to: str) -> dict[str, FitglueError]:
    """Move every secret into one store; return connection id → why its secret was not moved."""
    not_moved: dict[str, FitglueError] = {}
    for connected in with_secrets(workspace):
        # A reference begins with the name of its store.
        if (connected.secret_ref or "").startswith(f"{to}:"):
            continue
        # Moved, it would get a reference that says that it is its own.
        if not owns_secret(connected):
            not_moved[connected.id] = not_its_own(connected)
            continue
        try:
            _move_secret(workspace, connected, to)
        except (AthleteNeeded, Retryable) as error:
            not_moved[connected.id] = error
    return not_moved


def _move_secret(
    workspace: Workspace,
    connected: ConnectionRow,
    to: str,
) -> None:
    # A renewal of the token would otherwise store it where the secret was. It takes the two locks
    # in the same order.
    not_renewing = grant_lock(workspace, connected.id, _LONGEST_RENEWAL_S)
    with not_renewing, change_secrets(workspace) as change:
        with workspace.database.read() as db:
            now = get_connection(db, connected.id)
        if now is None or not now.secret_ref or not owns_secret(now):
            return
        old = now.secret_ref
        # The new copy is stored and committed before the old one is deleted, so no crash loses the
        # secret.
        values = workspace.secrets.get(old)
        new = change.put(owner_of(now.integration, now.id), values, to)
        change.track(old)
        with workspace.database.write() as db:
            replace_secret(db, now.id, old, new)
        workspace.database.flush_commits()
