"""Places: what ``fitglue_list`` yields for a file or a row, and what a worker needs to read it."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from fitglue_files.members import Member, Refusal, display_path
from fitglue_files.paths import named_paths
from fitglue_files.refusals import restored
from fitglue_registry.plugin_api import Location

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fitglue_files.members import MemberOrRefusal
    from fitglue_registry.plugin_api import Connection


@dataclass(frozen=True, slots=True)
class Hint:
    """What a worker needs to read a place.

    Attributes:
        member: The file at the place, or why it cannot be read; ``None`` for a row without a file.
        values: The values that the source added.
    """

    member: MemberOrRefusal | None
    values: dict[str, Any] = field(default_factory=dict)

    def members(self, name: str) -> tuple[Member, ...]:
        """Return the members that the source added under this name."""
        return tuple(_member(values) for values in self.values[name])


def place_of(
    member: MemberOrRefusal,
    mark: str = "",
    **values: Any,
) -> Location:
    """Return the place of a member.

    Args:
        member: The member, or why it cannot be read.
        mark: What else decides whether the place has to be read again.
        **values: What the source needs to read it, as JSON has it.
    """
    of_member = _values(member)
    return Location(
        _digest("\0".join(member.location)),
        f"{of_member['mark']}|{mark}",
        _hint(of_member, values),
        member.size if isinstance(member, Member) else 0,
        path=member.where,
        inside=_inside(member),
        packed_size=_packed_size(member),
    )


def place_of_row(
    external_id: str,
    mark: str,
    member: MemberOrRefusal | None = None,
    **values: Any,
) -> Location:
    """Return the place of a row of a table, which may have a file.

    Args:
        external_id: The id of its record.
        mark: What decides whether the row has to be read again, without its file.
        member: Its file.
        **values: What the source needs to read it, as JSON has it.
    """
    of_member = None if member is None else _values(member)
    if of_member is not None:
        mark = f"{mark}|{of_member['mark']}"
    return Location(
        _digest(f"row\0{external_id}"),
        _digest(mark),
        _hint(of_member, values),
        member.size if isinstance(member, Member) else 0,
        external_id,
        path=None if member is None else member.where,
        inside=_inside(member),
        packed_size=_packed_size(member),
    )


def folders_of(connection: Connection) -> list[str]:
    """Return the folders that the athlete named, and those of the files, each with a separator."""
    folders = []
    for path in named_paths(connection):
        folder = path if path.is_dir() else path.parent
        folders.append(display_path((f"{folder}{os.sep}",)))
    return folders


def below(folders: Iterable[str], place: Location) -> Location:
    """Return a place with its path below one of these folders, as athletes know their files."""
    for folder in folders:
        if place.path is not None and place.path.startswith(folder):
            return replace(place, path=place.path.removeprefix(folder))
    return place


def hint_of(place: Location) -> Hint:
    """Return what is needed to read a place."""
    values = json.loads(place.hint)
    of_member = values.pop("member")
    if of_member is None:
        return Hint(None, values)
    location = tuple(of_member["location"])
    if "refused" in of_member:
        error = restored(of_member["refused"])
        return Hint(Refusal(location, error, of_member["modified_s"]), values)
    return Hint(_member(of_member), values)


def members_as_values(members: Iterable[Member]) -> list[dict[str, Any]]:
    """Return members as values of a hint, see ``Hint.members``."""
    return [_values(member) for member in members]


def mark_of_all(members: Iterable[Member]) -> str:
    """Return a mark that changes when one of these members may have changed."""
    return _digest("\0".join(member.key for member in members))


def _member(values: dict[str, Any]) -> Member:
    return Member(
        tuple(values["location"]),
        values["modified_s"],
        values["size"],
        values["mark"],
    )


def _values(member: MemberOrRefusal) -> dict[str, Any]:
    values: dict[str, Any] = {
        "location": list(member.location),
        "modified_s": member.modified_s,
    }
    if isinstance(member, Refusal):
        # It is read again by every sync, because nobody knows when it can be read.
        return values | {"refused": member.error.as_dict(), "mark": ""}
    return values | {"size": member.size, "mark": member.mark}


def _inside(member: MemberOrRefusal | None) -> str:
    """Return a text that the places in the same zip on the disk share; empty if it is in none."""
    if member is None or len(member.location) == 1:
        return ""
    return _digest(member.location[0])


def _packed_size(member: MemberOrRefusal | None) -> int | None:
    return member.packed_size if isinstance(member, Member) else None


def _hint(
    of_member: dict[str, Any] | None,
    values: dict[str, Any],
) -> bytes:
    # In ASCII: a name of a file may contain bytes that are not valid UTF-8.
    return json.dumps({"member": of_member, **values}).encode()


def _digest(text: str) -> str:
    raw = text.encode("utf-8", "surrogateescape")
    return hashlib.sha256(raw).hexdigest()
