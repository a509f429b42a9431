"""The definition of one kind of archive: a source that also finds the archives of its kind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fitglue_files.layout import slashed
from fitglue_files.source import Source
from fitglue_registry.errors import AthleteNeeded, ConnectionStopped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from fitglue_files.containers import ContainerReader
    from fitglue_files.layout import Layout, Position
    from fitglue_files.members import MemberPath
    from fitglue_files.wording import Contents
    from fitglue_registry.plugin_api import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveKind(Source):
    """One kind of archive. Each is the value ``KIND`` of a module in the package ``kinds``."""

    #: The name that people read.
    name: str
    #: A function that returns where archives of this kind begin among some members. It may return a
    #: position several times.
    roots: Callable[[ContainerReader, Layout], Iterable[Position]]
    #: A function that returns what some archives contain, for the athlete to read before anything
    #: is connected.
    contents: Callable[[ContainerReader, Layout], Contents]
    #: Whether all archives belong to one account, because they do not state their owner.
    is_one_account: bool = False
    #: The position among the kinds when archives are reported, the lowest first. Kinds with the
    #: same number are in the order of their ids.
    order: int = 100


@dataclass(frozen=True, slots=True)
class Archive:
    """One archive: its kind, and the position where its members begin."""

    kind: ArchiveKind
    root: Position

    @property
    def path(self) -> str:
        """The path to connect to."""
        if self.root.container:
            return self.root.container[0]
        return self.root.path

    def covers(self, location: MemberPath) -> bool:
        """Return whether a member at this location is part of the archive."""
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
    layout: Layout,
    looked_for: str,
) -> ConnectionStopped:
    """Return the error for a connection to paths that contain no archive of this kind.

    Args:
        kind: The word for the kind in the code of the error.
        connection: The connection.
        layout: The members at its paths.
        looked_for: What an archive of this kind contains.
    """
    # An archive that is refused as a whole may well be one.
    for refusal in layout.refusals():
        if len(refusal.location) == 1:
            error = refusal.error
            return ConnectionStopped(error.code, error.what, at=error.at, fix=error.fix)
    paths = connection.settings.get("paths", "")
    return AthleteNeeded(
        f"FG-no-{kind}-archive",
        f"{paths} is not an archive of this service: it has no {looked_for}",
        fix="name the zip as it was downloaded, or the folder into which it was unpacked",
    )
