"""Counts of the kinds of files at a place, by the first bytes of each file, for the athlete to
read.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from fitglue_files.describing import promises_workout, promises_workouts
from fitglue_files.members import Refusal
from fitglue_files.unpacking import unpack_head
from fitglue_files.wording import Contents, counted, left_out
from fitglue_formats import is_activity, kind_of
from fitglue_registry.errors import RecordRefused

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fitglue_files.containers import ContainerReader
    from fitglue_files.members import MemberOrRefusal

_WORKOUTS = ("fit", "gpx", "tcx")


def count_kinds(reader: ContainerReader, members: Iterable[MemberOrRefusal]) -> Counter[str]:
    """Return how many members of each kind there are.

    The kinds are ``fit``, ``gpx``, ``tcx``, ``no activity`` (FIT files of other types), ``refused``
    (files that should be workouts and cannot be read) and ``other``.
    """
    return Counter(_kind(reader, member) for member in members)


def _kind(reader: ContainerReader, member: MemberOrRefusal) -> str:
    """Return the kind of one member, by its first bytes."""
    if isinstance(member, Refusal):
        return "refused" if promises_workouts(member.name) else "other"
    try:
        head = unpack_head(reader.head(member))
    except RecordRefused:
        return "refused" if promises_workouts(member.name) else "other"
    # The files are not read completely: this runs while the athlete waits for an answer.
    kind = kind_of(head)
    if kind == "fit" and is_activity(head) is False:
        return "no activity"
    if kind in _WORKOUTS:
        return kind
    return "refused" if promises_workout(member.name) else "other"


def count_workouts(counts: Counter[str]) -> int:
    """Return the number of files that contain workouts."""
    return sum(counts[kind] for kind in _WORKOUTS)


def contents_of(counts: Counter[str]) -> Contents:
    """Return the contents of a place without archives."""
    kinds = [f"{counts[kind]} {kind.upper()}" for kind in _WORKOUTS if counts[kind]]
    sentence = counted(count_workouts(counts), "workout file")
    if kinds:
        sentence += f" ({', '.join(kinds)})"
    return Contents((f"{sentence}.",), unusable(counts))


def unusable(counts: Counter[str], broken: int = 0) -> tuple[str, ...]:
    """Return a sentence for each kind of file that is not a workout.

    Args:
        counts: The counts of the members.
        broken: The number of other files that cannot be used.
    """
    kinds = []
    others = counts["no activity"]
    if others:
        kinds.append(
            f"{counted(others, 'FIT file')} without a workout (monitoring, sleep, settings)"
        )
    refused = counts["refused"] + broken
    if refused:
        kinds.append(
            f"{counted(refused, 'file')} that cannot be used; each sync reports the reason"
        )
    return left_out(*kinds)
