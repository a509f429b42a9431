"""The paths that a connection names: one file or folder, or several with the separator of PATH
between them.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from fitglue_registry.errors import AthleteNeeded
from fitglue_registry.registry.paths import paths_in

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fitglue_registry.plugin_api import Connection


def joined(paths: Iterable[str | Path]) -> str:
    """Several paths as one setting."""
    return os.pathsep.join(map(str, paths))


def paths_of(connection: Connection) -> list[Path]:
    """The paths of a connection that are there; raises ``AthleteNeeded`` where none is named, none
    is there, or one is not ours to read.
    """
    named = _named(connection)
    fix = f"connect again and name what is to be read: fitglue connect {connection.entry}"
    if not named:
        raise AthleteNeeded(
            "FG-folder-missing",
            "this connection names no file and no folder",
            fix=fix,
        )
    try:
        given = [Path(part).expanduser().resolve() for part in paths_in(named)]
        present = [path for path in given if path.exists()]
        if not present:
            raise AthleteNeeded(
                "FG-folder-missing",
                f"there is no file or folder {joined(given)}",
                fix=fix,
                why="it was moved, or its disk is not mounted",
            )
        for path in present:
            _try(path)
    except (OSError, RuntimeError, ValueError) as error:
        raise AthleteNeeded(
            "FG-folder-unreadable",
            f"{named} cannot be read",
            why=str(error),
            fix="give your user the right to read it, or name another one",
        ) from error
    return present


def present_paths(connection: Connection) -> list[Path]:
    """The paths of an archive that are still there: who has imported it may delete it, and that is
    no fault.
    """
    try:
        return paths_of(connection)
    except AthleteNeeded as error:
        connection.log.info("nothing is listed: %s", error.what)
        return []


def _named(connection: Connection) -> str:
    """The setting with the paths, empty where there is none."""
    settings = connection.settings
    # Connections that were made when there was only a folder still say so.
    named = settings.get("paths") or settings.get("folder") or ""
    return named.strip()


def _try(path: Path) -> None:
    """Raises ``OSError`` where a file or a folder is not ours to read."""
    if path.is_dir():
        next(path.iterdir(), None)
    else:
        path.open("rb").close()
