"""Whether an entry can be used now: computed from what is installed, connected and allowed, never
typed.
"""

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
    "plugin-missing",
    "plugin-broken",
    "version-mismatch",
    "not-connected",
    "tier",
    "credentials-rejected",
]


@dataclass(frozen=True, slots=True)
class Availability:
    """The answer: a state, the reason in one sentence, and what to do about it."""

    state: State
    reason: str
    fix: str | None = None
    code: str | None = None

    @property
    def available(self) -> bool:
        """Whether the entry can be used as it is."""
        return self.state == "available"


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
    """Ask in the order in which a person would repair things: plugin, version, tier, connection,
    credentials.

    ``allowed`` says whether the athlete's ``tier`` includes the entry, ``connections`` are the
    states of the athlete's connections at the integration that the entry needs (``ok`` or
    ``credentials-rejected``).
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
    if not allowed:
        return Availability(
            "tier",
            f"{entry.name} belongs to tier {entry.tier}, this athlete has {tier}",
            "ask whoever runs this service for the higher tier",
            "FG-tier",
        )
    connect = f"fitglue connect {entry.integration or entry.id}"
    if not connections:
        return Availability(
            "not-connected",
            f"there is no connection to {entry.name} yet",
            connect,
            "FG-not-connected",
        )
    if ConnectionState.OK not in connections:
        return Availability(
            "credentials-rejected",
            f"{entry.name} rejected the credentials",
            connect,
            "FG-key-rejected",
        )
    return Availability("available", f"{entry.name} is connected")
