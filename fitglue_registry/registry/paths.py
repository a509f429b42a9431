"""The paths in one setting: one, or several with the separator of PATH between them."""

from __future__ import annotations

import os
from pathlib import Path

from fitglue_registry.errors import UserMistake


def paths_in(setting: str) -> list[str]:
    """The paths that a setting names; a path that contains the separator is found where it
    exists.
    """
    pieces = setting.split(os.pathsep)
    paths: list[str] = []
    while pieces:
        length = _longest_existing(pieces)
        paths.append(os.pathsep.join(pieces[:length]))
        del pieces[:length]
    return [path for path in paths if path.strip()]


def absolute(setting: str) -> str:
    """The paths as they hold from wherever the next command is typed; raises ``UserMistake`` for
    one that cannot be kept as text.
    """
    paths = [Path(path).expanduser().absolute() for path in paths_in(setting)]
    text = os.pathsep.join(map(str, paths))
    try:
        text.encode()
    except UnicodeEncodeError as error:
        shown = text.encode("utf-8", "replace").decode()
        raise UserMistake(
            "FG-path-unreadable",
            f"{shown} has a name that is no UTF-8",
            fix="rename it, or import the folder that it lies in",
        ) from error
    return text


def _longest_existing(pieces: list[str]) -> int:
    """How many of the first pieces together are the path of something that exists; one, if none."""
    for length in range(len(pieces), 1, -1):
        if _exists(os.pathsep.join(pieces[:length])):
            return length
    return 1


def _exists(path: str) -> bool:
    try:
        return Path(path).expanduser().exists()
    except (OSError, ValueError, RuntimeError):
        return False
