"""Notes of references that a change may leave unused, so that the next change can clean up.

See ``changing.py``.
"""

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
    """A folder with one file for each noted reference.

    Args:
        folder: The folder, which exists.
        database: The database that may name the references. Databases that share the folder ignore
            each other's notes.
    """

    def __init__(self, folder: Path, database: str) -> None:
        self._folder = folder
        self._database = database

    def add(self, ref: str) -> None:
        """Note a reference durably; raise ``StoreFailed`` FG-secrets-unusable if that fails."""
        note = json.dumps({"ref": ref, "database": self._database})
        try:
            write_atomically(self._path(ref), note.encode())
        except OSError as error:
            raise not_changed(self._folder, error) from None

    def remove(self, ref: str) -> None:
        """Delete the note of a reference."""
        with suppress(OSError):  # the next change tries again
            self._path(ref).unlink(missing_ok=True)

    def refs(self) -> list[str]:
        """Return the references that are noted for this database."""
        noted = []
        for path in sorted(self._folder.glob(f"*{_SUFFIX}")):
            # A note that cannot be read is skipped: at worst, an unused secret stays behind.
            with suppress(OSError, ValueError, KeyError, TypeError):
                note = json.loads(path.read_bytes())
                if note["database"] == self._database:
                    noted.append(str(note["ref"]))
        return noted

    def _path(self, ref: str) -> Path:
        token = ref.rpartition("/")[2]
        return self._folder / f"{token}{_SUFFIX}"


def not_changed(folder: Path, error: OSError) -> StoreFailed:
    """Return the error for a change that is impossible, because it cannot be noted."""
    return StoreFailed(
        "FG-secrets-unusable",
        "a secret could not be changed",
        at=Place(str(folder)),
        why=error.strerror or str(error),
        fix="check that the folder belongs to you and that the disk has free space",
    )
