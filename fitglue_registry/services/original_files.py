"""Writes the original files of activities into a folder."""

from __future__ import annotations

import re
import zlib
from typing import TYPE_CHECKING

from fitglue_registry.errors import Place, StoreFailed
from fitglue_registry.output_files import refuse_link, write_new_file

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from fitglue_registry.store.activity_details import ActivityDetails

#: The number of bytes that are examined to recognize the format.
_HEAD = 2000
_LONGEST_ID = 40
#: Characters of an id that are replaced in a file name: all except letters and digits of any
#: script, ``-`` and ``_``.
_UNSAFE = re.compile(r"[^\w-]")


def save_original_files(files: Iterable[tuple[ActivityDetails, str, bytes]], folder: Path) -> int:
    """Write original files into a folder, named by date, number and id.

    Args:
        files: An activity, the external id of the record, and the content of its file.
        folder: The folder, which is created if necessary.

    Returns:
        The number of files that were written, or that were there already. A different file that has
        the name is kept, and the new one gets a number.

    Raises:
        UserMistake: FG-path-unusable if the folder is a link.
        StoreFailed: FG-export-failed if the folder or a file cannot be written.
    """
    written = 0
    refuse_link(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for activity, external_id, content in files:
            write_new_file(folder / _name(activity, external_id, content), content)
            written += 1
    except OSError as error:
        raise not_written(folder, error) from error
    return written


def _name(
    activity: ActivityDetails,
    external_id: str,
    content: bytes,
) -> str:
    safe_id = _UNSAFE.sub("-", external_id)[:_LONGEST_ID]
    return f"{activity.day}-{activity.number}-{safe_id}{_suffix(content)}"


def not_written(path: Path, error: OSError) -> StoreFailed:
    """Return the error for a file or folder that cannot be written."""
    return StoreFailed(
        "FG-export-failed",
        "the file cannot be written",
        at=Place(str(path)),
        why=error.strerror,
        fix="name a folder that exists, in which you may write, and with enough space",
    )


def _suffix(content: bytes) -> str:
    """Return the file name extension for a content; a gzip file stays compressed."""
    if content.startswith(b"\x1f\x8b"):
        try:
            # Only the beginning is unpacked, so that a compression bomb cannot fill the memory.
            # wbits=31 selects the gzip format (zlib manual, inflateInit2).
            unpacked = zlib.decompressobj(wbits=31).decompress(content, _HEAD)
        except zlib.error:
            return ".gz"
        return f"{_suffix(unpacked)}.gz"
    # The FIT protocol puts this data type at byte 8 of the file header.
    if content[8:12] == b".FIT":
        return ".fit"
    head = content[:_HEAD].lower()
    if b"<gpx" in head:
        return ".gpx"
    if b"<trainingcenter" in head:
        return ".tcx"
    return ".bin"
