"""Opens the folder that the athlete named, and never one to which a link leads."""

from __future__ import annotations

import errno
import stat
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from fitglue_registry.durable import sync_folder
from fitglue_registry.errors import Place, Retryable

if TYPE_CHECKING:
    from collections.abc import Iterator

#: What a full disk, a quota and a disk that can only be read answer.
_FIXES = {
    errno.ENOSPC: "make space on the disk; the file is written again later",
    errno.EDQUOT: "make space within your quota; the file is written again later",
    errno.EROFS: "make the disk writable, or name another folder; the file is written again later",
    errno.EACCES: "let this user write there, or name another folder",
    errno.EPERM: "let this user write there, or name another folder",
}


def open_folder(path: str) -> Path:
    """Return the folder that an athlete has named.

    It is not created: if a disk is not mounted, its files would end up on another one.

    Args:
        path: The complete path of the folder; ``~`` is the home of the user.

    Raises:
        Retryable: FG-folder-missing if nothing is there, FG-folder-unusable if it is no folder.
    """
    folder = Path(path).expanduser()
    if not folder.is_absolute():
        raise _unusable(folder, "it is not an absolute path", "name the complete path")
    with explained(folder):
        if not folder.is_symlink() and not folder.exists():
            raise Retryable(
                "FG-folder-missing",
                "the folder does not exist",
                at=Place(str(folder)),
                why="its disk may not be mounted, so it is not created",
                fix="create the folder, or mount its disk; the files are written later",
            )
        _check_folder(folder)
    return folder


def place_below(folder: Path, name: str) -> Path:
    """Return the path of a file below a folder, and create the subfolders of its name.

    Args:
        folder: The folder.
        name: The path below it, with slashes.

    Raises:
        Retryable: FG-folder-unusable if a subfolder is a link or no folder, FG-folder-not-written
            if it cannot be created.
    """
    *subfolders, file = name.split("/")
    for subfolder in subfolders:
        parent = folder
        folder = parent / subfolder
        with explained(folder):
            # With the permissions that the umask of the user leaves, as every folder of the user.
            try:
                folder.mkdir()
            except FileExistsError:
                _check_folder(folder)
            else:
                sync_folder(parent)
    return folder / file


def stored_place(folder: Path, name: str) -> Path | None:
    """Return the path of a file that was written before, or ``None`` if it cannot be one.

    Args:
        folder: The folder.
        name: The path below it, as a receipt has it. A database can be changed by others.
    """
    parts = name.split("/")
    if not name or any(part in ("", ".", "..") or "\0" in part for part in parts):
        return None
    path = folder.joinpath(*parts)
    # A subfolder may have been replaced by a link since.
    for parent in path.parents:
        if parent == folder:
            return path
        if parent.is_symlink():
            return None
    return None


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Raise an ``OSError`` as an error that says what the athlete can do.

    Args:
        path: The file or folder that is used.

    Raises:
        Retryable: FG-folder-not-written.
    """
    try:
        yield
    except OSError as error:
        number = error.errno or 0
        raise Retryable(
            "FG-folder-not-written",
            "the folder cannot be written to",
            at=Place(str(path)),
            why=(error.strerror or type(error).__name__).lower(),
            fix=_FIXES.get(number, "check the disk; the file is written again later"),
        ) from error


def _check_folder(folder: Path) -> None:
    mode = folder.lstat().st_mode
    if stat.S_ISLNK(mode):
        raise _unusable(
            folder,
            "it is a link, and nothing is written through a link",
            f"name the folder itself: {folder.resolve()}",
        )
    if not stat.S_ISDIR(mode):
        raise _unusable(folder, "it is not a folder", "name a folder")


def _unusable(
    folder: Path,
    why: str,
    fix: str,
) -> Retryable:
    return Retryable(
        "FG-folder-unusable",
        "the folder cannot be used",
        at=Place(str(folder)),
        why=why,
        fix=fix,
    )
