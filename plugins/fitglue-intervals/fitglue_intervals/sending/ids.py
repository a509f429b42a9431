"""The ids by which what FitGlue has sent is recognized: at Intervals.icu, and when it returns."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from fitglue_formats import device_claim
from fitglue_intervals.claims import id_of_delivery
from fitglue_registry.model import claim

if TYPE_CHECKING:
    from fitglue_registry.plugin_api import Delivery

#: Seen: programs use any text as the ``external_id``, such as the name of the file. Only a text
#: with this beginning identifies a delivery (see ``claims``).
_PREFIX = "fitglue-"
#: FIT, field serial_number of file_id: an unsigned number of 32 bits, in which 0 means "none". The
#: largest one means "invalid" for fields of similar types, so it is left out as well.
_MOST_SERIALS = 2**32 - 2


def external_id_of(delivery: Delivery) -> str:
    """Return the ``external_id`` with which a delivery is sent, the same in each attempt."""
    return _PREFIX + delivery.external_id.removeprefix(_PREFIX)


def identities_of(
    delivery: Delivery,
    id_: str,
) -> tuple[str, ...]:
    """Return the claims by which an activity that a delivery has made is recognized.

    Args:
        delivery: The delivery.
        id_: The id of the activity at Intervals.icu.
    """
    claims = [claim("intervals", id_)]
    # A source claims the same for what it lists with this external id.
    sent = id_of_delivery(external_id_of(delivery))
    if sent is not None:
        claims.append(claim("fitglue", sent))
    # A file of ours names a device of its own. If an original was sent, nobody asserts this claim.
    if delivery.activity.start_utc is not None:
        claims.append(device_claim(serial_of(delivery), delivery.activity.start_utc))
    return tuple(claims)


def serial_of(delivery: Delivery) -> int:
    """Return the serial number of the device that a file of our own names.

    It is made from the delivery, so that the same recording is recognized even after a third
    service has written it to another file.
    """
    digest = hashlib.sha256(external_id_of(delivery).encode()).digest()
    return int.from_bytes(digest[:8]) % _MOST_SERIALS + 1
