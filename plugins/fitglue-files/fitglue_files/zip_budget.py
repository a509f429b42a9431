"""The budget of one file on the disk: what the zips in it may contain together, on all levels."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from fitglue_files import limits
from fitglue_files.members import display_path
from fitglue_files.refusals import bomb, crowded
from fitglue_files.zips import member_problem

if TYPE_CHECKING:
    import zipfile

    from fitglue_files.members import MemberPath


class _Contents(NamedTuple):
    """What zips contain: the bytes that their members unpack to, and the number of members."""

    unpacked: int = 0
    members: int = 0


class ZipBudget:
    """What the zips that were searched contain; each counts once.

    A zip that is harmless alone can be in another one a thousand times, and that one in a third.
    Only the sum over all levels shows that a file of some megabytes unpacks to terabytes.
    """

    def __init__(self) -> None:
        self._zips: set[MemberPath] = set()
        self._crowded: set[str] = set()
        #: The path of a file on the disk → what all zips in it contain.
        self._files: dict[str, _Contents] = {}

    def check(self, location: MemberPath) -> None:
        """Raise ``RecordRefused`` if a zip in the same file had too many members.

        Opening each of the others would take as long as opening the first.
        """
        if location[0] in self._crowded:
            raise crowded(display_path(location))

    def count(
        self,
        location: MemberPath,
        opened: zipfile.ZipFile,
        size: int,
    ) -> None:
        """Count what a zip contains, before any of it is unpacked.

        Args:
            location: Where it is.
            opened: The zip.
            size: The size of the file on the disk that contains it, in bytes.

        Raises:
            RecordRefused: If the zips in this file together contain more than real files could.
        """
        if location in self._zips:
            return
        own = _contents(opened)
        before = self._files.get(location[0], _Contents())
        total = _Contents(before.unpacked + own.unpacked, before.members + own.members)
        where = display_path(location)
        # A zip that is refused does not count, because nothing of it is unpacked.
        if total.unpacked > max(4 * limits.BOMB_SIZE, limits.BOMB_RATIO * size):
            raise bomb(where)
        if total.members > max(limits.MANY_MEMBERS, size // limits.SMALLEST_MEMBER):
            self._crowded.add(location[0])
            raise crowded(where)
        self._zips.add(location)
        self._files[location[0]] = total


def largest_index(size: int) -> int:
    """Return the largest index that a zip may have, in bytes.

    Args:
        size: The size of the file on the disk that contains the zip, in bytes.
    """
    share = int(size * limits.INDEX_SHARE)
    return min(limits.LARGEST_INDEX, max(limits.SMALL_INDEX, share))


def _contents(opened: zipfile.ZipFile) -> _Contents:
    infos = opened.infolist()
    # A member that is refused itself is not unpacked, so its size does not count.
    unpacked = sum(info.file_size for info in infos if member_problem(info, "") is None)
    return _Contents(unpacked, len(infos))


def size_of(opened: zipfile.ZipFile) -> int:
    """Return the size of an open zip in bytes."""
    assert opened.fp is not None
    return opened.fp.seek(0, os.SEEK_END)
