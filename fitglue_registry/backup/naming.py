"""Chooses the file that a backup is written to."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from fitglue_registry.errors import Place, UserMistake

if TYPE_CHECKING:
    from datetime import datetime


def file_for(named: str | None, now: datetime) -> Path:
    """Return the path of the new file for a backup.

    Args:
        named: A file or a folder; ``None`` is the working directory. A name that ends in a slash
            is that of a folder, and so is one without a suffix, unless it is an existing file.
        now: The time that becomes the name of the file in a folder.

    Raises:
        UserMistake: FG-backup-not-written if the folder does not exist, or FG-path-unusable if the
            system refuses the name.
    """
    try:
        return _file_for(named, now)
    except OSError as error:
        raise UserMistake(
            "FG-path-unusable",
            "the path cannot be used",
            at=Place(str(named)),
            why=error.strerror,
            fix="name another path",
        ) from error


def _file_for(named: str | None, now: datetime) -> Path:
    is_folder = bool(named) and str(named).endswith(("/", os.sep))
    chosen = Path(named or ".").absolute()
    if is_folder and not chosen.is_dir():
        raise UserMistake(
            "FG-backup-not-written",
            f"the folder {named} does not exist",
            fix="create it, or check that its disk is mounted",
        )
    if named and not chosen.suffix and not chosen.exists():
        raise UserMistake(
            "FG-backup-not-written",
            f"the folder {named} does not exist",
            why="a name without .zip is taken for a folder",
            fix=f"create the folder, check that its disk is mounted, or type {named}.zip",
        )
    if is_folder or named is None or chosen.is_dir():
        chosen /= f"fitglue-backup-{now:%Y%m%d-%H%M%S}.zip"
    return chosen
