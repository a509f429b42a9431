"""The paths of a connection: a file or folder, or several, separated as in the variable
``PATH``.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from fitglue_files.refusals import why_unreadable
from fitglue_registry.errors import AthleteNeeded
from fitglue_registry.input_files import try_to_open
from fitglue_registry.registry.paths import paths_in

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fitglue_registry.plugin_api import Connection


def joined(paths: Iterable[str | Path]) -> str:
    """Return several paths as one setting."""
    return os.pathsep.join(map(str, paths))


def paths_of(connection: Connection) -> list[Path]:
    """Return the paths of a connection that exist.

    Raises:
        AthleteNeeded: If the connection has no path, none of its paths exists, or none of those
            that exist may be read. If others may be read, the search for files reports it.
    """
    setting = _setting(connection)
    fix = f"connect again and name the files or folders: fitglue connect {connection.entry}"
    if not setting:
        raise AthleteNeeded(
            "FG-folder-missing",
            "this connection does not name a file or a folder",
            fix=fix,
        )
    try:
        paths = [Path(part).expanduser().resolve() for part in paths_in(setting)]
        present = [path for path in paths if path.exists()]
        # If only some of the paths are missing, the others are read: a disk may not be mounted.
        if not present:
            raise AthleteNeeded(
                "FG-folder-missing",
                f"{joined(paths)} does not exist",
                fix=fix,
                why="it was moved, or its disk is not mounted",
            )
        _try_to_read_any(present)
    except (OSError, RuntimeError, ValueError) as error:
        raise AthleteNeeded(
            "FG-folder-unreadable",
            f"{setting} cannot be read",
            why=why_unreadable(error)[0] if isinstance(error, OSError) else str(error),
            fix="give yourself permission to read it, or name another file or folder",
        ) from error
    return present


def named_paths(connection: Connection) -> list[Path]:
    """Return the paths of a connection, resolved, whether they exist or not."""
    return [Path(part).expanduser().resolve() for part in paths_in(_setting(connection))]


def present_paths(connection: Connection) -> list[Path]:
    """Return the paths of an archive that exist, without an error if none does.

    An athlete may delete an archive after importing it.
    """
    try:
        return paths_of(connection)
    except AthleteNeeded as error:
        if error.code != "FG-folder-missing":
            raise
        connection.log.info("nothing is listed: %s", error.what)
        return []


def _setting(connection: Connection) -> str:
    """Return the setting with the paths, or an empty text."""
    settings = connection.settings
    # Connections from before zips were supported have a single folder under another name.
    paths = settings.get("paths") or settings.get("folder") or ""
    return paths.strip()


def _try_to_read_any(paths: Iterable[Path]) -> None:
    """Raise ``OSError`` if none of several files and folders may be read."""
    first = None
    for path in paths:
        try:
            _try_to_read(path)
        except OSError as error:
            first = first or error
        else:
            return
    if first is not None:
        raise first


def _try_to_read(path: Path) -> None:
    """Raise ``OSError`` if a file or a folder may not be read."""
    if path.is_dir():
        next(path.iterdir(), None)
    else:
        try_to_open(path)
