"""The file that is uploaded: the original of a device, or a FIT file made from the activity."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fitglue_formats import kind_of
from fitglue_formats.writing import write_fit
from fitglue_intervals.sending.ids import external_id_of
from fitglue_registry.model import claim
from fitglue_registry.payloads import GZIP

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fitglue_registry.model import SourceActivity
    from fitglue_registry.plugin_api import Delivery

#: Documented: the service accepts these, and a gzip of them.
_ACCEPTED = ("fit", "gpx", "tcx")
#: The program that wrote a GPX file which Strava exported. Such files are seen at other services.
_STRAVA = b"StravaGPX"
_HEAD = 4096


@dataclass(frozen=True, slots=True)
class SentFile:
    """A file to upload."""

    name: str
    content: bytes
    # The claim of a file that FitGlue has made. An original has none here: its claim is that of the
    # record that it is from, which is no copy of what was sent.
    claim: str | None = None

    @property
    def is_original(self) -> bool:
        """Whether a device or an app wrote it, and not FitGlue."""
        return self.claim is None


def files_of(delivery: Delivery) -> Iterator[SentFile]:
    """Yield the files that may be uploaded, the preferred one first.

    The original is preferred: it has everything that the device recorded, and the service knows it
    again by its hash. The other one is for activities without an original, and for an original that
    the service cannot read.

    Raises:
        RecordRefused: If no FIT file can be made from the activity.
        UserMistake: FG-extra-missing if the library that writes FIT files is not installed.
    """
    original = _original(delivery)
    if original is not None:
        yield original
    yield _made(delivery)


def _original(delivery: Delivery) -> SentFile | None:
    """Return the original file, or None if there is none that may be sent."""
    file = delivery.file
    if file is None or _is_from_strava(file.content) or _has_other_legs(delivery.activity):
        return None
    kind = kind_of(file.content[:_HEAD])
    if kind not in (*_ACCEPTED, "gzip"):
        return None
    suffix = f"{file.format}.gz" if file.content.startswith(GZIP) else file.format
    return SentFile(_name(delivery, suffix), file.content)


def _made(delivery: Delivery) -> SentFile:
    """Return a FIT file with everything that is known about the activity."""
    content = write_fit(delivery.activity, serial=delivery.serial)
    digest = hashlib.sha256(content).hexdigest()
    return SentFile(
        _name(delivery, "fit"),
        content,
        claim("file", f"sha256:{digest}#0"),
    )


def _name(
    delivery: Delivery,
    suffix: str,
) -> str:
    """Return the name of the file.

    Seen: an upload without an external id gets the name of its file as its id. So the name says
    whose it is, too.
    """
    return f"{external_id_of(delivery)}.{suffix}"


def _has_other_legs(activity: SourceActivity) -> bool:
    """Return whether the file of an activity has the other legs of a multisport event as well.

    Each leg is an activity of its own here, and the service would make all of them of the file.
    """
    return activity.parent is not None or activity.leg_no > 0


def _is_from_strava(content: bytes) -> bool:
    return _STRAVA in content[:_HEAD]
