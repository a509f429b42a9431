"""Members: files in a folder, in a zip, or in a zip that is in a zip."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import chain
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from fitglue_files.wording import short_path

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fitglue_registry.errors import RecordRefused

#: The path of the outermost file, followed by the name in each zip on the way to the member. What a
#: sync reads, the file at such a path or a row of a table, is a ``Location`` of ``plugin_api``.
MemberPath: TypeAlias = tuple[str, ...]


def display_path(location: MemberPath) -> str:
    """Return the path of a member as people write it, in characters that can be encoded as UTF-8.

    Each path in it is shortened if it is very long.
    """
    text = " > ".join(map(short_path, location))
    return text.encode("utf-8", "replace").decode()


@dataclass(frozen=True, slots=True)
class Member:
    """A file that can be opened.

    Attributes:
        location: Where it is.
        modified_s: When it was changed, in seconds since 1970.
        size: Its size in bytes, without unpacking a gzip.
        mark: A text that changes when the content may have changed: the modification time or the
            checksum, and the size.
        packed_size: How many bytes of the file on the disk belong to it; ``None`` if it is not in a
            zip, or was not just found.
    """

    location: MemberPath
    modified_s: float
    size: int
    mark: str
    packed_size: int | None = field(default=None, compare=False)

    @property
    def name(self) -> str:
        """Its path in the innermost zip, or its whole path if it is not in a zip."""
        return self.location[-1]

    @property
    def where(self) -> str:
        """Its location as people write it."""
        return display_path(self.location)

    @property
    def modified_at(self) -> datetime:
        """When it was changed, in UTC."""
        return datetime.fromtimestamp(self.modified_s, UTC)

    @property
    def key(self) -> str:
        """The key under which a description of its content may be cached."""
        return "\0".join((*self.location, self.mark))


@dataclass(frozen=True, slots=True)
class Refusal:
    """A file, a folder or a container that is left out, and the reason."""

    location: MemberPath
    error: RecordRefused
    modified_s: float = 0.0
    is_folder: bool = False

    @property
    def name(self) -> str:
        """Its path in the innermost zip, or its whole path if it is not in a zip."""
        return self.location[-1]

    @property
    def where(self) -> str:
        """Its location as people write it."""
        return display_path(self.location)


#: What a search for members yields.
MemberOrRefusal: TypeAlias = Member | Refusal


#: The length of the location of a member in a zip that is in no other zip.
_OF_PLAIN_ZIP = 2
AnyMember = TypeVar("AnyMember", bound=MemberOrRefusal)


def newest_first(members: Iterable[AnyMember]) -> list[AnyMember]:
    """Return the members, the most recently changed first."""
    return sorted(members, key=_age)


def read_order(members: Iterable[AnyMember]) -> list[AnyMember]:
    """Return the members in the order in which to read them.

    The most recently changed come first, but those of one nested zip stay together, because the zip
    has to be unpacked for them.
    """
    ordered = newest_first(members)
    groups: dict[MemberPath, list[AnyMember]] = {}
    for member in ordered:
        is_nested = len(member.location) > _OF_PLAIN_ZIP
        key = member.location[:-1] if is_nested else member.location
        groups.setdefault(key, []).append(member)
    return list(chain.from_iterable(groups.values()))


def _age(member: MemberOrRefusal) -> tuple[float, MemberPath]:
    """Return the sort key of a member; the location makes the order stable."""
    return -member.modified_s, member.location
