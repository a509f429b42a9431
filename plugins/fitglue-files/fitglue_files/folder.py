"""Finds the files of a folder and knows each by its content; nothing here knows what is inside them."""

from __future__ import annotations

import gzip
import hashlib
import io
import zlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from fitglue_registry.errors import AthleteNeeded

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

SUFFIXES = (".gpx", ".gpx.gz")
#: A workout of a day is some 10 MB; what unpacks to more than this is a mistake or a bomb.
LARGEST = 256 << 20

#: Where a content was seen last: a short cut that is checked before it is believed, so that losing it costs time and nothing else.
_seen: dict[str, Path] = {}


class Unreadable(Exception):
    """A file that cannot be read just now; its text is the reason."""


@dataclass(frozen=True, slots=True)
class Found:
    """One file: where it was seen, when it was last changed, and the id of its content, or why that is not known."""

    path: Path
    modified_s: float
    content_id: str | None
    problem: str | None = None


def folder_of(settings: Mapping[str, str]) -> Path:
    """The folder of a connection; raises ``AthleteNeeded`` where it is not named, not there, or not ours to read."""
    named = settings.get("folder", "").strip()
    fix = "connect again and name the folder: fitglue connect files"
    if not named:
        raise AthleteNeeded("FG-folder-missing", "this connection names no folder", fix=fix)
    try:
        folder = Path(named).expanduser().resolve()
        if not folder.is_dir():
            raise AthleteNeeded("FG-folder-missing", f"there is no folder {folder}", fix=fix,
                                why="it was moved, or its disk is not mounted")
        next(folder.iterdir(), None)
    except (OSError, RuntimeError, ValueError) as error:
        raise AthleteNeeded("FG-folder-unreadable", f"the folder {named} cannot be read", why=str(error),
                            fix="give your user the right to read it, or name another one") from error
    return folder


def find(folder: Path) -> list[Found]:
    """The files below a folder, the one that was changed last first; a file that cannot be read is among them."""
    found = [_look(path) for path in _paths(folder)]
    return sorted(found, key=lambda file: (-file.modified_s, str(file.path)))


def _paths(folder: Path) -> Iterator[Path]:
    for path in folder.rglob("*"):
        # A leading dot is a hidden file, and on a Mac the shadow of a real one.
        if path.name.lower().endswith(SUFFIXES) and not path.name.startswith("."):
            yield path


def _look(path: Path) -> Found:
    modified_s = 0.0
    try:
        status = path.stat()
        modified_s = status.st_mtime
        content_id = _content_id(str(path), status.st_mtime_ns, status.st_size)
    except (OSError, Unreadable) as error:
        return Found(path, modified_s, None, str(error))
    _seen[content_id] = path
    return Found(path, modified_s, content_id)


@lru_cache(maxsize=100_000)
def _content_id(path: str, modified_ns: int, size: int) -> str:
    """The hash of the unpacked content; the other arguments are what a change of it changes."""
    del modified_ns, size
    return hashlib.sha256(unpack(Path(path).read_bytes())).hexdigest()


def unpack(content: bytes) -> bytes:
    """The content of a file, whether it is packed or not; raises ``Unreadable``."""
    if not content.startswith(b"\x1f\x8b"):
        return content
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(content)) as packed:
            unpacked = packed.read(LARGEST + 1)
    except (zlib.error, OSError, EOFError) as error:
        raise Unreadable(f"it is a broken gzip: {error}") from error
    if len(unpacked) > LARGEST:
        raise Unreadable(f"it unpacks to more than {LARGEST >> 20} MB")
    return unpacked


def locate(folder: Path, content_id: str) -> Path | None:
    """Where a content lies now."""
    path = _seen.get(content_id)
    if path is not None and path.is_relative_to(folder) and path.exists() and _look(path).content_id == content_id:
        return path
    return next((file.path for file in find(folder) if file.content_id == content_id), None)
