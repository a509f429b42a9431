"""Finds the archives among the members of some paths: which source reads each, from where, and what
of the paths is it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING

from fitglue_files.archives import garmin, strava, trainingpeaks
from fitglue_files.archives.layout import root_of, slashed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fitglue_files.archives.layout import Layout
    from fitglue_files.containers import Box, Member, Refusal

_FILES_OF_TRAININGPEAKS = re.compile(r"WorkoutFileExport", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Archive:
    """One archive: the entry that reads it, the path to connect to, and where its members begin."""

    entry: str
    path: str
    container: tuple[str, ...]
    folder: str

    def covers(self, location: tuple[str, ...]) -> bool:
        """Whether a member is part of it."""
        depth = len(self.container)
        if location[:depth] != self.container or len(location) <= depth:
            return False
        return not self.folder or slashed(location[depth]).startswith(f"{self.folder}/")


def archives_in(box: Box, layout: Layout) -> list[Archive]:
    """Every archive among the members; of one that has several tables, one."""
    found = [_at("strava-archive", root_of(table)) for table in strava.tables_of(box, layout)]
    found += [_at("garmin-archive", root) for root in _garmin_roots(layout)]
    tables = list(trainingpeaks.tables_of(box, layout))
    found += [_at("trainingpeaks-archive", root_of(table)) for table in tables]
    found += [
        _at("trainingpeaks-archive", ((path,), ""))
        for path in _files_of_trainingpeaks(layout)
        if tables
    ]
    return list(dict.fromkeys(found))


def _at(entry: str, root: tuple[tuple[str, ...], str]) -> Archive:
    container, folder = root
    return Archive(entry, container[0] if container else folder, container, folder)


def _garmin_roots(layout: Layout) -> Iterator[tuple[tuple[str, ...], str]]:
    """The folder that holds the summaries and the parts of uploads: that above ``DI_CONNECT``,
    however it was unpacked.
    """
    for member in garmin.tables_of(layout):
        yield _above(member.location[:-1], slashed(member.name))
    for one in layout.members:
        if len(one.location) > 1 and garmin.is_upload(one.location[-2]):
            yield _above(one.location[:-2], slashed(one.location[-2]))


def _above(container: tuple[str, ...], name: str) -> tuple[tuple[str, ...], str]:
    before, found, _ = name.partition("DI_CONNECT/")
    return container, before.rstrip("/") if found else name.rpartition("/")[0]


def _files_of_trainingpeaks(layout: Layout) -> set[str]:
    """The zips that hold the files of its tables: only their names say so."""
    zips = {one.location[0] for one in layout.members if len(one.location) > 1}
    return {path for path in zips if _FILES_OF_TRAININGPEAKS.search(PurePath(path).name)}


def outside(layout: Layout, archives: list[Archive]) -> list[Member | Refusal]:
    """What belongs to no archive."""
    return [
        one
        for one in layout.members
        if not any(archive.covers(one.location) for archive in archives)
    ]
