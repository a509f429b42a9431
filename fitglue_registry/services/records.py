"""Reads which records have become no activity: those in quarantine, and stubs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fitglue_registry.services.closed_services import fix_with_other_ways
from fitglue_registry.store.counts import list_stubs
from fitglue_registry.store.quarantine import list_quarantine
from fitglue_registry.workspace import ME

if TYPE_CHECKING:
    from fitglue_registry.workspace import Workspace


class Records:
    """The records that sources list and that have become no activity."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def quarantine(self, athlete: str = ME) -> list[dict[str, Any]]:
        """The records that could not be understood, each with its reason."""
        with self._workspace.database.read() as db:
            return list_quarantine(db, athlete)

    def stubs(self, athlete: str = ME) -> list[dict[str, Any]]:
        """What sources list and never deliver, and no other record has: counted by reason.

        Each row has connection, code, reason, fix and count.
        """
        catalogue = self._workspace.catalogue
        with self._workspace.database.read() as db:
            stubs = list_stubs(db, athlete)
        for stub in stubs:
            stub["fix"] = fix_with_other_ways(catalogue, stub["code"], stub["fix"])
        return stubs
