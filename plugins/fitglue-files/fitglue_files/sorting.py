"""Sorts members into those that are read as workouts and those that are only counted."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from fitglue_files.members import Refusal
from fitglue_files.unpacking import unpack_head
from fitglue_formats import is_activity, kind_of
from fitglue_registry.errors import RecordRefused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from fitglue_files.containers import ContainerReader
    from fitglue_files.kind_cache import KindCache
    from fitglue_files.members import Member, MemberOrRefusal

#: Names that promise a workout: if the content is not one, the athlete learns why. Other files are
#: only counted.
_WORKOUTS = re.compile(r"\.(fit|gpx|tcx)(\.gz)?\Z", re.IGNORECASE)
_CONTAINERS = re.compile(r"\.zip\Z", re.IGNORECASE)
#: Names of the tables of archives, without which many workouts miss their titles and values.
_TABLES = re.compile(r"\.(csv|json)\Z", re.IGNORECASE)
#: The kind of a FIT file that is not a workout: monitoring, sleep, settings.
NO_ACTIVITY = "no activity"
#: The kind of a file in which nobody would expect a workout.
OTHER = "other"


def promises_workout(name: str) -> bool:
    """Return whether the name of a file promises a workout."""
    return _WORKOUTS.search(name) is not None


def promises_workouts(name: str) -> bool:
    """Return whether the name of a file promises a workout or, as a zip, many of them."""
    return promises_workout(name) or _CONTAINERS.search(name) is not None


def is_worth_naming(refusal: Refusal) -> bool:
    """Return whether the athlete should hear of a file or folder that is left out.

    A photo or a video that is larger than any workout is only counted.
    """
    # What the system does not let us read may be anything, also a workout under any name.
    if refusal.is_folder or refusal.error.code == "FG-file-unreadable":
        return True
    return promises_workouts(refusal.name) or _TABLES.search(refusal.name) is not None


def kind_of_head(
    name: str,
    head: bytes,
) -> str:
    """Return the kind of a file: its format, ``NO_ACTIVITY``, ``OTHER``, or ``unknown``.

    Args:
        name: The name of the file.
        head: Its first bytes, without a gzip.
    """
    kind = kind_of(head)
    # The first bytes are enough: a Garmin archive has tens of thousands of monitoring files.
    if kind == "fit" and is_activity(head) is False:
        return NO_ACTIVITY
    if kind is None:
        return "unknown" if promises_workout(name) else OTHER
    return kind


def kind_of_member(
    reader: ContainerReader,
    member: Member,
    cache: KindCache,
) -> str:
    """Return the kind of a member, which is opened if the cache does not have it.

    Raises:
        RecordRefused: If the member cannot be read.
    """
    kind = cache.get(member.key)
    if kind is None:
        kind = kind_of_head(member.name, unpack_head(reader.head(member)))
        cache.put(member.key, kind)
    return kind


class Sorter:
    """A sorter of members that counts those that are not workouts.

    Attributes:
        no_activities: The number of FIT files of other types.
        others: The number of other files.
    """

    def __init__(
        self,
        reader: ContainerReader,
        cache: KindCache,
        alive: Callable[[], None],
    ) -> None:
        self._reader = reader
        self._cache = cache
        self._alive = alive
        self.no_activities = 0
        self.others = 0

    def workouts(
        self,
        members: Iterable[MemberOrRefusal],
    ) -> Iterator[MemberOrRefusal]:
        """Yield the members that are, or should be, workouts."""
        for member in members:
            self._alive()  # files of other kinds yield nothing, and the host must see progress
            sorted_member = self._sorted(member)
            if sorted_member is not None:
                yield sorted_member

    def left_out(self) -> str | None:
        """Return a sentence about the members that were only counted, or ``None``."""
        if not (self.no_activities or self.others):
            return None
        return (
            f"left out: {self.no_activities} FIT files that are not workouts, "
            f"{self.others} other files"
        )

    def _sorted(
        self,
        member: MemberOrRefusal,
    ) -> MemberOrRefusal | None:
        """Return a member, or its refusal, or ``None`` if it is only counted."""
        if isinstance(member, Refusal):
            if is_worth_naming(member):
                return member
            self.others += 1
            return None
        try:
            kind = kind_of_member(self._reader, member, self._cache)
        except RecordRefused as error:
            refusal = Refusal(member.location, error, member.modified_s)
            if is_worth_naming(refusal):
                return refusal
            kind = OTHER
        if kind == NO_ACTIVITY:
            self.no_activities += 1
            return None
        if kind == OTHER:
            self.others += 1
            return None
        return member
