"""The manifest of a backup, which lists every file in it with its size and its hash.

A backup is one ZIP file: it is copied in one piece; its directory is at its end, so a file that was
truncated is noticed at once; and someone who has lost this program can still open it with the tools
of any system.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec

from fitglue_registry.errors import Place, StoreFailed, UserMistake

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

#: The newest backup format that this version reads, and the one that it writes.
BACKUP_FORMAT = 1
MANIFEST = "manifest.json"
#: The largest manifest in bytes, and the most original files that fit into one.
LARGEST_MANIFEST = 16_000_000
MOST_ORIGINALS = 80_000
DATABASE = "fitglue.db"

# A name becomes a path when a backup is restored, so no other name (such as "../x") may pass.
_NAME = re.compile(
    r"(fitglue\.db|blobs/(?P<two>[0-9a-f]{2})/(?P<four>[0-9a-f]{2})/(?P=two)(?P=four)[0-9a-f]{60}"
    r"|secrets/(secrets\.key|[0-9a-f]{32}\.sealed))\Z"
)


class Member(msgspec.Struct, frozen=True):
    """One file of a backup."""

    name: str  # inside the ZIP file
    size: int  # bytes, uncompressed
    sha256: str  # of the uncompressed content


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """The description of a backup, stored in it as JSON."""

    backup_format: int
    made_at: str
    host_version: str
    database: str  # "sqlite"; or "postgresql", and then the database is not in the backup
    store_format: str  # the format of the database
    rows: dict[str, int]  # table → number of rows
    secrets: int  # how many secrets are in the backup
    secrets_left_out: int  # how many are not: not asked for, or in a keyring
    absent: tuple[str, ...]  # the hashes of original files that the store had lost before
    # The triggers, views, tables and indexes of other programs, which are not in the backup.
    left_out: tuple[str, ...] = ()
    files: tuple[Member, ...]  # all files except the manifest

    def named(self, folder: str) -> list[Member]:
        """Return the files of one folder."""
        return [member for member in self.files if member.name.startswith(f"{folder}/")]


class _Format(msgspec.Struct):
    """The only field that every future manifest must have."""

    backup_format: int


def encode_manifest(manifest: Manifest) -> bytes:
    """Return the content of ``manifest.json``, indented for people to read unless it is large."""
    content = msgspec.json.encode(manifest)
    indented = msgspec.json.format(content)
    return indented if len(indented) <= LARGEST_MANIFEST else content


def decode_manifest(path: Path, content: bytes) -> Manifest:
    """Return the manifest of the backup at ``path``.

    Raises:
        StoreFailed: FG-backup-newer.
        ValueError: The content is damaged.
    """
    # Read first: the other fields of a newer format may be different.
    format_ = msgspec.json.decode(content, type=_Format).backup_format
    if format_ > BACKUP_FORMAT:
        raise StoreFailed(
            "FG-backup-newer",
            f"the backup was made by a newer version of FitGlue (format {format_}; this version "
            f"knows {BACKUP_FORMAT})",
            at=Place(str(path)),
            fix="upgrade fitglue-registry",
        )
    return msgspec.json.decode(content, type=Manifest)


def check_names(
    path: Path,
    names: Collection[str],
    manifest: Manifest,
) -> None:
    """Raise ``StoreFailed`` FG-backup-damaged unless the manifest matches the files of the backup.

    It must list exactly those files, each once, and with names that a backup can contain.
    """
    promised = [member.name for member in manifest.files]
    broken = f"{MANIFEST} of the backup is damaged"
    for name in promised:
        if not _NAME.match(name):
            raise damaged(path, broken, f"it names {name[:100]!a}")
    if len(set(promised)) != len(promised):
        raise damaged(path, broken, "it names a file twice")
    expected = sorted([*promised, MANIFEST])
    present = sorted(names)
    if present == expected:
        return
    # Lists, not sets, are compared: a ZIP file can contain one name twice.
    differing = sorted(set(present) ^ set(expected))
    first = differing[0] if differing else present[0]
    # Any name can be in a ZIP file, such as one with control characters.
    shown = ascii(first[:100])[1:-1]
    if first in promised:
        raise damaged(path, f"{shown} of the backup is missing")
    raise damaged(path, f"{shown} of the backup is not in its manifest")


def damaged(
    path: Path,
    what: str,
    why: str | None = None,
) -> StoreFailed:
    """Return the error for a backup that is damaged."""
    return StoreFailed(
        "FG-backup-damaged", what, at=Place(str(path)), why=why, fix="take an older backup"
    )


def not_a_backup(path: Path, why: str) -> UserMistake:
    """Return the error for a file that is not a backup."""
    return UserMistake(
        "FG-backup-unknown",
        "this file is not a FitGlue backup",
        at=Place(str(path)),
        why=why,
        fix="name a file that `fitglue backup make` wrote",
    )
