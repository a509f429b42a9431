"""Counts of the kinds of files at a place, by the first bytes of each file, for the athlete to
read.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING

from fitglue_files.kind_cache import KindCache
from fitglue_files.layout import base_name
from fitglue_files.looking import file_opened
from fitglue_files.members import Refusal
from fitglue_files.sorting import NO_ACTIVITY, is_worth_naming, kind_of_member
from fitglue_files.wording import Contents, counted, left_out, named
from fitglue_registry.errors import RecordRefused

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from fitglue_files.containers import ContainerReader
    from fitglue_files.layout import Layout
    from fitglue_files.members import MemberOrRefusal, MemberPath

_SPECIALS = ("pipe, socket or device", "pipes, sockets or devices")
_FILES_OR_FOLDERS = ("file or folder", "files or folders")
_WORKOUTS = ("fit", "gpx", "tcx")


@dataclass(frozen=True, slots=True)
class Counts:
    """How many members of each kind there are.

    Attributes:
        kinds: The numbers by kind. The kinds are ``fit``, ``gpx``, ``tcx``, ``no activity`` (FIT
            files of other types), ``refused`` (files that should be workouts and cannot be read)
            and ``other``.
        refused: The names of the refused members, without their folders.
        others: The names of the members of the kind ``other``, without their folders.
        why: Why the first of the refused members cannot be used, if that is known without reading
            it completely.
    """

    kinds: Counter[str]
    refused: tuple[str, ...]
    others: tuple[str, ...] = ()
    why: str | None = None

    def __getitem__(self, kind: str) -> int:
        return self.kinds[kind]


def count_kinds(reader: ContainerReader, members: Iterable[MemberOrRefusal]) -> Counts:
    """Return how many members of each kind there are."""
    cache = KindCache()
    kinds: Counter[str] = Counter()
    refused = []
    others = []
    why = None
    for member in members:
        kind = _kind(reader, member, cache)
        file_opened()
        kinds[kind] += 1
        if kind == "refused":
            refused.append(_shown_name(member))
            if why is None and isinstance(member, Refusal):
                why = member.error.what
        elif kind == "other":
            others.append(base_name(member))
    return Counts(kinds, tuple(refused), tuple(others), why)


def _shown_name(member: MemberOrRefusal) -> str:
    """Return the name of a member without its folders; a slash follows the name of a folder."""
    if isinstance(member, Refusal) and member.is_folder:
        return f"{base_name(member)}/"
    return base_name(member)


def _files(names: Sequence[str]) -> str:
    """Return the number of files, or of files and folders if a folder is among the names."""
    for name in names:
        if name.endswith("/"):
            return counted(len(names), *_FILES_OR_FOLDERS)
    return counted(len(names), "file")


def other_names(
    members: Iterable[MemberOrRefusal],
    known: Iterable[MemberOrRefusal],
) -> list[str]:
    """Return the names of the members that are not among the known ones, without their folders."""
    locations = {member.location for member in known}
    names = []
    for member in members:
        if member.location not in locations:
            names.append(base_name(member))
    return names


def _kind(
    reader: ContainerReader,
    member: MemberOrRefusal,
    cache: KindCache,
) -> str:
    """Return the kind of one member, by its first bytes."""
    if isinstance(member, Refusal):
        return _kind_of_refused(member)
    # The files are not read completely: this runs while the athlete waits for an answer.
    try:
        kind = kind_of_member(reader, member, cache)
    except RecordRefused as error:
        return _kind_of_refused(Refusal(member.location, error))
    if kind == "unknown":
        return "refused"
    return kind


def _kind_of_refused(refusal: Refusal) -> str:
    """Return the kind of an unreadable member, by whether the athlete should hear of it."""
    if is_worth_naming(refusal):
        return "refused"
    return "other"


def count_workouts(counts: Counts) -> int:
    """Return the number of files that contain workouts."""
    return sum(counts[kind] for kind in _WORKOUTS)


def contents_of(counts: Counts, layout: Layout) -> Contents:
    """Return the contents of a place without archives, from its layout and the counts of it."""
    kinds = []
    for kind in _WORKOUTS:
        number = counts[kind]
        if number:
            kinds.append(f"{number} {kind.upper()}")
    sentence = counted(count_workouts(counts), "workout file")
    if kinds:
        sentence += f" ({', '.join(kinds)})"
    sentences = [f"{sentence}."]
    # Somebody who connects only what is refused needs the reason at once.
    if not count_workouts(counts) and counts.why is not None:
        sentences.append(f"Problem: {counts.why}.")
    return Contents(tuple(sentences), unusable(counts) + not_opened(layout))


def not_opened(layout: Layout) -> tuple[str, ...]:
    """Return a sentence for the links in a layout, and one for what is neither file nor folder."""
    kinds = []
    if layout.links:
        number = counted(len(layout.links), "link")
        names = _names(layout.links)
        kinds.append(f"{number}{names}; import the file or folder that a link leads to")
    if layout.specials:
        number = counted(
            len(layout.specials), "pipe, socket or device", "pipes, sockets or devices"
        )
        kinds.append(f"{number}{_names(layout.specials)}")
    return left_out(*kinds)


def _names(locations: Sequence[MemberPath]) -> str:
    """Return the names at some locations in parentheses, without their folders."""
    names = []
    for location in locations:
        path = PurePath(location[-1])
        names.append(path.name)
    return named(names)


def unusable(
    counts: Counts,
    broken: Sequence[str] = (),
    others: Sequence[str] = (),
) -> tuple[str, ...]:
    """Return a sentence for each kind of file that is not a workout.

    Args:
        counts: The counts of the members.
        broken: The names of other files that cannot be used.
        others: The names of files that are not counted, because they are of other kinds.
    """
    kinds = []
    without = counts[NO_ACTIVITY]
    if without:
        kinds.append(
            f"{counted(without, 'FIT file')} without a workout (monitoring, sleep, settings)"
        )
    refused = (*counts.refused, *broken)
    if refused:
        files = _files(refused)
        kinds.append(f"{files} that cannot be used{named(refused)}; each sync reports the reason")
    rest = (*counts.others, *others)
    if rest:
        number = counted(len(rest), "other file")
        kinds.append(f"{number}{named(rest)}")
    return left_out(*kinds)
