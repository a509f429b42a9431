"""Finds an archive's parts among the members of files, folders and zips: the same whether it was
unpacked or not.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import PurePath
from typing import TYPE_CHECKING, NamedTuple, Protocol

from fitglue_files.containers import Member
from fitglue_files.paths import paths_of
from fitglue_registry.errors import AthleteNeeded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from fitglue_files.containers import Box, Refusal
    from fitglue_registry.plugin_api import Connection


class Covering(Protocol):
    """A part of what lies there."""

    def covers(self, location: tuple[str, ...]) -> bool:
        """Whether a member is in it."""


class Root(NamedTuple):
    """Where an archive begins: the container, and the folder in it."""

    container: tuple[str, ...]
    folder: str


@dataclass(frozen=True, slots=True)
class Layout:
    """The members of some paths by their names."""

    members: tuple[Member | Refusal, ...]
    by_place: dict[tuple[tuple[str, ...], str], Member] = field(default_factory=dict)

    @classmethod
    def of(cls, box: Box, paths: Iterable[Path]) -> Layout:
        """Everything at and below the paths."""
        return cls.made_of(box.walk(list(paths)))

    @classmethod
    def of_all(cls, layouts: Iterable[Layout]) -> Layout:
        """The members of several, once each."""
        return cls.made_of(member for layout in layouts for member in layout.members)

    @classmethod
    def made_of(cls, members: Iterable[Member | Refusal]) -> Layout:
        """These members; what two paths reach is there once."""
        once = {member.location: member for member in members}
        return cls(
            tuple(once.values()),
            {
                (one.location[:-1], slashed(one.name)): one
                for one in once.values()
                if isinstance(one, Member)
            },
        )

    def within(self, parts: Iterable[Covering]) -> Layout:
        """Those members alone that are in one of these parts."""
        wanted = tuple(parts)
        return Layout.made_of(
            member
            for member in self.members
            if any(part.covers(member.location) for part in wanted)
        )

    def named(self, matches: Callable[[str], bool]) -> Iterator[Member]:
        """The members whose last name is wanted, the newest first."""
        found = [one for one in self.members if isinstance(one, Member) and matches(base_name(one))]
        yield from sorted(found, key=lambda one: (-one.modified_s, one.location))

    def beside(self, member: Member, name: str) -> Member | None:
        """A member by its path from where another one lies."""
        root = root_of(member)
        path = f"{root.folder}/{slashed(name)}" if root.folder else slashed(name)
        return self.by_place.get((root.container, path))

    def below(self, member: Member, folder: str) -> list[Member]:
        """What lies in a folder beside a member."""
        root = root_of(member)
        start = f"{root.folder}/{folder}/" if root.folder else f"{folder}/"
        return [
            one
            for (container, path), one in self.by_place.items()
            if container == root.container and path.startswith(start)
        ]


def root_of(member: Member) -> Root:
    """Where the archive begins that has this member at its root."""
    return Root(member.location[:-1], slashed(member.name).rpartition("/")[0])


def base_name(member: Member) -> str:
    """The last name of a member."""
    return slashed(member.name).rpartition("/")[2]


def slashed(name: str) -> str:
    """A path as zips write it."""
    return name.replace("\\", "/")


def present(connection: Connection) -> list[Path]:
    """The paths of an archive that are still there: who has imported it may delete it, and that is
    no fault.
    """
    try:
        return paths_of(connection)
    except AthleteNeeded as error:
        connection.log.info("nothing is listed: %s", error.what)
        return []


def no_archive(kind: str, connection: Connection, looked_for: str) -> AthleteNeeded:
    """The refusal to connect to what is no archive of this kind."""
    shown = connection.settings.get("paths", "")
    return AthleteNeeded(
        f"FG-no-{kind}-archive",
        f"{shown} is not an archive of this service: it has no {looked_for}",
        fix="name the zip as it was downloaded, or the folder that it was unpacked into",
    )


def stem(path: str) -> str:
    """The name of a path without its suffix."""
    return PurePath(path).stem
