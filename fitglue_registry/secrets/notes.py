"""Notes of secrets whose fate is open, so that a change that was killed is settled by the next."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING

from fitglue_registry.durable import write_atomically
from fitglue_registry.errors import Place, StoreFailed

if TYPE_CHECKING:
    from pathlib import Path

_SUFFIX = ".open.json"


class Notes:
    """A folder of references whose fate is open, each in a file with the database that may name
    it.
    """

    def __init__(self, folder: Path, database: str) -> None:
        self._folder = folder
        self._database = database

    def add(self, ref: str) -> None:
        """Note a reference durably; raises ``StoreFailed`` (FG-secrets-unusable)."""
        note = json.dumps({"ref": ref, "database": self._database})
        try:
            write_atomically(self._path(ref), note.encode())
        except OSError as error:
            raise not_changed(self._folder, error) from None

    def remove(self, ref: str) -> None:
        """Forget a reference."""
        with suppress(OSError):  # it is asked for again with the next change
            self._path(ref).unlink(missing_ok=True)

    def refs(self) -> list[str]:
        """Return the references that are noted for this database."""
        noted = []
        for path in sorted(self._folder.glob(f"*{_SUFFIX}")):
            with suppress(OSError, ValueError, KeyError, TypeError):
                note = json.loads(path.read_bytes())
                if note["database"] == self._database:
                    noted.append(str(note["ref"]))
        return noted

    def _path(self, ref: str) -> Path:
        token = ref.rpartition("/")[2]
        return self._folder / f"{token}{_SUFFIX}"


def not_changed(folder: Path, error: OSError) -> StoreFailed:
    """Return the error for a change that could not be made."""
    return StoreFailed(
        "FG-secrets-unusable",
        "a secret could not be changed",
        at=Place(str(folder)),
        why=error.strerror or str(error),
        fix="check that the folder is yours and that the disk has room",
    )
