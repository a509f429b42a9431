"""The hooks of the destinations, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fitglue_destinations.folder.delivering import deliver_file
from fitglue_destinations.folder.finding import find_file
from fitglue_registry import hookimpl

if TYPE_CHECKING:
    from fitglue_registry.plugin_api import (
        Connection,
        Delivery,
        NotThere,
        Rejected,
        Sent,
    )

__all__ = ["FITGLUE_HOOK_API"]

#: The version of ``hookspecs.py`` that this plugin was written for.
FITGLUE_HOOK_API = 1


@hookimpl
def fitglue_deliver(connection: Connection, delivery: Delivery) -> Sent | Rejected:
    """Write, replace or remove one file in a folder."""
    return deliver_file(connection, delivery)


@hookimpl
def fitglue_find_delivery(connection: Connection, delivery: Delivery) -> Sent | NotThere:
    """Look for the file of a delivery in its folder."""
    return find_file(connection, delivery)
