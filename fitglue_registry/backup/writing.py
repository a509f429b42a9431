"""Writes the ZIP file of a backup, and collects size and hash of each file for the manifest."""

from __future__ import annotations

import hashlib
import os
import zipfile
from contextlib import contextmanager
from io import BytesIO
from typing import IO, TYPE_CHECKING

from fitglue_registry.backup.manifest import MANIFEST, Manifest, Member, encode_manifest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_CHUNK = 1 << 20


class BackupWriter:
    """A backup that is being written; ``members`` lists the files that it has so far."""

    def __init__(self, zip_file: zipfile.ZipFile) -> None:
        self._zip_file = zip_file
        self.members: list[Member] = []

    def add(self, name: str, content: IO[bytes]) -> None:
        """Add one file with the content of an open file."""
        self.members.append(self._write(name, content))

    def add_bytes(self, name: str, content: bytes) -> None:
        """Add one file with this content."""
        self.add(name, BytesIO(content))

    def finish(self, manifest: Manifest) -> None:
        """Add the manifest, which lists every other file and therefore comes last."""
        self._write(MANIFEST, BytesIO(encode_manifest(manifest)))

    def _write(self, name: str, content: IO[bytes]) -> Member:
        digest = hashlib.sha256()
        size = 0
        # The size is not known beforehand, and a database may exceed the 2 GiB of plain ZIP.
        with self._zip_file.open(name, "w", force_zip64=True) as file:
            while chunk := content.read(_CHUNK):
                digest.update(chunk)
                size += len(chunk)
                file.write(chunk)
        return Member(name, size, digest.hexdigest())


@contextmanager
def write_backup(path: Path) -> Iterator[BackupWriter]:
    """Write a new backup, and flush it to the disk at the end."""
    with new_private_file(path).open("wb") as file:
        # The fastest level: most of the content is compressed already.
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as zip_file:
            yield BackupWriter(zip_file)
        file.flush()
        os.fsync(file.fileno())


def new_private_file(path: Path) -> Path:
    """Create an empty file that only its owner may read, and return its path.

    The tracks in a store show where the athlete lives and when nobody is at home.
    """
    path.touch(mode=0o600)
    return path
