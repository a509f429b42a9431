"""Bounds what opening a backup can cost, because anybody can write a ZIP file.

Everything is checked before it is unpacked: the directory before ``zipfile`` reads it, the methods
of compression before anything is decompressed, and the sizes before anything is written.
"""

from __future__ import annotations

import os
import struct
import zipfile
from typing import IO, TYPE_CHECKING

from fitglue_registry.backup.manifest import LARGEST_MANIFEST, MANIFEST, damaged
from fitglue_registry.input_files import LARGEST_FILE
from fitglue_registry.payloads import ZIP_END

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from fitglue_registry.backup.manifest import Manifest

#: The most files in a backup. A manifest of the largest size names fewer if they have hashes.
MOST_FILES = 100_000
#: The largest original file in bytes, which is also the largest file that an import reads.
LARGEST_ORIGINAL = LARGEST_FILE
#: How many bytes a backup may always unpack to, and how many times its own size. The pages of a
#: database compress to about a fifth, and text such as GPX to about a twentieth.
FREE_BYTES = 64_000_000
MOST_TIMES = 100

#: A directory has about 130 bytes for each file. ``zipfile`` needs up to 15 times its size in
#: memory, if someone fills it with files that have no name.
_LARGEST_DIRECTORY = 12_000_000
_METHODS = {zipfile.ZIP_STORED: "stored", zipfile.ZIP_DEFLATED: "deflate"}
_ENCRYPTED = 0x1  # a bit of the flags of a file in a ZIP file (APPNOTE 4.4.4)

# The records at the end of a ZIP file (APPNOTE 4.3.14 to 4.3.16), without comment: signature,
# size of the directory, length of the comment; in the locator, where the larger record is.
_END = struct.Struct("<4s8xI4xH")
_END_64 = struct.Struct("<4s36xQ8x")
_LOCATOR = struct.Struct("<4s4xQ4x")


def check_directory(path: Path, file: IO[bytes]) -> None:
    """Check the size of the directory of a ZIP file before ``zipfile`` reads it into memory.

    Raises:
        StoreFailed: FG-backup-damaged if it is too large, or is not at the end of the file.
    """
    size = _directory_size(file)
    file.seek(0)
    if size is None:
        raise damaged(
            path,
            "the backup is incomplete or damaged",
            "the directory of the ZIP file is not at its end",
        )
    if size > _LARGEST_DIRECTORY:
        raise damaged(
            path,
            "the backup lists more files than a backup can contain",
            f"its directory has {size:,} bytes; at most {_LARGEST_DIRECTORY:,} are read",
        )


def _directory_size(file: IO[bytes]) -> int | None:
    """Return the size that the records at the end of a ZIP file state, ``None`` without them."""
    length = file.seek(0, os.SEEK_END)
    file.seek(max(0, length - _END_64.size - _LOCATOR.size - _END.size))
    ending = file.read()
    end = ending[-_END.size :]
    if len(end) < _END.size:
        return None
    signature, size, comment = _END.unpack(end)
    if signature != ZIP_END or comment:
        return None
    # A ZIP file of more than 4 GB has a larger record before this one. ``zipfile`` uses it whenever
    # it is there.
    locator = ending[-_END.size - _LOCATOR.size : -_END.size]
    if not locator.startswith(b"PK\6\7"):
        return int(size)
    record = ending[: -_END.size - _LOCATOR.size]
    if len(record) < _END_64.size:
        return None
    _, at = _LOCATOR.unpack(locator)
    signature, size = _END_64.unpack(record)
    is_here = at == length - _END.size - _LOCATOR.size - _END_64.size
    return int(size) if signature == b"PK\6\6" and is_here else None


def check_members(path: Path, members: Iterable[zipfile.ZipInfo]) -> None:
    """Check how the files of a backup are packed, before any of them is unpacked.

    Raises:
        StoreFailed: FG-backup-damaged for a method that ``make`` does not use, since ``zipfile``
            unpacks others without a limit, or for an encrypted file.
    """
    for member in members:
        what = f"{ascii(member.filename)[1:-1]} of the backup is not packed as a backup is"
        if member.compress_type not in _METHODS:
            known = " or ".join(_METHODS.values())
            raise damaged(
                path, what, f"its compression method is {member.compress_type}, not {known}"
            )
        if member.flag_bits & _ENCRYPTED:
            raise damaged(path, what, "it is encrypted")


def read_manifest_file(path: Path, zip_file: zipfile.ZipFile) -> bytes:
    """Return the content of the manifest.

    Raises:
        StoreFailed: FG-backup-damaged if it is larger than ``LARGEST_MANIFEST``.
    """
    with zip_file.open(MANIFEST) as file:
        content = file.read(LARGEST_MANIFEST + 1)
    if len(content) > LARGEST_MANIFEST:
        raise damaged(
            path,
            f"{MANIFEST} of the backup is too large",
            f"it has more than {LARGEST_MANIFEST:,} bytes",
        )
    return content


def check_sizes(
    path: Path,
    manifest: Manifest,
    size: int,
) -> None:
    """Check what the files of a backup unpack to, before anything is written.

    Args:
        path: The backup.
        manifest: Its manifest; no file is read beyond the size that it states.
        size: The size of the backup in bytes.

    Raises:
        StoreFailed: FG-backup-damaged.
    """
    if len(manifest.files) > MOST_FILES:
        raise damaged(path, f"the backup names more than {MOST_FILES:,} files")
    for member in manifest.named("blobs"):
        if member.size > LARGEST_ORIGINAL:
            raise damaged(
                path,
                f"{member.name} of the backup is too large",
                f"it would have {member.size:,} bytes; an original file has at most "
                f"{LARGEST_ORIGINAL:,}",
            )
    unpacked = sum(member.size for member in manifest.files)
    most = max(FREE_BYTES, MOST_TIMES * size)
    if unpacked > most:
        raise damaged(
            path,
            "the backup would unpack to far more than its own size",
            f"{unpacked:,} bytes from {size:,}; at most {most:,} are unpacked",
        )
