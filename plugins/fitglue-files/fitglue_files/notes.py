"""Keeps what a look at a member said, so that a second sync of ten thousand files opens none of
them again.
"""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

_EVERY = 200
#: What stands in every key: another version may see more in the same file.
_READER = 1


class Notes:
    """Values by the key of a member, in a file that may be lost at any time; without a folder they
    live as long as the process.
    """

    _kept: dict[str, str] = {}  # noqa: RUF012 - of the process, for hosts that give no folder

    def __init__(self, folder: Path | None) -> None:
        self._db: sqlite3.Connection | None = None
        self._unsaved = 0
        self._version = f"{_READER}/{_version('fitglue-files')}/{_version('fitglue-formats')}\0"
        if folder is not None:
            self._open(folder / "seen.sqlite")

    def __enter__(self) -> Notes:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._db is not None:
            with closing(self._db):
                self._save()

    def get(self, key: str) -> dict[str, Any] | None:
        """What was noted, if anything."""
        try:
            if self._db is None:
                text = self._kept.get(self._version + key)
            else:
                row = self._db.execute(
                    "select value from seen where key = ?", (self._bytes(key),)
                ).fetchone()
                text = row[0] if row else None
            value = json.loads(text) if text else None
        except (sqlite3.Error, ValueError):
            return None
        return value if isinstance(value, dict) else None

    def put(self, key: str, value: dict[str, Any]) -> None:
        """Note something; where that fails, the next sync looks again."""
        text = json.dumps(value, separators=(",", ":"))
        if self._db is None:
            self._kept[self._version + key] = text
            return
        try:
            self._db.execute("insert or replace into seen values (?, ?)", (self._bytes(key), text))
            self._unsaved += 1
            if self._unsaved >= _EVERY:
                self._save()
        except sqlite3.Error:
            self._unsaved = 0

    def _open(self, file: Path) -> None:
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(file, timeout=1.0, check_same_thread=False)
            self._db.execute("pragma synchronous = off")
            self._db.execute(
                "create table if not exists seen (key blob primary key, value text not null) "
                "without rowid"
            )
        except (OSError, sqlite3.Error):
            if self._db is not None:
                self._db.close()
            self._db = None

    def _save(self) -> None:
        try:
            if self._db is not None:
                self._db.commit()
        except sqlite3.Error:
            pass
        self._unsaved = 0

    def _bytes(self, key: str) -> bytes:
        # Names of files need not be Unicode.
        return (self._version + key).encode("utf-8", "surrogateescape")


def _version(distribution: str) -> str:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return "0"
