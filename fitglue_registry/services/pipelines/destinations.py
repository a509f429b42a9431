"""Calls the plugins of destinations, with the connection of the athlete's account there."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from fitglue_registry.errors import UserMistake
from fitglue_registry.registry.entry import DeliveryTerms
from fitglue_registry.services.plugin_cache import plugin_cache
from fitglue_registry.services.plugin_view import PluginViews
from fitglue_registry.store.connections import get_connection
from fitglue_registry.sync.view import ConnectionView

if TYPE_CHECKING:
    from fitglue_registry.plugin_api import Delivery
    from fitglue_registry.registry import Entry
    from fitglue_registry.store.deliveries import DeliveryRow
    from fitglue_registry.workspace import Workspace

_FIND = "fitglue_find_delivery"
_NOTHING = DeliveryTerms(takes=())


class PluginDestination:
    """A destination whose plugin does the work.

    It implements ``fitglue_registry.pipeline.sending.Destination``.

    Args:
        workspace: The workspace.
        entry: The entry of the destination.
        view: The connection as the plugin sees it.
    """

    def __init__(
        self,
        workspace: Workspace,
        entry: Entry,
        view: ConnectionView,
    ) -> None:
        self.terms = entry.delivery or _NOTHING
        self.can_find = _FIND in entry.hooks
        self._plugin = workspace.plugins.of(entry, view.sign_of_life)
        self._view = view

    def deliver(self, delivery: Delivery) -> Any:
        """Send a delivery."""
        return self._plugin.call("fitglue_deliver", connection=self._view, delivery=delivery)

    def find(self, delivery: Delivery) -> Any:
        """Look up a delivery."""
        return self._plugin.call(_FIND, connection=self._view, delivery=delivery)

    def close(self) -> None:
        """Close the session."""
        self._view.close()


def open_destination(workspace: Workspace, row: DeliveryRow) -> PluginDestination:
    """Return the destination of a delivery; close it after its last use.

    Args:
        workspace: The workspace.
        row: The delivery.

    Raises:
        UserMistake: FG-unknown-entry or FG-destination-not-connected.
        PluginFailed: The plugin is missing or broken.
    """
    entry = workspace.catalogue.get("destination", row.entry)
    workspace.plugins.load(entry)
    return PluginDestination(workspace, entry, _view(workspace, entry, row))


def _view(
    workspace: Workspace,
    entry: Entry,
    row: DeliveryRow,
) -> ConnectionView:
    if row.connection_id is None:
        return ConnectionView(
            f"pipeline-{row.pipeline_id}",
            entry.id,
            None,
            MappingProxyType({}),
            workspace.clock,
            None,
            cache=plugin_cache(workspace.home / "cache" / "plugins" / entry.plugin.name),
        )
    with workspace.database.read() as db:
        connected = get_connection(db, row.connection_id)
    if connected is None:
        raise UserMistake(
            "FG-destination-not-connected",
            f"the account of the destination {row.destination} is no longer connected",
            fix=f"fitglue connect {entry.integration}",
        )
    return PluginViews(workspace).of(connected, entry)
