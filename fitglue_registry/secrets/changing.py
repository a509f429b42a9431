"""Changes of secrets that a crash cannot leave half done: no secret is lost, and none stays behind
that nothing names any more.

A keyring cannot be asked what it holds, so every reference whose fate is open is noted first, in a
file beside the sealed secrets. When the change is over, or when the next one begins after a crash,
what no row of the database names is deleted, and the notes go.
"""

from __future__ import annotations

import errno
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING

from fitglue_registry.durable import make_folder, private_lock, remove_unfinished
from fitglue_registry.errors import FitglueError
from fitglue_registry.secrets.chain import ChainSecretStore
from fitglue_registry.secrets.notes import Notes, not_changed
from fitglue_registry.secrets.references import new_reference

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping
    from pathlib import Path

    from fitglue_registry.secrets.protocol import SecretStore


class SecretChange:
    """One change: what is ``put`` and what is ``left`` is settled at its end by what the database
    then names.
    """

    def __init__(self, store: SecretStore, notes: Notes | None) -> None:
        self._store = store
        self._notes = notes
        self._open: list[str] = []

    def put(
        self,
        owner: str,
        values: Mapping[str, str],
        scheme: str | None = None,
    ) -> str:
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
        noted = self._notes.refs() if self._notes else []
        for ref in dict.fromkeys([*self._open, *noted]):
            with suppress(FitglueError):
                if ref not in named:
                    self._store.delete(ref)
                if self._notes:
                    self._notes.remove(ref)


@contextmanager
def changing(
    store: SecretStore,
    home: Path,
    database: str,
    named: Callable[[], Collection[str]],
) -> Iterator[SecretChange]:
    """Make one change of secrets at a time; ``named`` tells which references the database holds,
    ``database`` which one that is.
    """
    with ExitStack() as held:
        notes = None
        if isinstance(store, ChainSecretStore):
            folder = home / "secrets" / "changes"
            held.enter_context(_lock_changes(folder))
            notes = Notes(folder, database)
        change = SecretChange(store, notes)
        if notes:
            change.settle(named())  # what a crash left open
        try:
            yield change
        finally:
            change.settle(named())


@contextmanager
def _lock_changes(folder: Path) -> Iterator[None]:
    """Make the folder of notes, and hold its lock."""
    secrets_folder = folder.parent
    with ExitStack() as held:
        # Only what making and locking raises is explained here, not what is raised under the lock.
        try:
            if secrets_folder.is_symlink():
                raise OSError(errno.ELOOP, "it is a link, and secrets are never kept behind one")
            make_folder(folder)
            held.enter_context(private_lock(folder / "lock"))
        except OSError as error:
            raise not_changed(secrets_folder, error) from None
        remove_unfinished(folder)
        yield
