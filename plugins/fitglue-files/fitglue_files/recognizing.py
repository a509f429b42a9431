"""Says what some paths are, before anything is connected: archives of services, files of workouts,
or nothing of ours.
"""

from __future__ import annotations

from collections import defaultdict
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from fitglue_files.archives.kinds import Archive, archives_in, outside
from fitglue_files.archives.layout import Layout
from fitglue_files.containers import Box
from fitglue_files.looking import census
from fitglue_files.loose import told_of
from fitglue_files.paths import joined
from fitglue_files.wording import counted, left_out
from fitglue_registry.plugin_api import Recognized

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

#: Entry → its name for people, and the module that says what is in one.
ARCHIVES = {
    "strava-archive": ("Strava archive", "fitglue_files.archives.strava"),
    "garmin-archive": ("Garmin archive", "fitglue_files.archives.garmin"),
    "trainingpeaks-archive": ("TrainingPeaks exports", "fitglue_files.archives.trainingpeaks"),
}


def recognize(paths: Sequence[str]) -> list[Recognized]:
    """What each path is; all single files are one source, all exports of TrainingPeaks another,
    each folder and archive its own.

    A folder may hold archives besides files: then it is named by several answers, and each reads
    its own part of it.
    """
    archives: dict[Archive, list[str]] = defaultdict(list)
    loose: list[Recognized] = []
    single: list[str] = []
    with Box() as box:
        layouts = {path: Layout.of(box, [Path(path)]) for path in paths}
        # The files of TrainingPeaks are known as such only beside their table.
        together = archives_in(box, Layout.of_all(layouts.values()))
        for path, layout in layouts.items():
            here = [
                one
                for one in together
                if any(one.covers(member.location) for member in layout.members)
            ]
            for archive in here:
                archives[archive].append(path)
            rest = census(box, outside(layout, here))
            if not (rest["fit"] + rest["gpx"] + rest["tcx"] or (rest["refused"] and not here)):
                continue
            if Path(path).is_dir():
                found, skipped = told_of(rest)
                skipped += (
                    left_out(f"{counted(len(here), 'archive')}, each a source of its own")
                    if here
                    else ()
                )
                loose.append(
                    Recognized("files", (path,), "Folder of files", {"paths": path}, found, skipped)
                )
            else:
                single.append(path)
        return [*_archives(archives, layouts), *loose, *_single(box, single, layouts)]


def _archives(
    archives: Mapping[Archive, Sequence[str]], layouts: Mapping[str, Layout]
) -> Iterator[Recognized]:
    by_account: dict[tuple[str, str], list[Archive]] = defaultdict(list)
    for archive in archives:
        # The exports of TrainingPeaks are of one account; of the others, each archive says whose it
        # is.
        by_account[
            archive.entry, "" if archive.entry == "trainingpeaks-archive" else archive.path
        ].append(archive)
    for (entry, _), together in by_account.items():
        name, module = ARCHIVES[entry]
        given = tuple(dict.fromkeys(path for archive in together for path in archives[archive]))
        members = Layout.of_all(layouts[path] for path in given).within(together)
        with Box() as box:
            found, skipped = import_module(module).told(box, members)
        places = dict.fromkeys(_place(archive, archives[archive]) for archive in together)
        yield Recognized(entry, given, name, {"paths": joined(places)}, found, skipped)


def _place(archive: Archive, given: Sequence[str]) -> str:
    """Where to connect to: the archive, and never more than what was named of it."""
    return next((path for path in given if path.startswith(f"{archive.path}/")), archive.path)


def _single(box: Box, paths: Sequence[str], layouts: Mapping[str, Layout]) -> Iterator[Recognized]:
    if paths:
        found, skipped = told_of(
            census(box, Layout.of_all(layouts[path] for path in paths).members)
        )
        yield Recognized("files", tuple(paths), "Files", {"paths": joined(paths)}, found, skipped)
