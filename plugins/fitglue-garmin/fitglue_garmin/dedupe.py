"""What the source knows about two of its own activities and the general score cannot."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fitglue_registry.plugin_api import Opinion

if TYPE_CHECKING:
    from fitglue_registry.plugin_api import Pair

ENTRY = "garmin"


def opinion(pair: Pair) -> Opinion | None:
    """Return "different" for two legs of one multisport event, and ``None`` for other pairs.

    The legs of an event follow each other without a break, and two of them may be the same sport.
    """
    first, second = pair.first, pair.second
    if not first.entry == second.entry == ENTRY or first.connection != second.connection:
        return None
    parent = first.activity.parent
    if parent is None or parent != second.activity.parent:
        return None
    if set(first.activity.claims) & set(second.activity.claims):
        return None
    return Opinion("different", "two legs of one multisport event")
