"""Says what some paths are, before anything is connected: archives of services, files of workouts,
or nothing of ours.
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from fitglue_files.archives.collecting import archives_in, outside
from fitglue_files.containers import Box
from fitglue_files.counting import contents_of, count_kinds, count_workouts
from fitglue_files.layout import Layout
from fitglue_files.paths import joined
from fitglue_files.plain_files import SOURCE
from fitglue_files.wording import counted, left_out
from fitglue_registry.plugin_api import Recognized

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterator, Mapping, Sequence

    from fitglue_files.archives.archive_kind import Archive
    from fitglue_files.wording import Contents

#: The members at each of the paths that were given.
Layouts: TypeAlias = "Mapping[str, Layout]"
#: The paths among which each archive is.
Archives: TypeAlias = "Mapping[Archive, Sequence[str]]"


def recognize(paths: Sequence[str]) -> list[Recognized]:
    """What each path is; all single files are one source, all exports of TrainingPeaks another,
    each folder and archive its own.

    A folder may hold archives besides files: then it is named by several answers, and each reads
    its own part of it.
    """
    archives: dict[Archive, list[str]] = defaultdict(list)
    folders: list[Recognized] = []
    single: list[str] = []
    with Box() as box:
        layouts = {path: Layout.of(box, [Path(path)]) for path in paths}
        # The files of TrainingPeaks are known as such only beside their table.
        together = archives_in(box, Layout.of_all(layouts.values()))
        for path, layout in layouts.items():
            here = [archive for archive in together if _is_among(archive, layout)]
            for archive in here:
                archives[archive].append(path)
            rest = count_kinds(box, outside(layout, here))
            if not _is_worth_connecting(rest, is_alone=not here):
                continue
            if Path(path).is_dir():
                folders.append(_folder(path, contents_of(rest), len(here)))
            else:
                single.append(path)
        return [*_archives(archives, layouts), *folders, *_single(box, single, layouts)]


def _is_among(archive: Archive, layout: Layout) -> bool:
    return any(archive.covers(member.location) for member in layout.members)


def _is_worth_connecting(rest: Counter[str], *, is_alone: bool) -> bool:
    """Whether what is in no archive holds a workout, or something that should be one where there is
    nothing else.
    """
    if count_workouts(rest):
        return True
    return is_alone and rest["refused"] > 0


def _folder(
    path: str,
    contents: Contents,
    archives: int,
) -> Recognized:
    """A folder of files, with so many archives in it."""
    skipped = contents.left_out
    if archives:
        skipped += left_out(f"{counted(archives, 'archive')}, each a source of its own")
    return Recognized(
        SOURCE.id,
        (path,),
        "Folder of files",
        {"paths": path},
        contents.found,
        skipped,
    )


def _single(
    box: Box,
    paths: Sequence[str],
    layouts: Layouts,
) -> Iterator[Recognized]:
    """All single files together."""
    if not paths:
        return
    layout = Layout.of_all(layouts[path] for path in paths)
    contents = contents_of(count_kinds(box, layout.members))
    yield Recognized(
        SOURCE.id,
        tuple(paths),
        "Files",
        {"paths": joined(paths)},
        contents.found,
        contents.left_out,
    )


def _archives(
    archives: Archives,
    layouts: Layouts,
) -> Iterator[Recognized]:
    """The archives by the account that they are of, as far as that is known."""
    by_account: dict[tuple[str, str], list[Archive]] = defaultdict(list)
    for archive in archives:
        account = "" if archive.kind.is_one_account else archive.path
        by_account[archive.kind.id, account].append(archive)
    for together in by_account.values():
        yield _account(together, archives, layouts)


def _account(
    together: Sequence[Archive],
    archives: Archives,
    layouts: Layouts,
) -> Recognized:
    """The archives of one account."""
    kind = together[0].kind
    given: list[str] = []
    places: list[str] = []
    for archive in together:
        given += archives[archive]
        places.append(_place(archive, archives[archive]))
    given = list(dict.fromkeys(given))
    layout = Layout.of_all(layouts[path] for path in given)
    with Box() as box:
        contents = kind.contents(box, layout.within(together))
    return Recognized(
        kind.id,
        tuple(given),
        kind.name,
        {"paths": joined(dict.fromkeys(places))},
        contents.found,
        contents.left_out,
    )


def _place(archive: Archive, given: Sequence[str]) -> str:
    """Where to connect to: the archive, and never more than what was named of it."""
    for path in given:
        if path.startswith(f"{archive.path}/"):
            return path
    return archive.path
