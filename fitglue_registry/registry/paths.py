"""The paths in one setting: one, or several with the separator of PATH between them."""

from __future__ import annotations

import os
from pathlib import Path

from fitglue_registry.errors import UserMistake


def paths_in(setting: str) -> list[str]:
    """The paths that a setting names; one may hold the separator itself, and then it is there."""
    pieces = setting.split(os.pathsep)
    found: list[str] = []
    while pieces:
        most = next(
            (
                many
                for many in range(len(pieces), 1, -1)
                if _is_there(os.pathsep.join(pieces[:many]))
            ),
            1,
        )
        found.append(os.pathsep.join(pieces[:most]))
        del pieces[:most]
    return [path for path in found if path.strip()]


def absolute(setting: str) -> str:
    """Paths as they hold from wherever the next command is typed; raises ``UserMistake`` for one
    that can be kept in no text.
    """
    text = os.pathsep.join(str(Path(path).expanduser().absolute()) for path in paths_in(setting))
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise UserMistake(
            "FG-path-unreadable",
            f"{text.encode('utf-8', 'replace').decode()} has a name that is no UTF-8",
            fix="rename it, or import the folder that it lies in",
        ) from error
    return text


def _is_there(path: str) -> bool:
    try:
        return Path(path).expanduser().exists()
    except (OSError, ValueError, RuntimeError):
        return False
