"""Keeps a store in order: checks everything that a host needs, and repairs what can be repaired."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Literal

from fitglue_registry.backup.raw_check import repair
from fitglue_registry.services.checking import Check, checks
from fitglue_registry.store.blobs import sweep

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fitglue_registry.services.connecting import Connections
    from fitglue_registry.workspace import Workspace

#: A blob is put before the row that names it; a younger one may belong to a sync that is at work.
_UNSETTLED = timedelta(hours=1)


class Upkeep:
    """Checks and repairs of a store and of what it depends on."""

    def __init__(self, workspace: Workspace, connections: Connections) -> None:
        self._workspace = workspace
        self._connections = connections

    def checks(
        self, *, offline: bool = False, deep: Literal["sample", "all"] | None = None
    ) -> Iterator[Check]:
        """Yields everything that can be checked, one check after the other.

        ``offline`` asks no service. ``deep`` looks through the store, and reads a sample of the raw
        parts again, or all of them.
        """
        return checks(
            self._workspace,
            self._connections,
            offline=offline,
            deep=deep,
        )

    def repair(self) -> int:
        """Have the next sync fetch again what is damaged or missing of the raw parts.

        Also sweeps blobs. Returns how many parts will be fetched.
        """
        self.sweep_blobs()
        return repair(self._workspace.database, self._workspace.blobs)

    def sweep_blobs(self) -> int:
        """Remove blobs that no record needs any more; returns how many."""
        raws = self._workspace.raws
        with self._workspace.database.read() as db:
            used = raws.used_blobs(db)
        return len(sweep(raws.blobs, used, self._workspace.clock.now() - _UNSETTLED))
