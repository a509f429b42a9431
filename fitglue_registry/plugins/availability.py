"""Computes whether an entry can be used now, from what is installed, connected and allowed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from fitglue_registry.errors import FitglueError
from fitglue_registry.model.stored import ConnectionState

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fitglue_registry.plugins.plugins import Plugins
    from fitglue_registry.registry import Entry

State = Literal[
    "available",
    "not-connectable",
    "not-allowed",
    "plugin-missing",
    "plugin-broken",
    "version-mismatch",
    "not-connected",
    "tier",
    "credentials-rejected",
]


@dataclass(frozen=True, slots=True)
class Availability:
    """Whether an entry can be used, with the reason and a fix."""

    state: State
    reason: str  # one sentence
    fix: str | None = None  # what to do; None if the entry can be used
    code: str | None = None  # the ``FG-`` code; None if the entry can be used

    @property
    def available(self) -> bool:
        """Whether the entry can be used without any further step."""
        return self.state == "available"


#: The kinds of entries that need no connection if they depend on no integration.
_WITHOUT_ACCOUNT = ("enricher", "destination")
_STATES: dict[str, State] = {
    "FG-plugin-missing": "plugin-missing",
    "FG-plugin-version": "version-mismatch",
    "FG-hook-api": "version-mismatch",
}


def availability(
    entry: Entry,
    plugins: Plugins,
    *,
    allowed: bool,
    tier: str | None,
    connections: Sequence[str],
) -> Availability:
    """Return whether an athlete can use an entry, and otherwise the first thing to repair.

    The checks have the order in which a person would repair things: plugin, version, tier,
    connection, credentials.

    Args:
        entry: The entry.
        plugins: The plugins of this environment. The one of the entry is imported.
        allowed: Whether the athlete's tier includes the entry.
        tier: The athlete's tier, for the message.
        connections: The states (``ConnectionState``) of the athlete's connections at the
            integration that the entry needs.
    """
    if entry.closed is not None:
        return Availability(
            "not-connectable",
            entry.closed.why,
            f"fitglue connect {entry.id} lists the alternatives",
            "FG-not-connectable",
        )
    try:
        plugins.load(entry)
    except FitglueError as error:
        state = _STATES.get(error.code, "plugin-broken")
        return Availability(state, error.what, error.fix, error.code)
    # Before the connection: nobody should connect an account and only then learn that the tier
    # is wrong.
    if not allowed:
        return Availability(
            "tier",
            f"{entry.name} needs the tier {entry.tier}, and this athlete has the tier {tier}",
            "ask the operator of this service for the higher tier",
            "FG-tier",
        )
    if entry.integration is None and entry.kind in _WITHOUT_ACCOUNT:
        return Availability("available", f"{entry.name} needs no account")
    connect = f"fitglue connect {entry.integration or entry.id}"
    if not connections:
        return Availability(
            "not-connected",
            f"{entry.name} is not connected yet",
            connect,
            "FG-not-connected",
        )
    # One working account is enough, even if the key of another one was rejected.
    if ConnectionState.OK not in connections:
        return Availability(
            "credentials-rejected",
            f"{entry.name} rejected the credentials",
            connect,
            "FG-key-rejected",
        )
    return Availability("available", f"{entry.name} is connected")
