"""Keeps the content of an upload in a private folder of the home while it is read."""

from __future__ import annotations

import secrets
import shutil
import unicodedata
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from filelock import Timeout

from fitglue_registry.durable import private_lock
from fitglue_registry.errors import StoreFailed, UserMistake
from fitglue_registry.private_files import make_private_folder, write_private
from fitglue_registry.sync.upload import Upload

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

#: Bytes. File systems allow 255, and unpacking may append something.
_LONGEST_NAME = 150
_LOCK = ".lock"


def file_name(name: str) -> str:
    """Return the last component of a name, in characters that every file system allows.

    Args:
        name: A name from another machine: it may be a path, too long, or made to do harm.

    Raises:
        UserMistake: FG-upload-name if nothing of it can be used.
    """
    last = name.replace("\\", "/").rpartition("/")[2]
    normal = unicodedata.normalize("NFC", last)
    printable = "".join(character for character in normal if character.isprintable())
    # Not hidden, not "..", and neither a stream nor a pattern of Windows.
    plain = printable.translate(dict.fromkeys(map(ord, ':*?"<>|'), "_")).strip(". ")
    if not plain:
        raise UserMistake(
            "FG-upload-name",
            f"{name[:80]!a} is not the name of a file",
            fix="pass the name of the uploaded file with its suffix, such as ride.fit",
        )
    return _shortened(plain)


@contextmanager
def staged(home: Path, name: str, content: bytes) -> Iterator[Upload]:
    """Write content to a file, and remove it at the end of the ``with`` block.

    Args:
        home: The home folder.
        name: The name of the file, see ``file_name``.
        content: The content.

    Yields:
        The upload; only this user can read its folder.

    Raises:
        StoreFailed: FG-upload-not-stored if the file cannot be written.
    """
    folder = (home / "uploads").resolve() / secrets.token_hex(8)
    upload = Upload(folder, name)
    # Locked before the folder exists: a folder without a lock is what a killed process left.
    lock = private_lock(folder.with_suffix(_LOCK))
    try:
        try:
            make_private_folder(folder.parent)
            _remove_left_over(folder.parent)
            lock.acquire()
            make_private_folder(folder)
            # Not durable: it is removed when it has been read, and what was read is stored
            # durably.
            write_private(upload.path, content)
        except OSError as error:
            raise _not_stored(error) from error
        yield upload
    finally:
        lock.release()
        # If the folder could not be made, nothing has to be removed, and no error may hide why.
        with suppress(OSError):
            _remove(folder)


def _remove_left_over(uploads: Path) -> None:
    """Remove the uploads of processes that were killed."""
    for lock_file in uploads.glob(f"*{_LOCK}"):
        lock = private_lock(lock_file, timeout_s=0)
        with suppress(Timeout, OSError), lock:
            _remove(lock_file.with_suffix(""))


def _remove(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.with_suffix(_LOCK).unlink(missing_ok=True)


def _shortened(name: str) -> str:
    """Return a name with at most ``_LONGEST_NAME`` bytes, which keeps its suffixes."""
    stem, dot, suffix = name.partition(".")
    ending = f"{dot}{suffix}".encode()[-_LONGEST_NAME // 2 :].decode(errors="ignore")
    room = _LONGEST_NAME - len(ending.encode())
    return stem.encode()[:room].decode(errors="ignore") + ending


def _not_stored(error: OSError) -> StoreFailed:
    return StoreFailed(
        "FG-upload-not-stored",
        "the upload cannot be stored",
        why=error.strerror,
        fix="check that the folder of FitGlue can be written and that the disk is not full",
    )
