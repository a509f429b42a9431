"""Creates the file of a new SQLite database so that only its owner can read it."""

from __future__ import annotations

import logging
import os
from contextlib import suppress
from typing import TYPE_CHECKING

from fitglue_registry.errors import Place, StoreFailed
from fitglue_registry.private_files import HAS_MODES, make_private_folder, new_private_file
from fitglue_registry.store.driver_errors import RESTORE

if TYPE_CHECKING:
    from pathlib import Path

log = logging.getLogger(__name__)


def prepare_file(path: Path, *, follows_link: bool = False) -> None:
    """Create the folder and the file of a new database, or check those of an existing one.

    Args:
        path: The file, and not a link to it.
        follows_link: Whether a link leads to the file. Its folder is then not created: it is
            missing while a disk is not mounted.

    Raises:
        StoreFailed: FG-store-unreachable if one of them cannot be used; FG-store-damaged if the
            file is empty although a store was here.
    """
    if is_in_memory(path):
        return
    try:
        if not follows_link:
            make_private_folder(path.parent)
        _refuse_missing_folder(path)
        _refuse_links(path)
        _refuse_emptied_file(path)
        _create_private(path)
    except OSError as error:
        raise StoreFailed(
            "FG-store-unreachable",
            "the folder or the file of the database cannot be used",
            at=Place(error.filename or str(path)),
            why=error.strerror,
            fix="give yourself permission to write there, or set FITGLUE_HOME to another folder",
        ) from error


def is_in_memory(path: Path) -> bool:
    """Return whether the name is one of SQLite's for a database in memory."""
    return path.name.startswith((":", "file:"))


def _refuse_emptied_file(path: Path) -> None:
    """Raise ``StoreFailed`` FG-store-damaged if the file is empty although a store was here.

    SQLite takes an empty file for a new database, so a store that was truncated would silently
    start over as an empty one. The folder of locks shows that a sync has run here.
    """
    was_used = (path.parent / "locks").is_dir()
    if path.is_file() and not path.stat().st_size and was_used:
        raise StoreFailed(
            "FG-store-damaged",
            "the database file is empty",
            at=Place(str(path)),
            why="a store was here: the lock files of its connections are beside it",
            fix=RESTORE,
        )


def _refuse_missing_folder(path: Path) -> None:
    if not path.parent.is_dir():
        raise StoreFailed(
            "FG-store-unreachable",
            "the link to the database leads to a folder that does not exist",
            at=Place(str(path.parent)),
            fix="mount the disk or create the folder, or remove the link",
        )


def _refuse_links(path: Path) -> None:
    """Refuse a link in the place of the file or of one that SQLite keeps beside it.

    A link to the database was followed before. SQLite would follow the others, and create a file
    with access for other users where they lead.
    """
    for ending in ("", "-wal", "-shm", "-journal"):
        file = path.with_name(f"{path.name}{ending}")
        if file.is_symlink():
            raise StoreFailed(
                "FG-store-unreachable",
                "a link is in the place of a file of the database",
                at=Place(str(file)),
                why="SQLite would write where the link leads, with access for other users",
                fix="remove the link; to keep the database on another disk, make a link to the "
                "database itself",
            )


def _create_private(path: Path) -> None:
    """Create the file of a new database so that only its owner can read it.

    It shows where the athlete lives and trains. SQLite would create the file with the umask, and
    another user could open it before its mode is changed. SQLite gives ``-wal`` and ``-shm`` the
    mode of the database.
    """
    with suppress(OSError):  # SQLite reports a better error
        if not new_private_file(path) and HAS_MODES and path.stat().st_uid != os.geteuid():
            log.warning("%s belongs to another user, who can read and change it", path)
