"""Describes each member once: which content it is, and what workouts a glance sees in it."""

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

    from fitglue_files.containers import Box
    from fitglue_files.description_cache import DescriptionCache
    from fitglue_files.members import Found, Member

#: Names that promise a workout: where the content is none, it is said. Of anything else, nothing is
#: expected.
_WORKOUTS = re.compile(r"\.(fit|gpx|tcx)(\.gz)?\Z", re.IGNORECASE)
_CONTAINERS = re.compile(r"\.zip\Z", re.IGNORECASE)
#: A description as plain values, which can be stored.
Values: TypeAlias = dict[str, Any]


def promises_workout(name: str) -> bool:
    """Whether the name of a file promises a workout."""
    return _WORKOUTS.search(name) is not None


def promises_workouts(name: str) -> bool:
    """Whether the name of a file promises a workout, or many of them."""
    return promises_workout(name) or _CONTAINERS.search(name) is not None


@dataclass(frozen=True, slots=True)
class Description:
    """One member that holds, or promises, a workout: its content's id with what was seen, or why it
    cannot be used.
    """

    member: Member
    content_id: str
    size: int
    kind: str
    workouts: tuple[Values, ...] = ()
    problem: RecordRefused | None = None

    @property
    def title(self) -> str:
        """The name of the file without its suffixes."""
        return title_of(self.member.name)


class Describer:
    """Describes the members that hold or promise a workout; what else there was is counted."""

    def __init__(
        self,
        box: Box,
        cache: DescriptionCache,
        alive: Callable[[], None],
    ) -> None:
        self._box = box
        self._cache = cache
        self._alive = alive
        self.no_activities = 0  # FIT files of other kinds: monitoring, sleep, settings
        self.others = 0  # whatever else lies there

    def describe_all(self, members: Iterable[Found]) -> Iterator[Description | Refusal]:
        """The description of each, or its refusal."""
        for member in members:
            self._alive()
            described = self._described(member)
            if described is not None:
                yield described

    def _described(self, member: Found) -> Description | Refusal | None:
        """The description of a member, or its refusal; ``None`` where it is only counted."""
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
        """The description of one member, ``None`` where nobody would call it a workout; raises
        ``RecordRefused`` where it cannot be read.
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


def _values(box: Box, member: Member) -> Values:
    """The description of a member as plain values."""
    head = unpack_head(box.head(member))
    kind = kind_of(head)
    if kind is None and not promises_workout(member.name):
        return {"out": "other"}
    if kind == "fit" and is_activity(head) is False:
        return {"out": "no activity"}
    content = unpack(box.read(member), member.where)
    seen = glance(content, title_of(member.name))
    values: Values = {
        "id": hashlib.sha256(content).hexdigest(),
        "size": len(content),
        "kind": seen.kind,
    }
    if seen.problem is None:
        values["workouts"] = list(seen.workouts)
    else:
        values["problem"] = seen.problem.as_dict()
    return values


def _of_values(member: Member, values: Values) -> Description:
    problem = None
    if "problem" in values:
        problem = problem_of(values["problem"])
    return Description(
        member,
        values["id"],
        values["size"],
        values["kind"],
        workouts=tuple(values.get("workouts", ())),
        problem=problem,
    )


def problem_of(values: Values) -> RecordRefused:
    """A refusal that was stored as plain values."""
    where = values.get("where")
    return RecordRefused(
        values["code"],
        values["what"],
        at=Place(**where) if where else None,
        why=values.get("why"),
        fix=values.get("fix"),
    )
