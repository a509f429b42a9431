"""Chooses the file that a backup is written to."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from fitglue_registry.errors import UserMistake

if TYPE_CHECKING:
    from datetime import datetime


def file_for(named: str | None, now: datetime) -> Path:
    """Return the file for what somebody named; raises ``UserMistake`` for a folder that is not
    there.
    """
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
