"""Reads which records have become no activity: those in quarantine, and stubs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fitglue_registry.errors import UserMistake
from fitglue_registry.services.closed_services import fix_with_alternatives
from fitglue_registry.store.counts import list_stubs
from fitglue_registry.store.quarantine import list_quarantine
from fitglue_registry.workspace import ME

if TYPE_CHECKING:
    from fitglue_registry.workspace import Workspace

#: So many characters of an id are enough.
_ENOUGH = 6


class Records:
    """The records that sources list and that have become no activity."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def quarantine(self, athlete: str = ME) -> list[dict[str, Any]]:
        """The records that could not be understood, each with its reason."""
        with self._workspace.database.read() as db:
            return list_quarantine(db, athlete)

    def in_quarantine(self, name: str, athlete: str = ME) -> list[dict[str, Any]]:
        """The records in quarantine of that id, or ``CONNECTION/ID``; its beginning is enough.

        Raises ``UserMistake`` FG-not-in-quarantine.
        """
        typed = name.rstrip("…")  # a list shows the beginning of a long id
        meant = [record for record in self.quarantine(athlete) if _is_meant(record, typed)]
        if not meant:
            raise UserMistake(
                "FG-not-in-quarantine",
                f"{name!r} is not in quarantine",
                fix="see: fitglue quarantine",
            )
        return meant

    def stubs(self, athlete: str = ME) -> list[dict[str, Any]]:
        """What sources list and never deliver, and no other record has: counted by reason.

        Each row has connection, code, reason, fix and count.
        """
        catalogue = self._workspace.catalogue
        with self._workspace.database.read() as db:
            stubs = list_stubs(db, athlete)
        for stub in stubs:
            stub["fix"] = fix_with_alternatives(catalogue, stub["code"], stub["fix"])
        return stubs


def _is_meant(record: dict[str, Any], typed: str) -> bool:
    external_id = record["external_id"]
    for name in (external_id, f"{record['connection']}/{external_id}"):
        if name == typed or (len(typed) >= _ENOUGH and name.startswith(typed)):
            return True
    return False
