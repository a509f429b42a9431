"""The ids by which what FitGlue has sent is recognized: at Intervals.icu, and when it returns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fitglue_registry.model import claim, delivery_claim

if TYPE_CHECKING:
    from fitglue_registry.plugin_api import Delivery

#: Seen: programs use any text as the ``external_id``, such as the name of the file. Only a text
#: with this beginning identifies a delivery (see ``claims``).
_PREFIX = "fitglue-"


def external_id_of(delivery: Delivery) -> str:
    """Return the ``external_id`` with which a delivery is sent, the same in each attempt."""
    return _PREFIX + delivery.external_id.removeprefix(_PREFIX)


def identities_of(
    delivery: Delivery,
    id_: str,
) -> tuple[str, ...]:
    """Return the claims by which an activity that a delivery has made is recognized.

    The source of this package asserts both of them.

    Args:
        delivery: The delivery.
        id_: The id of the activity at Intervals.icu.
    """
    return (
        claim("intervals", id_),
        delivery_claim(external_id_of(delivery)),
    )
