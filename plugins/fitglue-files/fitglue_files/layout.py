"""Finds an archive's parts among the members of files, folders and zips: the same whether it was
unpacked or not.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from pathlib import PurePath
from typing import TYPE_CHECKING, NamedTuple, Protocol

from fitglue_files.members import Member, newest_first

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from fitglue_files.containers import Box
    from fitglue_files.members import Found, Location


class Covering(Protocol):
    """A part of what lies there."""

    def covers(self, location: Location) -> bool:
        """Whether a member is in it."""


class Position(NamedTuple):
    """A path in a container: that of a member, or the folder in which an archive begins."""

    container: Location
    path: str

    def below(self, name: str) -> Position:
        """A path that is counted from here."""
        if not self.path:
            return Position(self.container, name)
        return Position(self.container, f"{self.path}/{name}")


@dataclass(frozen=True, slots=True)
class Layout:
    """The members of some paths by their names."""

    members: tuple[Found, ...]
    by_position: dict[Position, Member]

    @classmethod
    def of(cls, box: Box, paths: Iterable[Path]) -> Layout:
        """Everything at and below the paths."""
        return cls.made_of(box.walk(list(paths)))

    @classmethod
    def of_all(cls, layouts: Iterable[Layout]) -> Layout:
        """The members of several, once each."""
        return cls.made_of(chain.from_iterable(layout.members for layout in layouts))

    @classmethod
    def made_of(cls, members: Iterable[Found]) -> Layout:
        """These members; what two paths reach is there once."""
        once = {member.location: member for member in members}
        by_position = {}
        for member in once.values():
            if isinstance(member, Member):
                by_position[position_of(member)] = member
        return cls(tuple(once.values()), by_position)

    def within(self, parts: Iterable[Covering]) -> Layout:
        """Those members alone that are in one of these parts."""
        wanted = tuple(parts)
        return Layout.made_of(member for member in self.members if is_in(wanted, member))

    def named(self, matches: Callable[[str], bool]) -> Iterator[Member]:
        """The members whose last name is wanted, the newest first."""
        named = []
        for member in self.members:
            if isinstance(member, Member) and matches(base_name(member)):
                named.append(member)
        yield from newest_first(named)

    def beside(self, member: Member, name: str) -> Member | None:
        """A member by its path from where another one lies."""
        position = root_of(member).below(slashed(name))
        return self.by_position.get(position)

    def below(self, member: Member, folder: str) -> list[Member]:
        """What lies in a folder beside a member."""
        start = root_of(member).below(f"{folder}/")
        found = []
        for position, other in self.by_position.items():
            if position.container != start.container:
                continue
            if position.path.startswith(start.path):
                found.append(other)
        return found


def is_in(parts: Iterable[Covering], member: Found) -> bool:
    """Whether a member is in one of these parts."""
    return any(part.covers(member.location) for part in parts)


def position_of(member: Member) -> Position:
    """Where a member is."""
    *container, name = member.location
    return Position(tuple(container), slashed(name))


def root_of(member: Member) -> Position:
    """Where the archive begins that has this member at its root."""
    position = position_of(member)
    folder, _, _ = position.path.rpartition("/")
    return Position(position.container, folder)


def base_name(member: Member) -> str:
    """The last name of a member."""
    return slashed(member.name).rpartition("/")[2]


def slashed(name: str) -> str:
    """A path as zips write it."""
    return name.replace("\\", "/")


def stem(path: str) -> str:
    """The name of a path without its suffix."""
    return PurePath(path).stem
