"""Changes of secrets that a crash cannot leave half done: no secret is lost, and none stays behind
that nothing names any more.

A keyring cannot be asked what it holds, so every reference whose fate is open is noted first, in a
file beside the sealed secrets. When the change is over, or when the next one begins after a crash,
what no row of the database names is deleted, and the notes go.
"""

from __future__ import annotations

import errno
import json
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from fitglue_registry.durable import UNFINISHED, make_folder, write_whole
from fitglue_registry.errors import FitglueError, Place, StoreFailed
from fitglue_registry.secrets.chain import ChainSecretStore
from fitglue_registry.secrets.references import new_reference

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping
    from pathlib import Path

    from fitglue_registry.secrets.protocol import SecretStore

_SUFFIX = ".open.json"


class SecretChange:
    """One change: what is ``put`` and what is ``left`` is settled at its end by what the database
    then names.
    """

    def __init__(self, store: SecretStore, notes: Notes | None) -> None:
        self._store, self._notes = store, notes
        self._open: list[str] = []

    def put(self, owner: str, values: Mapping[str, str], scheme: str | None = None) -> str:
        """Keep new values; ``scheme`` names another store of this machine than the one that is
        chosen for new secrets.
        """
        if not isinstance(self._store, ChainSecretStore):
            ref = self._store.put(owner, values)
            self._open.append(ref)
            return ref
        ref = new_reference(scheme or self._store.scheme, owner)
        self.leave(ref)
        self._store.keep(ref, values)
        return ref

    def leave(self, ref: str) -> None:
        """Say that this secret may not be needed when the change is over."""
        self._open.append(ref)
        if self._notes:
            self._notes.add(ref)

    def settle(self, named: Collection[str]) -> None:
        """Delete what is noted and not named; a store that cannot be opened now keeps its note, and
        is asked again another time.
        """
        for ref in dict.fromkeys((*self._open, *(self._notes.refs() if self._notes else ()))):
            with suppress(FitglueError):
                if ref not in named:
                    self._store.delete(ref)
                if self._notes:
                    self._notes.remove(ref)


class Notes:
    """A folder of references whose fate is open, each in a file with the database that may name
    it.
    """

    def __init__(self, folder: Path, database: str) -> None:
        self._folder, self._database = folder, database

    def add(self, ref: str) -> None:
        """Note a reference durably."""
        try:
            write_whole(
                self._path(ref), json.dumps({"ref": ref, "database": self._database}).encode()
            )
        except OSError as error:
            raise _unusable(self._folder, error) from None

    def remove(self, ref: str) -> None:
        """Forget a reference."""
        with suppress(OSError):  # it is asked for again with the next change
            self._path(ref).unlink(missing_ok=True)

    def refs(self) -> list[str]:
        """What is noted of this database."""
        found = []
        for path in sorted(self._folder.glob(f"*{_SUFFIX}")):
            with suppress(OSError, ValueError, KeyError, TypeError):
                note = json.loads(path.read_bytes())
                if note["database"] == self._database:
                    found.append(str(note["ref"]))
        return found

    def _path(self, ref: str) -> Path:
        return self._folder / f"{ref.rpartition('/')[2]}{_SUFFIX}"


def _unusable(folder: Path, error: OSError) -> StoreFailed:
    return StoreFailed(
        "FG-secrets-unusable",
        "a secret could not be changed",
        at=Place(str(folder)),
        why=error.strerror or str(error),
        fix="check that the folder is yours and that the disk has room",
    )


@contextmanager
def changing(
    store: SecretStore, home: Path, database: str, named: Callable[[], Collection[str]]
) -> Iterator[SecretChange]:
    """One change of secrets at a time; ``named`` tells which references the database holds,
    ``database`` which one that is.
    """
    if not isinstance(store, ChainSecretStore):
        change = SecretChange(store, None)
        try:
            yield change
        finally:
            change.settle(named())
        return
    from filelock import FileLock

    folder = home / "secrets" / "changes"
    try:
        if folder.parent.is_symlink():
            raise OSError(errno.ELOOP, "it is a link, and secrets are never kept behind one")
        make_folder(folder)
        lock = FileLock(folder / "lock", timeout=30, mode=0o600)
        lock.acquire()
    except OSError as error:
        raise _unusable(folder.parent, error) from None
    try:
        for path in folder.glob(f"{UNFINISHED}*"):
            path.unlink(missing_ok=True)
        change = SecretChange(store, Notes(folder, database))
        change.settle(named())  # what a crash left open
        try:
            yield change
        finally:
            change.settle(named())
    finally:
        lock.release()
