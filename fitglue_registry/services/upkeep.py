"""Checks everything that a host needs, and repairs what can be repaired."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Literal

from fitglue_registry.backup.raw_check import repair
from fitglue_registry.errors import FitglueError
from fitglue_registry.services.argument_types import checks_arguments
from fitglue_registry.services.checking import checks
from fitglue_registry.store.blobs import sweep

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fitglue_registry.services.check_result import Check
    from fitglue_registry.services.connecting.connections import Connections
    from fitglue_registry.workspace import Workspace

#: A blob is stored before the row that names it, so a younger blob without a row may belong to a
#: sync that is running.
_UNSETTLED = timedelta(hours=1)


@checks_arguments
class Upkeep:
    """Checks and repairs of a store and of everything that it depends on."""

    def __init__(self, workspace: Workspace, connections: Connections) -> None:
        self._workspace = workspace
        self._connections = connections

    def checks(
        self, *, offline: bool = False, deep: Literal["sample", "all"] | None = None
    ) -> Iterator[Check]:
        """Check everything that a host needs.

        Args:
            offline: Whether to skip the requests to the services.
            deep: Whether to check the contents of the store as well, reading a sample of the raw
                parts or all of them.

        Yields:
            One result for each check. A check that fails does not raise; it is ``broken``.
        """
        return checks(
            self._workspace,
            self._connections,
            offline=offline,
            deep=deep,
        )

    def damage(self) -> FitglueError | None:
        """Return the error for a value that cannot be read in the database that is open.

        An interface asks this before it reports an unexpected exception as a bug, because a damaged
        value makes a reader raise the same.

        Returns:
            FG-store-damaged, which names the value, or ``None`` if every value can be read or no
            database is open.
        """
        try:
            return self._workspace.database.damage()
        except FitglueError:  # it could not be opened, so nothing was read
            return None

    def repair(self) -> int:
        """Mark damaged and missing raw parts, so that the next sync fetches them again.

        A damaged summary can only be restored from a backup. Blobs that no record needs are removed
        as well; see ``sweep_blobs``.

        Returns:
            The number of parts that will be fetched.

        Raises:
            StoreFailed: The store cannot be read or written.
        """
        self.sweep_blobs()
        return repair(self._workspace.database, self._workspace.blobs)

    def sweep_blobs(self) -> int:
        """Remove blobs that no record needs and that are older than an hour.

        Returns:
            The number of blobs that were removed.

        Raises:
            StoreFailed: A blob cannot be removed.
        """
        raws = self._workspace.raws
        with self._workspace.database.read() as db:
            used = raws.used_blobs(db)
        return len(sweep(raws.blobs, used, self._workspace.clock.now() - _UNSETTLED))
