"""How many bytes of a file on the disk belong to each member of the zips in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fitglue_files.zip_budget import size_of

if TYPE_CHECKING:
    import zipfile

    from fitglue_files.members import MemberPath


class PackedSizes:
    """The sizes of members on the disk.

    All members of a file together have at most its size, whatever its zips state.
    """

    def __init__(self) -> None:
        #: The location of a nested zip → the bytes of the file on the disk that belong to it.
        self._nested: dict[MemberPath, int] = {}
        #: The location of a zip → the bytes on the disk for each byte that its members state.
        self._for_each: dict[MemberPath, float] = {}

    def add(self, location: MemberPath, opened: zipfile.ZipFile) -> None:
        """Add a zip; a nested one after the member that it is."""
        stated = sum(info.compress_size for info in opened.infolist())
        size = self._nested.get(location, size_of(opened))
        self._for_each[location] = min(size / max(stated, 1), 1.0)

    def of(self, outer: MemberPath, info: zipfile.ZipInfo) -> int:
        """Return the bytes on the disk that belong to a member of a zip."""
        size = int(info.compress_size * self._for_each[outer])
        if info.filename.lower().endswith(".zip"):
            self._nested[(*outer, info.filename)] = size
        return size
