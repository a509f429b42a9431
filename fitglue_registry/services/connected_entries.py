"""Finds the entry that works for a connection: its source, or the destination if it only sends.

A connection that only sends, such as a webhook, has an empty text for its source. It is no id of an
entry, so that nothing that concerns records, such as a sync, can take it for a source.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from fitglue_registry.errors import UserMistake

if TYPE_CHECKING:
    from fitglue_registry.registry import Catalogue, Entry

NO_SOURCE = ""
"""The source of a connection that only sends."""


class Connected(Protocol):
    """What is read of a connection here."""

    @property
    def integration(self) -> str:
        """The id of the entry of its integration."""

    @property
    def source(self) -> str:
        """The id of the entry of its source."""


def only_sends(connected: Connected) -> bool:
    """Return whether a connection has no source, so that it is never synced."""
    return connected.source == NO_SOURCE


def worker_of(catalogue: Catalogue, integration: str) -> Entry:
    """Return the entry whose plugin works for an integration: its source, or its destination.

    Args:
        catalogue: The entries.
        integration: The id of the integration.

    Raises:
        UserMistake: FG-no-source if neither belongs to it.
    """
    for kind in ("source", "destination"):
        for entry in catalogue.entries(kind):
            if entry.integration == integration:
                return entry
    why = None
    if catalogue.problems:
        left_out = "; ".join(map(str, catalogue.problems))
        why = f"left out of the registry: {left_out}"
    raise UserMistake(
        "FG-no-source",
        f"no source or destination belongs to integration {integration}",
        why=why,
        fix="see: fitglue registry list",
    )


def entry_of(catalogue: Catalogue, connected: Connected) -> Entry:
    """Return the entry that works for a connection.

    Args:
        catalogue: The entries.
        connected: The connection.

    Raises:
        UserMistake: FG-unknown-entry or FG-no-source if it is not installed.
    """
    if only_sends(connected):
        return worker_of(catalogue, connected.integration)
    return catalogue.get("source", connected.source)
