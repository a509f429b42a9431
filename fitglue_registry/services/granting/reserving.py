"""Makes sure, before a service is asked, that the tokens it issues can be stored."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from fitglue_registry.errors import StoreFailed
from fitglue_registry.secrets.chain import ChainSecretStore
from fitglue_registry.services.connection_secrets import change_secrets
from fitglue_registry.store.connections import get_connection

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from fitglue_registry.store.connections import ConnectionRow
    from fitglue_registry.workspace import Workspace

    Keep = Callable[[Mapping[str, str]], bool]


@contextmanager
def reserved_secret(workspace: Workspace, connected: ConnectionRow) -> Iterator[Keep | None]:
    """Make sure that other values of the secret of a connection can be stored.

    They are stored under the same reference, so that neither the database nor a note has to be
    written when the service has answered: its disk may be full, or its server gone. The caller
    holds the lock of the grant.

    Args:
        workspace: What the host has opened.
        connected: The connection, as it was read together with the secret.

    Yields:
        A function that stores the values, and returns whether the connection still has this secret;
        ``None`` if the store of an embedder has the secret.

    Raises:
        StoreFailed: The disk has no space for them.
    """
    ref = connected.secret_ref or ""
    store = workspace.secrets
    if not isinstance(store, ChainSecretStore):
        yield None
        return
    with store.reserved(ref) as keep:
        if keep is None:
            yield None
            return

        def keep_if_named(values: Mapping[str, str]) -> bool:
            # Held meanwhile, because another process could move the secret to another store.
            with change_secrets(workspace):
                with workspace.database.read() as db:
                    now = get_connection(db, connected.id)
                if now is None or now.secret_ref != ref:
                    return False
                keep(values)
            return True

        def keep_in_any_case(values: Mapping[str, str]) -> bool:
            try:
                return keep_if_named(values)
            except StoreFailed:
                # The database cannot be read. What no row names is harmless, and a lost token is
                # not.
                keep(values)
                return True

        yield keep_in_any_case
