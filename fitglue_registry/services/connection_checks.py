"""Checks each connection, and names the sources that could be connected."""

from __future__ import annotations

from dataclasses import replace as replace_fields
from typing import TYPE_CHECKING

from fitglue_registry.errors import FitglueError
from fitglue_registry.model.stored import ConnectionState
from fitglue_registry.registry.access import access_of, arriving
from fitglue_registry.services.addresses import other_address
from fitglue_registry.services.check_result import Check

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fitglue_registry.services.check_result import State
    from fitglue_registry.services.connecting.connections import Connections
    from fitglue_registry.store.connections import ConnectionRow
    from fitglue_registry.workspace import Workspace


def connection_checks(
    workspace: Workspace,
    connections: Connections,
    connected: Sequence[ConnectionRow],
    *,
    offline: bool,
) -> Iterator[Check]:
    """Yield whether the service of each connection still accepts it, and what is known of it.

    Args:
        workspace: The workspace.
        connections: The service for connections.
        connected: The connections to check.
        offline: Whether to skip the requests to the services.
    """
    for connection in connected:
        asked = _connection(connections, connection, offline)
        dated = _with_facts(connections, connection, asked)
        yield _with_address(workspace, connection, dated)


def source_checks(
    workspace: Workspace,
    connected: Sequence[ConnectionRow],
) -> Iterator[Check]:
    """Yield how to get access to each source that is not connected, and what would arrive."""
    used = {connection.integration for connection in connected}
    for source in workspace.catalogue.entries("source"):
        integration = workspace.catalogue.find("integration", source.integration or "")
        if integration is None or integration.id in used or integration.closed:
            continue
        if not workspace.policy.allows_integration(integration.id):
            continue
        access = access_of(integration, source)
        brings = ", ".join(arriving(source))
        detail = f"not connected; {access.what}: {access.command}; brings {brings}"
        yield Check(f"source {source.id}", "ok", detail)


def _connection(
    connections: Connections,
    connected: ConnectionRow,
    offline: bool,
) -> Check:
    title = f"connection {connected.name}"
    if offline:
        state: State = "ok" if connected.state == ConnectionState.OK else "look"
        return Check(title, state, f"{connected.state}, not checked (--offline)")
    try:
        account = connections.probe(connected.name)
    except FitglueError as error:
        return Check(title, "broken", error.what, error)
    return Check(title, "ok", account.name or account.id)


def _with_facts(
    connections: Connections,
    connected: ConnectionRow,
    check: Check,
) -> Check:
    """Add what arrives, when it was last synced, and when the key ends to the check."""
    status = connections.status(connected)
    facts = [check.detail]
    if status.arrives:
        facts.append(f"brings {', '.join(status.arrives)}")
    # To the minute, in UTC as in the other texts of the store.
    synced = status.last_checked_at
    if status.only_sends:
        facts.append("sends only")
    else:
        facts.append(f"synced {synced[:16].replace('T', ' ')} UTC" if synced else "never synced")
    if status.running:
        since = status.running.since[:16].replace("T", " ")
        facts.append(f"worked on by {status.running.by} since {since} UTC")
    state = check.state
    if status.expiry:
        facts.append(status.expiry)
    if status.expires_soon:
        facts.append(f"to renew it: fitglue connect {connected.integration}")
        state = "look" if state == "ok" else state
    if status.not_given:
        facts += [sentence.rstrip(".") for sentence in status.not_given]
        them = "it" if len(status.not_given) == 1 else "them"
        facts.append(f"to give {them}: fitglue connect {connected.integration}")
        state = "look" if state == "ok" else state
    return replace_fields(check, state=state, detail="; ".join(facts))


def _with_address(
    workspace: Workspace,
    connected: ConnectionRow,
    check: Check,
) -> Check:
    """Add the address of a connection to its check, if it is not that of its entry."""
    other = other_address(workspace, connected)
    if other is None:
        return check
    return replace_fields(check, detail=f"{check.detail}; it {other}")
