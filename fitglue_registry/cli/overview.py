"""What the dashboard and ``fitglue connections`` say of connections: health, weeks, and what needs
somebody.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from fitglue_registry.cli.text import count
from fitglue_registry.errors import FitglueError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date, datetime

    from fitglue_registry.host import Host
    from fitglue_registry.store.connections import ConnectionRow


@dataclass(frozen=True)
class Overview:
    """What the dashboard says, before it is text."""

    now: datetime
    connections: list[dict[str, Any]]
    weeks: dict[str, dict[str, Any]]
    needs: list[dict[str, Any]]
    next: str


@dataclass(frozen=True)
class _State:
    """Whether a connection works, with the reason and what to do where it does not."""

    name: str
    reason: str | None = None
    fix: str | None = None


def overview(host: Host) -> Overview:
    """Ask the host for everything that the dashboard says."""
    connected = host.connections.list()
    now = local_now(host, connected)
    connections = [connection_health(host, connection) for connection in connected]
    monday = now.date() - timedelta(days=now.weekday())
    weeks = {"this": _week(host, monday), "last": _week(host, monday - timedelta(days=7))}
    needs = [*_repairs(connections), *_quarantine(host), *_stubs(host)]
    return Overview(now, connections, weeks, needs, _next(connections))


def local_now(host: Host, connected: Sequence[ConnectionRow]) -> datetime:
    """Return the time where the athlete is: in the zone of an account, else of this machine."""
    now = host.workspace.clock.now()
    for connection in connected:
        try:
            return now.astimezone(ZoneInfo(connection.account.timezone or ""))
        except (ValueError, OSError, KeyError):
            continue
    return now.astimezone()


def connection_health(host: Host, connection: ConnectionRow) -> dict[str, Any]:
    """Return a connection's state with the reason and what to do, and how much it holds."""
    state = _state(host, connection)
    health = host.connections.health(connection)
    return {
        "name": connection.name,
        "integration": connection.integration,
        "account": {"id": connection.account.id, "name": connection.account.name},
        "state": state.name,
        "reason": state.reason,
        "fix": state.fix,
        "stubs": health.get("stub", 0),
        "records": sum(health.get(name, 0) for name in ("listed", "unlisted", "missing")),
        "waiting_parts": health.get("wanted", 0),
        "given_up_parts": health.get("failed", 0),
        "quarantine": health.get("quarantine", 0),
        "last_checked_at": connection.last_checked_at,
    }


def _state(host: Host, connection: ConnectionRow) -> _State:
    try:
        host.entries.load_plugin(host.entries.get("source", connection.source))
    except FitglueError as error:
        install = f"fitglue plugin install fitglue-{connection.integration}"
        return _State("plugin-missing", error.what, error.fix or install)
    error_parts = connection.state_error or {}
    if connection.state != "ok":
        reason = error_parts.get("what", "the credentials were rejected")
        return _State(connection.state, reason, f"fitglue connect {connection.integration}")
    if error_parts:
        return _State("stopped", error_parts.get("what"), error_parts.get("fix"))
    return _State("ok")


def _week(host: Host, monday: date) -> dict[str, Any]:
    return {
        "monday": monday.isoformat(),
        **host.activities.totals(monday, monday + timedelta(days=6)),
    }


def _repairs(connections: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for connection in connections:
        if connection["state"] != "ok":
            reason = connection["reason"] or connection["state"]
            yield {"what": f"{connection['name']}: {reason}", "fix": connection["fix"]}


def _quarantine(host: Host) -> Iterator[dict[str, Any]]:
    held = host.records.quarantine()
    if held:
        number = count(len(held), "record")
        yield {
            "what": f"{number} in quarantine: not understood, and kept",
            "fix": "fitglue quarantine",
        }


def _stubs(host: Host) -> Iterator[dict[str, Any]]:
    for stub in host.records.stubs():
        number = count(stub["count"], "workout")
        what = f"{number} of {stub['connection']} will not arrive: {stub['reason']}"
        yield {"what": what, "fix": stub["fix"]}


def _next(connections: list[dict[str, Any]]) -> str:
    for connection in connections:
        if connection["state"] == "credentials-rejected":
            return f"fitglue connect {connection['integration']}"
    for connection in connections:
        if connection["last_checked_at"] is None or connection["waiting_parts"]:
            return "fitglue sync"
    return "fitglue show last" if connections else "fitglue sync"
