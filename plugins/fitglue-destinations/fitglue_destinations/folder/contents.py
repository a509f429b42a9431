"""Makes the content of a file: the original, or the activity in a format."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, NamedTuple

from fitglue_formats import writing
from fitglue_formats.reading import device_claim
from fitglue_registry.model import claim

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from fitglue_registry.model import SourceActivity
    from fitglue_registry.plugin_api import Delivery

ORIGINAL = "original"
"""The format that means the file of the device."""

FIT = "fit"
"""The format of a folder that states none, and of activities without an original."""

#: Format → its writer. The writers of FIT and Parquet take other arguments.
_WRITERS: Mapping[str, Callable[[SourceActivity], bytes]] = {
    "gpx": writing.write_gpx,
    "tcx": writing.write_tcx,
    "json": writing.write_json,
    "csv": writing.write_csv,
}
#: The serial number of a FIT file has 32 bits; 0 and the largest one mean that there is none.
_SERIALS = (1 << 32) - 2


class Content(NamedTuple):
    """The content of a file, and by what it is recognized when a source reads it.

    Attributes:
        body: The bytes.
        ending: The ending of the file, with its dot.
        identities: The claims of a source that reads the file.
        sampled: Whether it was made from the samples of the activity.
    """

    body: bytes
    ending: str
    identities: tuple[str, ...]
    sampled: bool = False

    @property
    def sha256(self) -> str:
        """The hash of the content, in hexadecimal digits."""
        return hashlib.sha256(self.body).hexdigest()


def content_of(delivery: Delivery, file_format: str) -> Content:
    """Return what is written for an activity.

    Args:
        delivery: The delivery.
        file_format: ``fit``, ``gpx``, ``tcx``, ``json``, ``csv``, ``parquet``, or ``original``,
            for which a FIT file is made if no source has the file of the device.

    Raises:
        FitglueError: The activity cannot be written in this format, or a library is missing.
    """
    activity = delivery.activity
    if file_format == ORIGINAL:
        file = delivery.file
        if file is not None:
            # A file of a multisport event has several legs, and this activity is one of them.
            identity = file_claim(file.content, activity.leg_no)
            return Content(file.content, f".{file.format}", (identity,))
        file_format = FIT
    body = _written(activity, file_format, delivery.external_id)
    identities = [file_claim(body)]
    # The serial number survives if another service encodes the file again; the hash does not.
    if file_format == FIT and activity.start_utc is not None:
        identities.append(device_claim(serial_of(delivery.external_id), activity.start_utc))
    return Content(
        body,
        f".{file_format}",
        tuple(identities),
        sampled=bool(activity.streams),
    )


def serial_of(external_id: str) -> int:
    """Return the serial number of the FIT file of a delivery.

    A service that encodes the file again keeps it, so it recognizes the delivery.

    Args:
        external_id: The id of the delivery.
    """
    digest = hashlib.sha256(external_id.encode()).digest()
    return int.from_bytes(digest[:8]) % _SERIALS + 1


def file_claim(body: bytes, leg_no: int = 0) -> str:
    """Return the claim of a source that reads a file, in the form of ``fitglue-files``.

    Args:
        body: The content of the file.
        leg_no: The leg of a multisport event that the activity is; only an original has several.
    """
    return claim("file", f"sha256:{hashlib.sha256(body).hexdigest()}#{leg_no}")


def _written(
    activity: SourceActivity,
    file_format: str,
    external_id: str,
) -> bytes:
    """Return an activity as the writer of a format writes it."""
    if file_format == FIT:
        return writing.write_fit(activity, serial=serial_of(external_id))
    if file_format == "parquet":
        return writing.write_parquet([activity])
    return _WRITERS[file_format](activity)
