"""Whether a connection works, how much it holds, and what to do where it does not work."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from fitglue_registry.errors import FitglueError
from fitglue_registry.model.stored import ConnectionState, PartState, RecordState

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from fitglue_registry.plugin_api import Account
    from fitglue_registry.store.connections import ConnectionRow
    from fitglue_registry.workspace import Workspace

#: States of records that are at the source, and are more than stubs.
_AT_SOURCE = (RecordState.LISTED, RecordState.UNLISTED, RecordState.MISSING)


@dataclass(frozen=True, slots=True)
class ConnectionStatus:
    """The state of a connection with its reason and what to do, and how much it holds.

    ``state`` is that of the connection (a ``ConnectionState``), ``plugin-missing``, or ``stopped``
    (by the last sync). ``last_checked_at`` is when a sync last reached its end.
    """

    name: str
    integration: str
    account: Account
    state: str
    reason: str | None
    fix: str | None
    stubs: int
    records: int
    waiting_parts: int
    given_up_parts: int
    quarantine: int
    last_checked_at: str | None


@dataclass(frozen=True, slots=True)
class _State:
    name: str
    reason: str | None = None
    fix: str | None = None


def connection_status(
    workspace: Workspace,
    connected: ConnectionRow,
    counts: Mapping[str, int],
) -> ConnectionStatus:
    """Return the status of a connection; ``counts`` are its records and parts by state."""
    state = _state(workspace, connected)
    return ConnectionStatus(
        name=connected.name,
        integration=connected.integration,
        account=connected.account,
        state=state.name,
        reason=state.reason,
        fix=state.fix,
        stubs=counts.get(RecordState.STUB, 0),
        records=sum(counts.get(name, 0) for name in _AT_SOURCE),
        waiting_parts=counts.get(PartState.WANTED, 0),
        given_up_parts=counts.get(PartState.FAILED, 0),
        quarantine=counts.get("quarantine", 0),
        last_checked_at=connected.last_checked_at,
    )


def _state(workspace: Workspace, connected: ConnectionRow) -> _State:
    try:
        workspace.plugins.load(workspace.catalogue.get("source", connected.source))
    except FitglueError as error:
        install = f"fitglue plugin install fitglue-{connected.integration}"
        return _State("plugin-missing", error.what, error.fix or install)
    error_parts = connected.state_error or {}
    if connected.state != ConnectionState.OK:
        reason = error_parts.get("what", "the credentials were rejected")
        return _State(connected.state, reason, f"fitglue connect {connected.integration}")
    if error_parts:
        return _State("stopped", error_parts.get("what"), error_parts.get("fix"))
    return _State(ConnectionState.OK)


def local_time(now: datetime, connections: Iterable[ConnectionRow]) -> datetime:
    """Return a moment in the zone of the first account that has one, else of this machine."""
    for connected in connections:
        try:
            return now.astimezone(ZoneInfo(connected.account.timezone or ""))
        except (ValueError, OSError, KeyError):
            continue
    return now.astimezone()
