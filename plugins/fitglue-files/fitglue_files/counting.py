"""Counts what lies somewhere by the first bytes of each file: nothing is read whole."""

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

    from fitglue_files.containers import Box
    from fitglue_files.members import Found

_WORKOUTS = ("fit", "gpx", "tcx")


def count_kinds(box: Box, members: Iterable[Found]) -> Counter[str]:
    """How many of each kind there are: fit, gpx, tcx, ``no activity``, ``refused``, ``other``."""
    return Counter(_kind(box, member) for member in members)


def _kind(box: Box, member: Found) -> str:
    if isinstance(member, Refusal):
        return "refused" if promises_workouts(member.name) else "other"
    try:
        head = unpack_head(box.head(member))
    except RecordRefused:
        return "refused" if promises_workouts(member.name) else "other"
    kind = kind_of(head)
    if kind == "fit" and is_activity(head) is False:
        return "no activity"
    if kind in _WORKOUTS:
        return kind
    return "refused" if promises_workout(member.name) else "other"


def count_workouts(counts: Counter[str]) -> int:
    """How many files of workouts there are."""
    return sum(counts[kind] for kind in _WORKOUTS)


def contents_of(counts: Counter[str]) -> Contents:
    """What lies somewhere, where all of it is files."""
    kinds = [f"{counts[kind]} {kind.upper()}" for kind in _WORKOUTS if counts[kind]]
    found = f"{counted(count_workouts(counts), 'file')} of workouts"
    if kinds:
        found += f" ({', '.join(kinds)})"
    return Contents((f"{found}.",), unusable(counts))


def unusable(counts: Counter[str], broken: int = 0) -> tuple[str, ...]:
    """What is no workout, a sentence each; ``broken`` is how many other files are no use."""
    kinds = []
    others = counts["no activity"]
    if others:
        kinds.append(f"{counted(others, 'FIT file')} of other kinds (monitoring, sleep, settings)")
    refused = counts["refused"] + broken
    if refused:
        kinds.append(
            f"{counted(refused, 'file')} that cannot be used; each sync says which, and why"
        )
    return left_out(*kinds)
