"""The members of an archive by their paths, whether the archive is a zip or was unpacked."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from pathlib import PurePath
from typing import TYPE_CHECKING, NamedTuple, Protocol

from fitglue_files.members import Member, Refusal, newest_first

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from fitglue_files.containers import ContainerReader
    from fitglue_files.members import MemberOrRefusal, MemberPath


#: The characters of the longest path of a table, with those of the zips that contain it.
_LONGEST_PATH = 10_000


class Covering(Protocol):
    """Something that covers a part of the members, such as an archive."""

    def covers(self, location: MemberPath) -> bool:
        """Return whether a member at this location belongs to it."""


class Position(NamedTuple):
    """A path in a container: that of a member, or the folder in which an archive begins."""

    container: MemberPath
    path: str

    def below(self, name: str) -> Position:
        """Return a path relative to this one."""
        if not self.path:
            return Position(self.container, name)
        return Position(self.container, f"{self.path}/{name}")


@dataclass(frozen=True, slots=True)
class Layout:
    """All members at some paths, and an index of them by their position.

    Attributes:
        members: The members, and the files that were refused.
        by_position: Position → member.
        links: Where there are symbolic links, which are not followed.
        specials: Where there are pipes, sockets and devices, which are not opened.
    """

    members: tuple[MemberOrRefusal, ...]
    by_position: dict[Position, Member]
    links: tuple[MemberPath, ...] = ()
    specials: tuple[MemberPath, ...] = ()

    @classmethod
    def of(cls, reader: ContainerReader, paths: Iterable[Path]) -> Layout:
        """Return the layout of everything at and below the paths."""
        links = len(reader.links)
        specials = len(reader.specials)
        members = list(reader.find(list(paths)))
        return cls.of_members(members, reader.links[links:], reader.specials[specials:])

    @classmethod
    def of_all(cls, layouts: Iterable[Layout]) -> Layout:
        """Return the layout of the members of several layouts, without duplicates."""
        parts = tuple(layouts)
        return cls.of_members(
            chain.from_iterable(layout.members for layout in parts),
            chain.from_iterable(layout.links for layout in parts),
            chain.from_iterable(layout.specials for layout in parts),
        )

    @classmethod
    def of_members(
        cls,
        members: Iterable[MemberOrRefusal],
        links: Iterable[MemberPath] = (),
        specials: Iterable[MemberPath] = (),
    ) -> Layout:
        """Return the layout of these members; a member that two paths contain is in it once."""
        by_location = {member.location: member for member in members}
        by_position = {}
        for member in by_location.values():
            if isinstance(member, Member):
                by_position[position_of(member)] = member
        return cls(
            tuple(by_location.values()),
            by_position,
            tuple(dict.fromkeys(links)),
            tuple(dict.fromkeys(specials)),
        )

    def within(self, parts: Iterable[Covering]) -> Layout:
        """Return the layout of the members that are covered by one of these parts."""
        covering = tuple(parts)
        return Layout.of_members(
            (member for member in self.members if is_in(covering, member.location)),
            (link for link in self.links if is_in(covering, link)),
            (special for special in self.specials if is_in(covering, special)),
        )

    def outside(self, parts: Iterable[Covering]) -> Layout:
        """Return the layout of the members that none of these parts covers."""
        covering = tuple(parts)
        return Layout.of_members(
            (member for member in self.members if not is_in(covering, member.location)),
            (link for link in self.links if not is_in(covering, link)),
            (special for special in self.specials if not is_in(covering, special)),
        )

    def named(self, matches: Callable[[str], bool]) -> Iterator[Member]:
        """Yield the members whose base name matches, the most recently changed first.

        These are tables. One with a longer path than any archive has is not found, because the
        place of each workout names its tables.
        """
        named = []
        for member in self.members:
            if not isinstance(member, Member) or sum(map(len, member.location)) > _LONGEST_PATH:
                continue
            if matches(base_name(member)):
                named.append(member)
        yield from newest_first(named)

    def refused(self, matches: Callable[[str], bool]) -> Iterator[Refusal]:
        """Yield the refused members whose base name matches, the most recently changed first."""
        named = []
        for member in self.refusals():
            if not member.is_folder and matches(base_name(member)):
                named.append(member)
        yield from newest_first(named)

    def refusals(self) -> Iterator[Refusal]:
        """Yield the files, folders and containers that cannot be used."""
        for member in self.members:
            if isinstance(member, Refusal):
                yield member

    def beside(self, member: MemberOrRefusal, name: str) -> Member | None:
        """Return the member at a path relative to the folder of another member, or ``None``."""
        position = root_of(member).below(slashed(name))
        return self.by_position.get(position)

    def below(self, member: MemberOrRefusal, folder: str = "") -> list[Member]:
        """Return the members beside another member, or in a folder beside it, and further down."""
        start = root_of(member)
        if folder:
            start = start.below(folder)
        # With the slash, so that ``media`` does not match ``media2/a.jpg``.
        beginning = f"{start.path}/" if start.path else ""
        members = []
        for position, other in self.by_position.items():
            if position.container != start.container:
                continue
            if position.path.startswith(beginning):
                members.append(other)
        return members


def is_in(parts: Iterable[Covering], location: MemberPath) -> bool:
    """Return whether one of these parts covers a member at this location."""
    return any(part.covers(location) for part in parts)


def position_of(member: MemberOrRefusal) -> Position:
    """Return the position of a member or of a refused file."""
    *container, name = member.location
    return Position(tuple(container), slashed(name))


def root_of(member: MemberOrRefusal) -> Position:
    """Return the position of the folder that contains a member: the root of an archive, if the
    member is one that is in the root of its archive.
    """
    position = position_of(member)
    folder, _, _ = position.path.rpartition("/")
    return Position(position.container, folder)


def base_name(member: MemberOrRefusal) -> str:
    """Return the last part of the name of a member or of a refused file."""
    return slashed(member.name).rpartition("/")[2]


def slashed(name: str) -> str:
    """Return a path with forward slashes, as the zip format prescribes; some programs write
    backslashes.
    """
    return name.replace("\\", "/")


def stem(path: str) -> str:
    """Return the base name of a path without its suffix."""
    return PurePath(path).stem
