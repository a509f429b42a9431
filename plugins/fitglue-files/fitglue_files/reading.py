"""Reading of one file at a place: its bytes, its listing and its part."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fitglue_files import limits
from fitglue_files.containers import ContainerReader
from fitglue_files.members import Refusal
from fitglue_files.refusals import of_no_kind
from fitglue_files.trail import Trail
from fitglue_files.unpacking import unpack
from fitglue_formats import check_kind
from fitglue_registry.errors import RecordRefused
from fitglue_registry.payloads import GZIP
from fitglue_registry.plugin_api import Body, Part

if TYPE_CHECKING:
    from fitglue_files.members import Member, MemberOrRefusal


@dataclass(frozen=True, slots=True)
class FileRead:
    """The bytes of one file.

    Attributes:
        member: The file.
        content: Its bytes, which may be a gzip.
        unpacked: Its bytes without the gzip.
    """

    member: Member
    content: bytes
    unpacked: bytes

    @property
    def content_id(self) -> str:
        """The SHA-256 of its unpacked bytes, in hexadecimal digits."""
        return hashlib.sha256(self.unpacked).hexdigest()

    @property
    def body(self) -> Body:
        """Its bytes as the body of a part."""
        if self.content.startswith(GZIP):
            return Body(self.content, "gzip", self.unpacked)
        return Body(self.content)

    def part_of(self, external_id: str) -> Part:
        """Return its bytes as the part of a record."""
        body = self.body
        return Part(
            external_id,
            "file",
            body.content,
            body.encoding,
            body.decoded,
        )


class _KeptReader:
    """The reader that a process has open, because opening a large zip for each file takes long."""

    def __init__(self) -> None:
        self._reader: ContainerReader | None = None
        self._path: str | None = None
        #: It outlives the readers, because the next file is in the same folder or near it.
        self._trail = Trail()

    def of(self, member: Member) -> ContainerReader:
        """Return a reader for a member; of the paths that were read, only the last stays open."""
        path = member.location[0]
        if self._reader is None or self._path != path or not self._reader.is_current():
            self.close()
            self._reader = ContainerReader(self._trail)
            self._path = path
        return self._reader

    def close(self) -> None:
        """Close all zips that are open."""
        if self._reader is not None:
            self._reader.close()
        self._reader = None


_kept = _KeptReader()


def read_file(member: Member) -> FileRead:
    """Return the bytes of a file.

    Raises:
        RecordRefused: If the file cannot be read, is too large, or is of no format that can contain
            a workout. Nothing of such a file is kept, because it may be anything, also a secret.
    """
    reader = reader_of(member)
    # A sync looks at such a file again each time, so it is not read to its end. What a gzip
    # contains, and whether it is sound, shows when it is unpacked.
    if member.size <= limits.LARGEST:
        head = reader.head(member)
        if not head.startswith(GZIP):
            _check_kind(head, member)
    content = reader.read(member)
    unpacked = unpack(content, member.where)
    _check_kind(unpacked, member)
    return FileRead(member, content, unpacked)


def _check_kind(content: bytes, member: Member) -> None:
    """Raise ``RecordRefused`` with the path of a file that is of no known format."""
    try:
        check_kind(content)
    except RecordRefused as error:
        raise of_no_kind(member.where, error) from error


def file_or_refusal(member: MemberOrRefusal) -> FileRead | Refusal:
    """Return the bytes of a file, or why it was refused when it was found or cannot be read now."""
    if isinstance(member, Refusal):
        return member
    try:
        return read_file(member)
    except RecordRefused as error:
        return Refusal(member.location, error, member.modified_s)


def reader_of(member: Member) -> ContainerReader:
    """Return a reader that stays open for the next member of the same zip."""
    return _kept.of(member)
