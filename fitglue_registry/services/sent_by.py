"""Describes the delivery that a record is what became of, for ``why`` and ``show``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fitglue_registry.store.sent_deliveries import SentDelivery


def plain_delivery(sent_by: SentDelivery | None) -> dict[str, Any] | None:
    """Return a delivery as plain values; ``None`` for a record that no pipeline has sent.

    Returns:
        ``delivery`` (its id), ``pipeline`` (its name, or ``None`` if it was deleted),
        ``destination`` (the name of the step), ``to`` (the id of the destination) and ``sent_at``,
        which is ``None`` as long as nobody knows that it arrived.
    """
    if sent_by is None:
        return None
    return {
        "delivery": sent_by.id,
        "pipeline": sent_by.pipeline,
        "destination": sent_by.destination,
        "to": sent_by.entry,
        "sent_at": sent_by.sent_at,
    }
