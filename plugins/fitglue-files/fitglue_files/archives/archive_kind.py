"""What one kind of archive is: a source that also says where archives of its kind are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fitglue_files.layout import slashed
from fitglue_files.source import Source
from fitglue_registry.errors import AthleteNeeded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from fitglue_files.containers import Box
    from fitglue_files.layout import Layout, Position
    from fitglue_files.members import Location
    from fitglue_files.wording import Contents
    from fitglue_registry.plugin_api import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveKind(Source):
    """One kind of archive; each is the value ``KIND`` of a module in the package ``kinds``."""

    #: Its name for people.
    name: str
    #: Where archives of this kind begin among some members; one may be named several times.
    roots: Callable[[Box, Layout], Iterable[Position]]
    #: What is in some archives, for the athlete to read before anything is connected.
    contents: Callable[[Box, Layout], Contents]
    #: Whether all archives are of one account, because none of them says whose it is.
    is_one_account: bool = False
    #: Where it is among the kinds when archives are told of, the lowest first; kinds with the same
    #: number are in the order of their ids.
    order: int = 100


@dataclass(frozen=True, slots=True)
class Archive:
    """One archive: its kind, and where its members begin."""

    kind: ArchiveKind
    root: Position

    @property
    def path(self) -> str:
        """The path to connect to."""
        if self.root.container:
            return self.root.container[0]
        return self.root.path

    def covers(self, location: Location) -> bool:
        """Whether a member is part of it."""
        container, folder = self.root
        depth = len(container)
        if len(location) <= depth or location[:depth] != container:
            return False
        if not folder:
            return True
        return slashed(location[depth]).startswith(f"{folder}/")


def no_archive(
    kind: str,
    connection: Connection,
    looked_for: str,
) -> AthleteNeeded:
    """The refusal to connect to what is no archive of this kind."""
    shown = connection.settings.get("paths", "")
    return AthleteNeeded(
        f"FG-no-{kind}-archive",
        f"{shown} is not an archive of this service: it has no {looked_for}",
        fix="name the zip as it was downloaded, or the folder that it was unpacked into",
    )
