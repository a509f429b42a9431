"""Changes secrets so that a crash neither loses one nor leaves one behind that nothing names.

A keyring cannot list what it contains. So every reference that a change may leave unused is noted
first, in a file beside the encrypted secrets. At the end of the change, or at the beginning of the
next one after a crash, every noted secret that no row of the database names is deleted, and so are
the notes.
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
    """One change of secrets.

    Every secret that is put or tracked is deleted at the end, unless the database then names it. So
    the caller puts the new secret, tracks the old one, commits the new reference, and need not know
    how far it got if it fails.
    """

    def __init__(self, store: SecretStore, notes: Notes | None) -> None:
        self._store = store
        self._notes = notes
        self._tracked: list[str] = []

    def put(
        self,
        owner: str,
        values: Mapping[str, str],
        scheme: str | None = None,
    ) -> str:
        """Store new values, and return their reference.

        Args:
            owner: The name under which people recognize the secret in a keyring.
            values: The secret values by name.
            scheme: ``file`` or ``keyring``; the store for new secrets if omitted.
        """
        if not isinstance(self._store, ChainSecretStore):
            ref = self._store.put(owner, values)
            self._tracked.append(ref)
            return ref
        ref = new_reference(scheme or self._store.scheme, owner)
        # Before the secret exists: killed in between, the note leads to nothing, which is harmless.
        self.track(ref)
        self._store.keep(ref, values)
        return ref

    def track(self, ref: str) -> None:
        """Note a secret that may be unused at the end of the change."""
        self._tracked.append(ref)
        if self._notes:
            self._notes.add(ref)

    def delete_unnamed(self, named: Collection[str]) -> None:
        """Delete every noted secret that is not in ``named``, and then its note.

        The note of a secret whose store cannot be opened now stays for the next change.
        """
        noted = self._notes.refs() if self._notes else []
        for ref in dict.fromkeys([*self._tracked, *noted]):
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
    """Begin a change of secrets; only one process at a time makes one.

    Args:
        store: The secret store. For a store of an embedder, nothing is noted or locked.
        home: The folder of the host, in which the notes are.
        database: The URL of the database without its password. Several databases can use one home,
            and a change deletes nothing that another database may name.
        named: Returns the references that the database names at that moment.

    Yields:
        The change.

    Raises:
        StoreFailed: FG-secrets-unusable if the notes cannot be written.
    """
    with ExitStack() as held:
        notes = None
        if isinstance(store, ChainSecretStore):
            folder = home / "secrets" / "changes"
            held.enter_context(_lock_changes(folder))
            notes = Notes(folder, database)
        change = SecretChange(store, notes)
        if notes:
            change.delete_unnamed(named())  # what a crash left behind
        try:
            yield change
        finally:
            change.delete_unnamed(named())


@contextmanager
def _lock_changes(folder: Path) -> Iterator[None]:
    """Create the folder of notes, and hold its lock until the block ends."""
    secrets_folder = folder.parent
    with ExitStack() as held:
        # Only errors of creating and locking are translated here, not those of the caller's block.
        try:
            if secrets_folder.is_symlink():
                raise OSError(errno.ELOOP, "it is a link, and secrets are never kept behind one")
            make_folder(folder)
            held.enter_context(private_lock(folder / "lock"))
        except OSError as error:
            raise not_changed(secrets_folder, error) from None
        remove_unfinished(folder)
        yield
