"""Checks that the values of a manifest are possible, and that formats in it exist."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING

from fitglue_registry.backup.database_file import check_known
from fitglue_registry.backup.manifest import BACKUP_FORMAT, DATABASE, MANIFEST, damaged
from fitglue_registry.store.formats import FORMATS, HEAD

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from fitglue_registry.backup.manifest import Manifest

_SHA256 = re.compile(r"[0-9a-f]{64}\Z")
_DATABASES = ("sqlite", "postgresql")
_LATEST_YEAR = 9000
_IS_FORMAT = re.compile(r"[0-9]{4}\Z")


def check_values(path: Path, manifest: Manifest) -> None:
    """Check every value of a manifest that can be checked without the files.

    Raises:
        StoreFailed: FG-backup-damaged, which says which value is impossible; FG-store-newer if the
            database has a newer format.
    """
    for why in _impossible(manifest):
        raise damaged(path, f"{MANIFEST} of the backup is damaged", why)
    if manifest.store_format not in FORMATS and not _is_newer(manifest.store_format):
        raise damaged(
            path,
            f"{MANIFEST} of the backup is damaged",
            f"the database would have the format {ascii(manifest.store_format)[:40]}, which never "
            f"existed; the formats are {', '.join(FORMATS)}",
        )
    check_known(manifest.store_format, "backup", path)


def _is_newer(format_: str) -> bool:
    return bool(_IS_FORMAT.match(format_)) and format_ > HEAD


def _impossible(manifest: Manifest) -> Iterator[str]:
    """Yield what is impossible in a manifest."""
    if not 1 <= manifest.backup_format <= BACKUP_FORMAT:
        yield f"a backup of the format {manifest.backup_format} never existed"
    if not _is_moment(manifest.made_at):
        yield "made_at is not a time"
    if manifest.database not in _DATABASES:
        yield "database is neither sqlite nor postgresql"
    if min(manifest.rows.values(), default=0) < 0:
        yield "a number of rows is negative"
    if not all(_SHA256.match(sha256) for sha256 in manifest.absent):
        yield "absent contains a text that is not a hash"
    yield from _impossible_files(manifest)


def _impossible_files(manifest: Manifest) -> Iterator[str]:
    has_database = False
    for member in manifest.files:
        has_database = has_database or member.name == DATABASE
        if member.size < 0 or not _SHA256.match(member.sha256):
            yield f"size or hash of {member.name} is impossible"
        # An original file is addressed by the hash of its content, which is its name.
        in_name = member.name.rpartition("/")[2]
        if member.name.startswith("blobs/") and member.sha256 != in_name:
            yield f"the hash of {member.name} is not its name"
    if has_database and manifest.database != "sqlite":
        yield f"it names {DATABASE}, but the store was in {manifest.database}"
    sealed = [member for member in manifest.named("secrets") if member.name.endswith(".sealed")]
    if len(sealed) != manifest.secrets:
        yield f"it states {manifest.secrets} secrets and names {len(sealed)}"


def _is_moment(text: str) -> bool:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return False
    # At either end of the calendar, a time cannot be shown in another zone.
    return moment.tzinfo is not None and 1970 <= moment.year <= _LATEST_YEAR
