"""Says in words how a delivery stands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fitglue_registry.cli import numbers
from fitglue_registry.model.stored import DeliveryAction, DeliveryState

if TYPE_CHECKING:
    from fitglue_registry.services.pipelines.deliveries import DeliveryView

#: State → its words.
_WORDS = {
    DeliveryState.PLANNED: "to be sent",
    DeliveryState.SENDING: "being sent",
    DeliveryState.ACCEPTED: "accepted, not there yet",
    DeliveryState.SENT: "sent",
    DeliveryState.REFUSED: "refused",
    DeliveryState.UNCERTAIN: "may have arrived",
    DeliveryState.FAILED: "given up",
}


def state_word(view: DeliveryView) -> str:
    """Return the state of a delivery in a few words."""
    if view.state == DeliveryState.SENT and view.action == DeliveryAction.DELETE:
        return "removed there"
    if view.needs_you:
        return "may have arrived, and only you can find out"
    return _WORDS[view.state]


def sentence(view: DeliveryView) -> str:
    """Return how a delivery stands, with the address at which it is, or what it waits for."""
    said = state_word(view)
    if view.state == DeliveryState.SENT:
        when = numbers.moment(view.sent_at or view.updated_at)
        there = f": {view.url}" if view.url and view.action != DeliveryAction.DELETE else ""
        return f"{said} {when}{there}"
    if view.next_try_at:
        said += f", next try {numbers.soon(view.next_try_at)}"
    if view.error:
        said += f": {view.error['what']}"
    return said
