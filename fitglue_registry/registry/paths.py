"""The paths that people type, and those in one setting: one path, or several with the separator of
PATH between them.
"""

from __future__ import annotations

import os
from pathlib import Path

from fitglue_registry.errors import UserMistake


def paths_in(setting: str) -> list[str]:
    """Return the paths that a setting names.

    The separator of PATH (``:`` or ``;``) can also be part of a name. If pieces on both sides of a
    separator form an existing path together, they are one path.
    """
    pieces = setting.split(os.pathsep)
    paths: list[str] = []
    while pieces:
        length = _longest_existing(pieces)
        paths.append(os.pathsep.join(pieces[:length]))
        del pieces[:length]
    return [path for path in paths if path.strip()]


def expanded(path: str | Path) -> Path:
    """Return a path with ``~`` or ``~user`` replaced by the home folder.

    The ``~`` of a user who does not exist stays, because it can also be part of a name.
    """
    try:
        return Path(path).expanduser()
    except RuntimeError:
        return Path(path)


def absolute(setting: str) -> str:
    """Return a setting with its paths made absolute, so that they hold in any working directory.

    Raises:
        UserMistake: If a path is not UTF-8 and therefore cannot be stored as text
            (FG-path-unreadable).
    """
    # Shells do not expand the ~ in ``--set paths=~/rides``.
    paths = [expanded(path).absolute() for path in paths_in(setting)]
    text = os.pathsep.join(map(str, paths))
    try:
        # Python represents bytes that are not UTF-8 by lone surrogates, which cannot be encoded.
        text.encode()
    except UnicodeEncodeError as error:
        shown = text.encode("utf-8", "replace").decode()
        raise UserMistake(
            "FG-path-unreadable",
            f"the name of {shown} is not UTF-8",
            fix="rename it, or import the folder that contains it",
        ) from error
    return text


def _longest_existing(pieces: list[str]) -> int:
    """Return how many of the first pieces form an existing path, or 1 if no number does."""
    for length in range(len(pieces), 1, -1):
        if _exists(os.pathsep.join(pieces[:length])):
            return length
    return 1


def _exists(path: str) -> bool:
    try:
        return expanded(path).exists()
    except (OSError, ValueError):
        return False
