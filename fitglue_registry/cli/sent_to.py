"""Says where pipelines have sent a workout, for ``show``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fitglue_registry.cli import numbers
from fitglue_registry.cli.layout import Heading, Pairs
from fitglue_registry.cli.text import clean, count
from fitglue_registry.model.stored import DeliveryAction, DeliveryState

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fitglue_registry.cli.layout import Part
    from fitglue_registry.services.pipelines.deliveries import DeliveryView

_MOST_LINES = 3
#: State → what it means for the workout, and for those that need a look: where to look.
_STANDING = {
    DeliveryState.PLANNED: "is sent by the next run",
    DeliveryState.SENDING: "was being sent; the next run looks whether it arrived",
    DeliveryState.ACCEPTED: "was accepted; the destination decides about it later",
    DeliveryState.REFUSED: "was refused; see: fitglue deliveries show {id}",
    DeliveryState.UNCERTAIN: "may have arrived; see: fitglue deliveries show {id}",
    DeliveryState.FAILED: "was given up; see: fitglue deliveries show {id}",
}


def sent_to(number: int, deliveries: Sequence[DeliveryView]) -> Iterator[Part]:
    """Yield at most three lines that say where a workout was sent, or waits to be, with addresses.

    Args:
        number: The short number of the workout.
        deliveries: Its deliveries, oldest first.
    """
    if not deliveries:
        return
    shown = deliveries
    if len(deliveries) > _MOST_LINES:
        shown = deliveries[: _MOST_LINES - 1]
    lines = [(clean(view.destination), _standing(view)) for view in shown]
    more = len(deliveries) - len(shown)
    if more:
        lines.append(("", f"and {count(more, 'more destination')}; see: fitglue why {number}"))
    yield ""
    yield Heading("Destinations")
    yield Pairs(lines)


def _standing(view: DeliveryView) -> str:
    """Return what became of a delivery, and the address of the workout if it is there."""
    if view.state != DeliveryState.SENT:
        standing = _standing_of_open(view)
        return f"{standing}; there already: {clean(view.url)}" if view.url else standing
    when = f" {numbers.moment(view.sent_at)}" if view.sent_at else ""
    if view.action == DeliveryAction.DELETE:
        return "removed there"
    return f"sent{when}: {clean(view.url)}" if view.url else f"sent{when}"


def _standing_of_open(view: DeliveryView) -> str:
    if view.state == DeliveryState.PLANNED and view.next_try_at:
        return f"is tried again at {numbers.soon(view.next_try_at)}"
    return _STANDING[view.state].format(id=view.id)
