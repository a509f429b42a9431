"""The original file of a workout: the member of a downloaded zip, and the workouts in it.

It runs in a worker process, because anybody may have made the file.
"""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from typing import TYPE_CHECKING

from fitglue_formats import activities, kind_of, refusal
from fitglue_registry.payloads import LARGEST_BODY, ZIP_STARTS

if TYPE_CHECKING:
    from fitglue_registry.model import SourceActivity

#: Seen: a zip has one member. One with more than this was not made by Garmin.
_MOST_MEMBERS = 32
#: The bytes of a zip's index that its members can have at most: 46 bytes and a name of 64 kB each,
#: with some room for remarks.
_LARGEST_INDEX = 1 << 20
#: The number of bytes that show the format of a file.
_HEAD = 4096
#: ZIP specification (APPNOTE), general purpose bit flag: bit 0 means encrypted.
_ENCRYPTED = 0x1
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
#: What zipfile raises for a damaged zip. RuntimeError stands for features that it does not know,
#: which a changed byte can state, and IndexError for a member without a name.
_DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    OSError,
    ValueError,
    RuntimeError,
    IndexError,
)
_FIX = "nothing to do: the workout is stored with the values of Garmin Connect"


def workouts_of(content: bytes) -> list[SourceActivity]:
    """Return the workouts of a downloaded file.

    Their claims contain the hash of the member and not that of the zip: a folder may hold a copy of
    the file, and Garmin packs it anew for each download.

    Args:
        content: The zip, or the file itself.

    Raises:
        RecordRefused: If the zip cannot be opened, or contains no file that can be used.
    """
    return activities(member_of(content))


def member_of(content: bytes) -> bytes:
    """Return the original file in a zip; a content that is not a zip is returned unchanged.

    The names of the members are not used. If several members are workouts, the first FIT file is
    taken, because FIT is what devices record.

    Raises:
        RecordRefused: If the zip is damaged or unpacks to too much, or contains no workout.
    """
    if not content.startswith(ZIP_STARTS):
        return content
    try:
        members = _members(content)
    except _DAMAGED as error:
        raise refusal(
            "FG-zip-broken",
            "the downloaded zip is damaged",
            _FIX,
        ) from error
    kinds = {kind_of(member[:_HEAD]): member for member in reversed(members)}
    for kind in ("fit", "tcx", "gpx"):
        if kind in kinds:
            return kinds[kind]
    raise refusal(
        "FG-no-file",
        "the downloaded zip contains no FIT, GPX or TCX file",
        _FIX,
    )


class _BoundedBytes(io.BytesIO):
    """Bytes of which no piece is read that is larger than the index of such a zip may be.

    zipfile reads the index at once, and its size is what the zip states.
    """

    bounded = True

    def read(self, size: int | None = -1) -> bytes:
        if self.bounded and size is not None and size > _LARGEST_INDEX:
            raise zipfile.BadZipFile("its index is too large")
        return super().read(size)


def _members(content: bytes) -> list[bytes]:
    """Return the contents of the members, which together have a limited size."""
    source = _BoundedBytes(content)
    left = LARGEST_BODY
    contents = []
    with zipfile.ZipFile(source) as opened:
        source.bounded = False
        infos = [info for info in opened.infolist() if not info.is_dir()]
        if len(infos) > _MOST_MEMBERS:
            raise refusal(
                "FG-zip-bomb",
                "the downloaded zip has too many members",
                _FIX,
            )
        for info in infos:
            if info.flag_bits & _ENCRYPTED:
                raise refusal(
                    "FG-file-encrypted",
                    "the downloaded zip is encrypted",
                    _FIX,
                )
            if info.compress_type not in _METHODS:
                why = "the downloaded zip is compressed with a method that is not expected"
                raise refusal(
                    "FG-zip-packing",
                    why,
                    _FIX,
                )
            # Not more than the stated size is unpacked, so it is enough to look at that.
            left -= info.file_size
            if left < 0:
                why = f"the downloaded zip unpacks to more than {LARGEST_BODY / 1e6:g} MB"
                raise refusal(
                    "FG-zip-bomb",
                    why,
                    _FIX,
                )
            contents.append(opened.read(info))
    return contents
