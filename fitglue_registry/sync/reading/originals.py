"""Unpacks original files and recognizes their formats; what is compressed, in a worker process.

The functions run in a worker process, so they never see the store.
"""

from __future__ import annotations

import io
import zipfile
import zlib

from fitglue_registry.payloads import (
    GZIP,
    LARGEST_PART,
    ZIP_STARTS,
    BeyondLimits,
    DamagedPayload,
    unpack_gzip,
)

#: The number of bytes that are examined to recognize the format.
_HEAD = 2000
#: The number of compressed bytes that contain such a head. deflate (RFC 1951) never makes bytes
#: much larger, but the header of a gzip file can contain a long name.
PACKED_HEAD = 1 << 16
#: What zipfile raises for a damaged zip. RuntimeError stands for features that it does not know,
#: and IndexError for a member without a name.
_UNREADABLE_ZIP = (
    zipfile.BadZipFile,
    zlib.error,
    OSError,
    ValueError,
    RuntimeError,
    IndexError,
    MemoryError,
)


def unpack_in_worker(content: bytes) -> bytes | None:
    """Return the content of a gzip file, or ``None`` if it is damaged or too large."""
    try:
        return unpack_gzip(content, LARGEST_PART)
    except (BeyondLimits, DamagedPayload, MemoryError):
        return None


def unzip_in_worker(content: bytes) -> bytes | None:
    """Return the only file in a zip, or ``None`` if it has several, is damaged or too large.

    Some services deliver each original file in a zip.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as opened:
            members = [info for info in opened.infolist() if not info.is_dir()]
            # No more than the stated size is unpacked, and only deflate is unpacked piece by piece.
            if len(members) != 1 or members[0].file_size > LARGEST_PART:
                return None
            if members[0].compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                return None
            return opened.read(members[0])
    except _UNREADABLE_ZIP:
        return None


def packed_suffix_in_worker(packed: bytes) -> str:
    """Return the file name extension for a gzip file that begins with some bytes.

    Args:
        packed: At most ``PACKED_HEAD`` bytes.
    """
    try:
        # Only the beginning is unpacked, so that a compression bomb cannot fill the memory.
        # wbits=31 selects the gzip format (zlib manual, inflateInit2).
        head = zlib.decompressobj(wbits=31).decompress(packed, _HEAD)
    except zlib.error:
        return ".gz"
    # A gzip in a gzip is not unpacked further.
    return ".gz" if head.startswith(GZIP) else f"{suffix_of(head)}.gz"


def suffix_of(content: bytes) -> str:
    """Return the file name extension for a content that is not compressed, or for a zip."""
    if content.startswith(ZIP_STARTS):
        return ".zip"
    # The FIT protocol puts this data type at byte 8 of the file header.
    if content[8:12] == b".FIT":
        return ".fit"
    head = content[:_HEAD].lower()
    if b"<gpx" in head:
        return ".gpx"
    if b"<trainingcenter" in head:
        return ".tcx"
    return ".bin"
