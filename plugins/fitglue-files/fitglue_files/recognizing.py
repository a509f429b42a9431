"""Recognition of paths before anything is connected: archives of services, files of workouts, or
neither.
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from fitglue_files import limits
from fitglue_files.archives.collecting import archives_in
from fitglue_files.containers import ContainerReader
from fitglue_files.counting import contents_of, count_kinds, count_workouts
from fitglue_files.layout import Layout
from fitglue_files.looking import start_again
from fitglue_files.members import Refusal
from fitglue_files.paths import joined
from fitglue_files.plain_files import SOURCE
from fitglue_files.refusals import too_large
from fitglue_files.wording import counted, left_out
from fitglue_registry.plugin_api import Recognized, Refused

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from fitglue_files.archives.archive_kind import Archive
    from fitglue_files.counting import Counts
    from fitglue_files.wording import Contents
    from fitglue_registry.errors import RecordRefused

#: The members at each of the paths to recognize.
Layouts: TypeAlias = "Mapping[str, Layout]"
#: Each archive, with those of the paths that contain a part of it.
Archives: TypeAlias = "Mapping[Archive, Sequence[str]]"


def recognize(paths: Sequence[str]) -> list[Recognized | Refused]:
    """Return what the paths contain, and which of them are refused.

    All single files are one source, and all exports of TrainingPeaks another; each folder and each
    archive is a source of its own. If a folder contains archives besides files, it is named in
    several answers, and each source reads its own part of it.
    """
    start_again()
    archives: dict[Archive, list[str]] = defaultdict(list)
    folders: list[Recognized] = []
    single: list[str] = []
    refused: list[Refused] = []
    with ContainerReader() as reader:
        layouts = {path: Layout.of(reader, [Path(path)]) for path in paths}
        # All paths together, because a zip of files from TrainingPeaks is recognized only beside
        # the zip with its table.
        all_archives = archives_in(reader, Layout.of_all(layouts.values()))
        for path, layout in layouts.items():
            refusal = _refusal_of(path, layout)
            if refusal is not None:
                # The host says what a broken zip is, and which file it may have been.
                if refusal.code != "FG-zip-broken":
                    refused.append(Refused(path, refusal.code, refusal.what, refusal.fix))
                continue
            archives_here = [archive for archive in all_archives if _is_among(archive, layout)]
            for archive in archives_here:
                archives[archive].append(path)

            others = layout.outside(archives_here)
            other_counts = count_kinds(reader, others.members)
            if not _is_worth_connecting(other_counts, has_archives=bool(archives_here)):
                continue
            if not Path(path).is_dir():
                single.append(path)
                continue
            contents = contents_of(other_counts, others)
            folders.append(_folder(path, contents, len(archives_here)))
        recognized = [*_archives(archives, layouts), *folders, *_single(reader, single, layouts)]
    return [*recognized, *refused]


def _is_among(archive: Archive, layout: Layout) -> bool:
    """Return whether a layout contains a part of an archive."""
    return any(archive.covers(member.location) for member in layout.members)


def _refusal_of(path: str, layout: Layout) -> RecordRefused | None:
    """Return why a path is not worth connecting, if it is a single file that cannot be used.

    This is a zip that cannot or must not be opened, or a file that is larger than any other. It is
    not recognized, so that the athlete learns it at once. A connection to it would only repeat this
    in each sync.
    """
    if len(layout.members) != 1:
        return None
    [member] = layout.members
    if member.location != (path,):
        return None
    if isinstance(member, Refusal):
        return member.error if path.lower().endswith(".zip") else None
    # Only a file of Garmin's summaries may be larger, and says itself how large.
    if member.size > limits.LARGEST and not path.lower().endswith(".json"):
        return too_large(member.where)
    return None


def _is_worth_connecting(other_counts: Counts, *, has_archives: bool) -> bool:
    """Return whether the files outside archives are worth connecting.

    They are if they contain a workout. If there is no archive, a file that should be a workout is
    enough, so that the athlete learns why it is not.
    """
    if count_workouts(other_counts):
        return True
    return not has_archives and other_counts["refused"] > 0


def _folder(
    path: str,
    contents: Contents,
    archives: int,
) -> Recognized:
    """Return the answer for a folder of files that contains this number of archives as well."""
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
    reader: ContainerReader,
    paths: Sequence[str],
    layouts: Layouts,
) -> Iterator[Recognized]:
    """Yield one answer for all single files together."""
    if not paths:
        return
    layout = Layout.of_all(layouts[path] for path in paths)
    contents = contents_of(count_kinds(reader, layout.members), layout)
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
    """Yield an answer for each account that the archives belong to, as far as that is known."""
    by_account: dict[tuple[str, str], list[Archive]] = defaultdict(list)
    for archive in archives:
        account = "" if archive.kind.is_one_account else archive.path
        by_account[archive.kind.id, account].append(archive)
    for account_archives in by_account.values():
        yield _account(account_archives, archives, layouts)


def _account(
    account_archives: Sequence[Archive],
    archives: Archives,
    layouts: Layouts,
) -> Recognized:
    """Return the answer for the archives of one account."""
    kind = account_archives[0].kind
    paths: list[str] = []
    connect_to: list[str] = []
    for archive in account_archives:
        paths += archives[archive]
        connect_to.append(_path_to_connect(archive, archives[archive]))
    paths = list(dict.fromkeys(paths))
    layout = Layout.of_all(layouts[path] for path in paths)
    with ContainerReader() as reader:
        contents = kind.contents(reader, layout.within(account_archives))
    return Recognized(
        kind.id,
        tuple(paths),
        kind.name,
        {"paths": joined(dict.fromkeys(connect_to))},
        contents.found,
        contents.left_out,
    )


def _path_to_connect(archive: Archive, paths: Sequence[str]) -> str:
    """Return the path to connect to: the archive, or the part of it that was named.

    More than what was named is never connected.
    """
    for path in paths:
        if path.startswith(f"{archive.path}/"):
            return path
    return archive.path
