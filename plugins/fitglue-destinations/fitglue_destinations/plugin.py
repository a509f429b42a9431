"""The hooks of the destinations, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fitglue_destinations.folder.delivering import deliver_file
from fitglue_destinations.folder.finding import find_file
from fitglue_destinations.webhook.sending import deliver_message, find_message, prove_webhook
from fitglue_registry import hookimpl

if TYPE_CHECKING:
    from fitglue_registry.plugin_api import (
        Account,
        Connection,
        Delivery,
        NotThere,
        Rejected,
        Sent,
    )

__all__ = ["FITGLUE_HOOK_API"]

#: The version of ``hookspecs.py`` that this plugin was written for.
FITGLUE_HOOK_API = 1
_WEBHOOK = "webhook"


@hookimpl
def fitglue_connect(connection: Connection) -> Account:
    """Send a ping to the address of a webhook; a folder has no account."""
    return prove_webhook(connection)


@hookimpl
def fitglue_deliver(connection: Connection, delivery: Delivery) -> Sent | Rejected:
    """Send one message to a webhook; or write, replace or remove one file in a folder."""
    if connection.entry == _WEBHOOK:
        return deliver_message(connection, delivery)
    return deliver_file(connection, delivery)


@hookimpl
def fitglue_find_delivery(connection: Connection, delivery: Delivery) -> Sent | NotThere:
    """Have a message sent again; or look for the file of a delivery in its folder."""
    if connection.entry == _WEBHOOK:
        return find_message()
    return find_file(connection, delivery)
