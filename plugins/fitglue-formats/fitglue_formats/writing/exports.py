"""The writers that the host finds by the entry points of this distribution, for exports."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from fitglue_formats.writing import write_fit, write_gpx, write_parquet, write_tcx

if TYPE_CHECKING:
    from fitglue_registry.model import SourceActivity

_SERIALS = 0xFFFF_FFFF


def fit(activity: SourceActivity, identity: str) -> bytes:
    """Return an activity as a FIT file.

    Args:
        activity: The activity with its streams.
        identity: What identifies the file, such as the id of the activity.
    """
    return write_fit(activity, serial=serial_of(identity))


def gpx(activity: SourceActivity, identity: str) -> bytes:  # noqa: ARG001 - GPX states none
    """Return an activity as a GPX file.

    Args:
        activity: The activity with its streams.
        identity: What identifies the file.
    """
    return write_gpx(activity)


def tcx(activity: SourceActivity, identity: str) -> bytes:  # noqa: ARG001 - as above
    """Return an activity as a TCX file.

    Args:
        activity: The activity with its streams.
        identity: What identifies the file.
    """
    return write_tcx(activity)


def parquet(activity: SourceActivity, identity: str) -> bytes:  # noqa: ARG001 - as above
    """Return an activity as a Parquet file.

    Args:
        activity: The activity with its streams.
        identity: What identifies the file.
    """
    return write_parquet([activity])


def serial_of(identity: str) -> int:
    """Return the serial number of a FIT file that is identified by a text.

    It is always the same for the same text, and never 0, which means none.

    Args:
        identity: A text of any length, such as the id of a delivery.
    """
    digest = hashlib.sha256(identity.encode()).digest()
    return int.from_bytes(digest[:8]) % _SERIALS + 1
