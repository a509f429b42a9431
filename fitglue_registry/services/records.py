"""Reads the records that have no activity: those in quarantine, and stubs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fitglue_registry.errors import UserMistake
from fitglue_registry.services.argument_types import checks_arguments
from fitglue_registry.services.closed_services import fix_with_alternatives
from fitglue_registry.store.counts import list_stubs
from fitglue_registry.store.held import list_held_without_activity
from fitglue_registry.store.locations import each_once, list_paths, list_unreadable
from fitglue_registry.store.quarantine import list_quarantine
from fitglue_registry.workspace import ME

if TYPE_CHECKING:
    from fitglue_registry.workspace import Workspace

#: The number of first characters of an id that are enough to name a record.
_ENOUGH = 6


@checks_arguments
class Records:
    """The records that sources list and that have no activity."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def quarantine(self, athlete: str = ME) -> list[dict[str, Any]]:
        """Return the records in quarantine, oldest first.

        Returns:
            Rows with ``connection``, ``external_id``, ``start_local``, the error (``code``,
            ``what``, ``where``, ``why``, ``fix``), the ``stage`` that failed, ``since``, ``tries``,
            ``plugin`` and ``plugin_version``. ``paths`` has the paths of a file, as far as they are
            known.
        """
        with self._workspace.database.read() as db:
            return with_paths(list_quarantine(db, athlete), list_paths(db, athlete))

    def unreadable(self, athlete: str = ME) -> list[dict[str, Any]]:
        """Return the files and folders that the last sync could not read.

        Nothing is stored of them. Each sync tries to read them again, except for those in a zip
        that may take no more (``FG-zip-share``).

        Args:
            athlete: The athlete.

        Returns:
            Rows with ``connection``, ``external_id``, ``paths``, and the error (``code``, ``what``,
            ``fix``), each file or folder once.
        """
        return each_once(self._unreadable(athlete))

    def _unreadable(self, athlete: str) -> list[dict[str, Any]]:
        """Return the workouts and files that the last sync could not read."""
        with self._workspace.database.read() as db:
            return list_unreadable(db, athlete)

    def in_quarantine(self, name: str, athlete: str = ME) -> list[dict[str, Any]]:
        """Return the records in quarantine with an id.

        Args:
            name: An external id or ``CONNECTION/ID``, of which the first six characters are enough;
                or the name or the path of a file.
            athlete: The athlete.

        Returns:
            The rows as in ``quarantine``; several if the id is not unique.

        Raises:
            UserMistake: FG-not-in-quarantine if no record matches.
        """
        typed = name.rstrip("…")  # a list shows a long id as its first characters and "…"
        rows = [*self.quarantine(athlete), *self._unreadable(athlete)]
        meant = [record for record in rows if is_meant(record, typed)]
        if not meant:
            raise UserMistake(
                "FG-not-in-quarantine",
                f"{name!r} is not in quarantine",
                fix="see: fitglue quarantine",
            )
        return meant

    def stubs(self, athlete: str = ME) -> list[dict[str, Any]]:
        """Count the stubs that no other record fills in, by reason.

        Returns:
            Rows with ``connection``, ``code``, ``reason``, ``fix`` and ``count``.
        """
        catalogue = self._workspace.catalogue
        with self._workspace.database.read() as db:
            stubs = list_stubs(db, athlete)
        for stub in stubs:
            stub["fix"] = fix_with_alternatives(catalogue, stub["code"], stub["fix"])
        return stubs

    def held(self, athlete: str = ME) -> list[dict[str, Any]]:
        """Return the records without an activity that vanished with many others, and were kept.

        Activities of which this is true are listed by ``host.activities`` with ``Filter.held``.

        Returns:
            Rows with ``connection``, ``external_id``, ``start_local`` and ``start_utc``.
        """
        with self._workspace.database.read() as db:
            return list_held_without_activity(db, athlete)


def with_paths(
    rows: list[dict[str, Any]],
    paths: dict[tuple[str, str], list[str]],
) -> list[dict[str, Any]]:
    """Return rows about records with the ``paths`` of their files, as far as they are known."""
    for row in rows:
        row["paths"] = paths.get((row["connection"], row["external_id"]), [])
    return rows


def is_meant(record: dict[str, Any], typed: str) -> bool:
    """Return whether a record is meant by what a person typed: an id, or the name of its file."""
    external_id = record["external_id"]
    # A minimum length keeps a short text from matching many records.
    for name in (external_id, f"{record['connection']}/{external_id}"):
        if name == typed or (len(typed) >= _ENOUGH and name.startswith(typed)):
            return True
    return any(is_path(path, typed) for path in record["paths"])


def is_path(path: str, typed: str) -> bool:
    """Return whether a person means a file by its name, the end of its path, or its whole path."""
    if path == typed or path.endswith((f"/{typed}", f" > {typed}")):
        return True
    return typed.endswith(f"/{path}")
