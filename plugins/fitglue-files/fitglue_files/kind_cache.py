"""A cache of the kinds of members, so that none is opened again while it stays as it is.

An import recognizes, connects and lists the same files, one after the other in one process. Opening
each member three times would take most of a second import. A second sync of ten thousand files, in
another process, opens none.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing, suppress
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

#: The number of kinds that a process remembers.
_MOST_REMEMBERED = 200_000
#: The number of kinds that are committed together.
_BATCH = 200
#: A part of every key, like the versions of the packages: another version may find more in a file.
_READER = 2


class KindCache:
    """Kinds by the key of a member: the process remembers them, and an SQLite file, which may be
    lost at any time, keeps them for the next one.

    No method raises: a failure only means that the next sync opens the members again.

    Args:
        folder: The folder for the file; ``None`` for only what the process remembers.
    """

    _remembered: ClassVar[dict[str, str]] = {}

    def __init__(self, folder: Path | None = None) -> None:
        self._db: sqlite3.Connection | None = None
        self._unsaved = 0
        versions = (_version("fitglue-files"), _version("fitglue-formats"))
        self._prefix = f"{_READER}/{'/'.join(versions)}\0"
        if folder is not None:
            self._open(folder)

    def __enter__(self) -> KindCache:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._db is not None:
            with closing(self._db) as db:
                self._save(db)

    def get(self, key: str) -> str | None:
        """Return the kind of a member, or ``None`` if the cache does not have it."""
        kind = self._read(key)
        if kind is not None:
            return kind
        kind = self._remembered.get(self._prefix + key)
        if kind is not None:
            self._keep(key, kind)
        return kind

    def put(self, key: str, kind: str) -> None:
        """Store the kind of a member."""
        if len(self._remembered) >= _MOST_REMEMBERED:
            self._remembered.clear()
        self._remembered[self._prefix + key] = kind
        self._keep(key, kind)

    def _keep(self, key: str, kind: str) -> None:
        """Write a kind to the file, if there is one."""
        if self._db is None:
            return
        row = (self._bytes(key), kind)
        try:
            self._db.execute("insert or replace into kinds values (?, ?)", row)
        except sqlite3.Error:
            # On a full disk, for example, SQLite may have rolled the whole batch back.
            self._unsaved = 0
            return
        self._unsaved += 1
        if self._unsaved >= _BATCH:
            self._save(self._db)

    def _read(self, key: str) -> str | None:
        """Return the kind in the file, or ``None``."""
        if self._db is None:
            return None
        query = "select kind from kinds where key = ?"
        try:
            row = self._db.execute(query, (self._bytes(key),)).fetchone()
        except sqlite3.Error:
            return None
        if row is None:
            return None
        text: str = row[0]
        return text

    def _open(self, folder: Path) -> None:
        """Open the file in a folder; if that fails, only what the process remembers is used."""
        db = None
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            path = folder / "kinds.sqlite"
            _create_private(path)
            db = sqlite3.connect(
                path,
                timeout=1.0,
                check_same_thread=False,
            )
            # The file may be lost, so waiting for the disk is not worth it.
            db.execute("pragma synchronous = off")
            db.execute(
                "create table if not exists kinds (key blob primary key, kind text not null) "
                "without rowid"
            )
        except (OSError, sqlite3.Error):
            if db is not None:
                db.close()
            return
        self._db = db

    def _save(self, db: sqlite3.Connection) -> None:
        """Commit the kinds; if that fails, the next sync finds them again."""
        with suppress(sqlite3.Error):
            db.commit()
        self._unsaved = 0

    def _bytes(self, key: str) -> bytes:
        # File names are bytes that need not be valid UTF-8.
        return (self._prefix + key).encode("utf-8", "surrogateescape")


def _create_private(path: Path) -> None:
    """Create the file, if it does not exist, so that only its owner can use it.

    SQLite would create it with the umask: others could read which files exist, or change what is
    found in them.
    """
    with suppress(FileExistsError):
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        os.close(handle)
        # A umask may have taken away permissions of the owner.
        path.chmod(0o600)


def _version(distribution: str) -> str:
    """Return the version of a distribution, or 0 if the package is used without being installed."""
    try:
        return version(distribution)
    except PackageNotFoundError:
        return "0"
