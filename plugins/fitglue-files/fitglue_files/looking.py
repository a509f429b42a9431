"""Looks at each member once: which content it is, and what workouts a glance sees in it."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from fitglue_files.containers import Member, Refusal, unpack, unpack_head
from fitglue_files.wording import counted, left_out
from fitglue_formats import glance, is_activity, kind_of
from fitglue_registry.errors import Place, RecordRefused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from fitglue_files.containers import Box
    from fitglue_files.notes import Notes

#: Names that promise a workout: where the content is none, it is said. Of anything else, nothing is
#: expected.
_PROMISES = re.compile(r"\.(fit|gpx|tcx)(\.gz)?\Z", re.IGNORECASE)
_CONTAINERS = re.compile(r"\.zip\Z", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Look:
    """One member that holds, or promises, a workout: its content's id with what was seen, or why it
    cannot be used.
    """

    member: Member
    content_id: str
    size: int
    kind: str
    workouts: tuple[dict[str, Any], ...] = ()
    problem: RecordRefused | None = None

    @property
    def title(self) -> str:
        """The name of the file without its suffixes."""
        return title_of(self.member.name)


class Looks:
    """The members that hold or promise a workout; what else there was is counted."""

    def __init__(self, box: Box, notes: Notes, alive: Callable[[], None]) -> None:
        self._box, self._notes, self._alive = box, notes, alive
        self.no_activities = 0  # FIT files of other kinds: monitoring, sleep, settings
        self.others = 0  # whatever else lies there

    def at(self, members: Iterable[Member | Refusal]) -> Iterator[Look | Refusal]:
        """A look at each, or its refusal."""
        for member in members:
            self._alive()
            if isinstance(member, Refusal):
                if promises(member.location[-1]) or _CONTAINERS.search(member.location[-1]):
                    yield member
                else:
                    self.others += 1
                continue
            try:
                look = self.one(member)
            except RecordRefused as error:
                if promises(member.name):
                    yield Refusal(member.location, error, member.modified_s)
                else:
                    self.others += 1
                continue
            if look is not None:
                yield look

    def one(self, member: Member) -> Look | None:
        """A look at one member, ``None`` where nobody would call it a workout; raises
        ``RecordRefused`` where it cannot be read.
        """
        noted = self._notes.get(member.key)
        if noted is None:
            noted = self._look(member)
            self._notes.put(member.key, noted)
        match noted.get("out"):
            case "no activity":
                self.no_activities += 1
            case "other":
                self.others += 1
            case _:
                return _from_note(member, noted)
        return None

    def _look(self, member: Member) -> dict[str, Any]:
        head = unpack_head(self._box.head(member))
        kind = kind_of(head)
        if kind is None and not promises(member.name):
            return {"out": "other"}
        if kind == "fit" and is_activity(head) is False:
            return {"out": "no activity"}
        content = unpack(self._box.read(member), member.where)
        seen = glance(content, title_of(member.name))
        note: dict[str, Any] = {
            "id": hashlib.sha256(content).hexdigest(),
            "size": len(content),
            "kind": seen.kind,
        }
        if seen.problem is not None:
            return note | {"problem": seen.problem.as_dict()}
        return note | {"workouts": list(seen.workouts)}


def census(box: Box, members: Iterable[Member | Refusal]) -> Counter[str]:
    """How many of each kind there are by their first bytes: fit, gpx, tcx, ``no activity``,
    ``refused``, ``other``.
    """
    counts: Counter[str] = Counter()
    for member in members:
        counts[_kind(box, member)] += 1
    return counts


def _kind(box: Box, member: Member | Refusal) -> str:
    name = member.location[-1]
    try:
        if isinstance(member, Refusal):
            raise member.error
        head = unpack_head(box.head(member))
    except RecordRefused:
        return "refused" if promises(name) or _CONTAINERS.search(name) else "other"
    kind = kind_of(head)
    if kind == "fit" and is_activity(head) is False:
        return "no activity"
    return kind if kind in ("fit", "gpx", "tcx") else "refused" if promises(name) else "other"


def unusable(counts: Counter[str], broken: int = 0) -> tuple[str, ...]:
    """What of a census is no workout, a sentence each."""
    said = []
    if counts["no activity"]:
        said.append(
            f"{counted(counts['no activity'], 'FIT file')} of other kinds (monitoring, "
            "sleep, settings)"
        )
    if counts["refused"] + broken:
        said.append(
            f"{counted(counts['refused'] + broken, 'file')} that cannot be used; each sync "
            "says which, and why"
        )
    return left_out(*said)


def promises(name: str) -> bool:
    """Whether the name of a file promises a workout."""
    return _PROMISES.search(name) is not None


def title_of(name: str) -> str:
    """The name of a file without folders and suffixes."""
    return (
        _PROMISES.sub("", PurePath(name.replace("\\", "/")).name)
        .encode("utf-8", "replace")
        .decode()
    )


def problem_of(noted: dict[str, Any]) -> RecordRefused:
    """A refusal that was noted as plain values."""
    at = noted.get("where")
    return RecordRefused(
        noted["code"],
        noted["what"],
        at=Place(**at) if at else None,
        why=noted.get("why"),
        fix=noted.get("fix"),
    )


def _from_note(member: Member, noted: dict[str, Any]) -> Look:
    problem = problem_of(noted["problem"]) if "problem" in noted else None
    return Look(
        member, noted["id"], noted["size"], noted["kind"], tuple(noted.get("workouts", ())), problem
    )
