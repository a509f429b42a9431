"""What is in a backup: the manifest names every file of it and says what each must be.

A backup is one ZIP file. It can be copied to anywhere as a whole, its list of contents is read
without reading all of it, one that was cut off has none and is noticed, and whoever has lost this
program still opens it with what every system brings along.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec

from fitglue_registry.errors import Place, StoreFailed, UserMistake

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

#: The newest form that this version writes and reads.
BACKUP_FORMAT = 1
MANIFEST = "manifest.json"
DATABASE = "fitglue.db"

# A name becomes a path when it is restored, so nothing else may pass.
_NAME = re.compile(
    r"(fitglue\.db|blobs/(?P<two>[0-9a-f]{2})/(?P<four>[0-9a-f]{2})/(?P=two)(?P=four)[0-9a-f]{60}"
    r"|secrets/(secrets\.key|[0-9a-f]{32}\.sealed))\Z"
)


class Member(msgspec.Struct, frozen=True):
    """One file of a backup."""

    name: str
    size: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a backup is: ``files`` has all of it, ``absent`` the originals that the store had lost
    before.
    """

    backup_format: int
    made_at: str
    host_version: str
    database: str  # sqlite; or postgresql, and then the database itself is not in the backup
    store_format: str
    rows: dict[str, int]
    secrets: int
    secrets_left_out: int
    absent: tuple[str, ...]
    files: tuple[Member, ...]

    def named(self, folder: str) -> list[Member]:
        """Return the files of one folder."""
        return [member for member in self.files if member.name.startswith(f"{folder}/")]


class _Form(msgspec.Struct):
    backup_format: int


def encode_manifest(manifest: Manifest) -> bytes:
    """Return the content of ``manifest.json``, for people to read too."""
    return msgspec.json.format(msgspec.json.encode(manifest))


def decode_manifest(path: Path, content: bytes) -> Manifest:
    """Return the manifest of the backup at ``path``.

    Raises ``StoreFailed`` FG-backup-newer, and ``ValueError`` for a content that is damaged.
    """
    form = msgspec.json.decode(content, type=_Form).backup_format
    if form > BACKUP_FORMAT:
        raise StoreFailed(
            "FG-backup-newer",
            f"the backup was made by a newer fitglue (form {form}, this one knows {BACKUP_FORMAT})",
            at=Place(str(path)),
            fix="upgrade fitglue-registry",
        )
    return msgspec.json.decode(content, type=Manifest)


def check_names(
    path: Path,
    names: Collection[str],
    manifest: Manifest,
) -> None:
    """Raise ``StoreFailed`` FG-backup-damaged unless the manifest names exactly the files that are
    there, each once and each as a backup may call it.
    """
    promised = [member.name for member in manifest.files]
    broken = f"{MANIFEST} of the backup is damaged"
    for name in promised:
        if not _NAME.match(name):
            raise damaged(path, broken, f"it names {name!r}")
    if len(set(promised)) != len(promised):
        raise damaged(path, broken, "it names a file twice")
    expected = sorted([*promised, MANIFEST])
    there = sorted(names)
    if there == expected:
        return
    differing = sorted(set(there) ^ set(expected))
    first = differing[0] if differing else there[0]
    if first in promised:
        raise damaged(path, f"{first} of the backup is missing")
    raise damaged(path, f"{first} of the backup is not in its manifest")


def damaged(
    path: Path,
    what: str,
    why: str | None = None,
) -> StoreFailed:
    """Return the error for a backup that is not what it must be."""
    return StoreFailed(
        "FG-backup-damaged", what, at=Place(str(path)), why=why, fix="take an older backup"
    )


def no_backup(path: Path, why: str) -> UserMistake:
    """Return the error for a file that is something else."""
    return UserMistake(
        "FG-backup-unknown",
        "this is no backup of fitglue",
        at=Place(str(path)),
        why=why,
        fix="name a file that `fitglue backup make` wrote",
    )
