"""Finds the connections of an athlete: by name, by integration, or by account."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fitglue_registry.errors import UserMistake
from fitglue_registry.services.connecting.first import FIRST_CONNECT

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from fitglue_registry.plugin_api import Account
    from fitglue_registry.store.connections import ConnectionRow


def named(connections: Sequence[ConnectionRow], name: str) -> ConnectionRow:
    """Return the connection that a name means; see ``Connections.get``."""
    for connected in connections:
        if name in (connected.name, connected.id):
            return connected
    at_integration = at(connections, name)
    # Most athletes have one account per service, so its name is enough.
    if len(at_integration) == 1:
        return at_integration[0]
    names = [connected.name for connected in connections]
    known = ", ".join(names) or "none yet"
    raise UserMistake(
        "FG-connection-unknown",
        f"the connection {name!r} does not exist",
        why=f"existing connections: {known}",
        fix="fitglue connections" if connections else FIRST_CONNECT,
    )


def exactly_named(connections: Sequence[ConnectionRow], name: str) -> ConnectionRow:
    """Return the connection with exactly this name or id.

    ``named`` also accepts an integration, so removing a connection twice would remove another one.

    Raises:
        UserMistake: FG-connection-unknown if no connection has that name or id.
    """
    connected = named(connections, name)
    if name not in (connected.name, connected.id):
        raise UserMistake(
            "FG-connection-unknown",
            f"the connection {name!r} does not exist",
            why=f"the connection at {name} is called {connected.name}",
            fix="fitglue connections",
        )
    return connected


def at(connections: Iterable[ConnectionRow], integration: str) -> list[ConnectionRow]:
    """Return those of some connections that are at an integration, in the same order."""
    return [connected for connected in connections if connected.integration == integration]


def to_account(
    connections: Iterable[ConnectionRow],
    integration: str,
    account: Account,
) -> ConnectionRow | None:
    """Return the one of some connections that is to an account, or ``None``.

    A connection that was made under an earlier id of the account is found if none has its id.
    """
    by_id = {connected.account.id: connected for connected in at(connections, integration)}
    for account_id in (account.id, *account.earlier_ids):
        if account_id in by_id:
            return by_id[account_id]
    return None
