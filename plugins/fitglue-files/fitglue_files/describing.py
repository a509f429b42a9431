"""Descriptions of members: the id of the content, and the workouts that a glance finds in it.

Each content is looked at once; ``description_cache.py`` keeps the result.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from fitglue_files.members import Refusal
from fitglue_files.unpacking import unpack, unpack_head
from fitglue_formats import glance, is_activity, kind_of, title_of
from fitglue_registry.errors import Place, RecordRefused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from fitglue_files.containers import ContainerReader
    from fitglue_files.description_cache import DescriptionCache
    from fitglue_files.members import Member, MemberOrRefusal

#: Names that promise a workout: if the content is not one, the athlete learns why. Other files are
#: only counted.
_WORKOUTS = re.compile(r"\.(fit|gpx|tcx)(\.gz)?\Z", re.IGNORECASE)
_CONTAINERS = re.compile(r"\.zip\Z", re.IGNORECASE)
#: A description as plain values that can be stored as JSON.
Values: TypeAlias = dict[str, Any]


def promises_workout(name: str) -> bool:
    """Return whether the name of a file promises a workout."""
    return _WORKOUTS.search(name) is not None


def promises_workouts(name: str) -> bool:
    """Return whether the name of a file promises a workout or, as a zip, many of them."""
    return promises_workout(name) or _CONTAINERS.search(name) is not None


@dataclass(frozen=True, slots=True)
class Description:
    """The description of a member that contains, or should contain, a workout.

    Attributes:
        member: The member that was described.
        content_id: The SHA-256 of its unpacked content, in hexadecimal digits.
        size: The size of its unpacked content in bytes.
        kind: Its format, as in ``Glance.kind``.
        workouts: Its workouts, as in ``Glance.workouts``.
        problem: The reason why it contains no usable workout, if it contains none.
    """

    member: Member
    content_id: str
    size: int
    kind: str
    workouts: tuple[Values, ...] = ()
    problem: RecordRefused | None = None

    @property
    def title(self) -> str:
        """The name of the file without folders and suffix."""
        return title_of(self.member.name)


class Describer:
    """A describer of members that counts those that are not workouts.

    Attributes:
        no_activities: The number of FIT files of other types: monitoring, sleep, settings.
        others: The number of other files.
    """

    def __init__(
        self,
        reader: ContainerReader,
        cache: DescriptionCache,
        alive: Callable[[], None],
    ) -> None:
        self._box = reader
        self._cache = cache
        self._alive = alive
        self.no_activities = 0
        self.others = 0

    def describe_all(self, members: Iterable[MemberOrRefusal]) -> Iterator[Description | Refusal]:
        """Yield the description of each member that is, or should be, a workout, or its refusal."""
        for member in members:
            self._alive()  # files of other kinds yield nothing, and the host must see progress
            described = self._described(member)
            if described is not None:
                yield described

    def _described(self, member: MemberOrRefusal) -> Description | Refusal | None:
        """Return the description of a member, or its refusal, or ``None`` if it is only counted."""
        if isinstance(member, Refusal):
            if promises_workouts(member.name):
                return member
            self.others += 1
            return None
        try:
            return self.describe(member)
        except RecordRefused as error:
            if promises_workout(member.name):
                return Refusal(
                    member.location,
                    error,
                    member.modified_s,
                )
            self.others += 1
            return None

    def describe(self, member: Member) -> Description | None:
        """Return the description of one member, or ``None`` if nobody would expect a workout in it.

        Raises:
            RecordRefused: If the member cannot be read.
        """
        values = self._cache.get(member.key)
        if values is None:
            values = _values(self._box, member)
            self._cache.put(member.key, values)
        match values.get("out"):
            case "no activity":
                self.no_activities += 1
                return None
            case "other":
                self.others += 1
                return None
            case _:
                return _of_values(member, values)


def _values(reader: ContainerReader, member: Member) -> Values:
    """Return the description of a member as plain values."""
    head = unpack_head(reader.head(member))
    kind = kind_of(head)
    if kind is None and not promises_workout(member.name):
        return {"out": "other"}
    # The first bytes are enough: a Garmin archive has tens of thousands of monitoring files.
    if kind == "fit" and is_activity(head) is False:
        return {"out": "no activity"}
    content = unpack(reader.read(member), member.where)
    quick = glance(content, title_of(member.name))
    values: Values = {
        "id": hashlib.sha256(content).hexdigest(),
        "size": len(content),
        "kind": quick.kind,
    }
    if quick.problem is None:
        values["workouts"] = list(quick.workouts)
    else:
        values["problem"] = quick.problem.as_dict()
    return values


def _of_values(member: Member, values: Values) -> Description:
    """Return the description that was stored as plain values."""
    problem = None
    if "problem" in values:
        problem = restored_refusal(values["problem"])
    return Description(
        member,
        values["id"],
        values["size"],
        values["kind"],
        workouts=tuple(values.get("workouts", ())),
        problem=problem,
    )


def restored_refusal(values: Values) -> RecordRefused:
    """Return a refusal that was stored as plain values (``FitglueError.as_dict``)."""
    where = values.get("where")
    return RecordRefused(
        values["code"],
        values["what"],
        at=Place(**where) if where else None,
        why=values.get("why"),
        fix=values.get("fix"),
    )
