"""One activity out of its source activities: each value from the member that knows it best, and which member that was."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fitglue_registry.model import SourceActivity


@dataclass(frozen=True, slots=True)
class Member:
    """One source activity of a workout; ``key`` is its natural key."""

    id: int
    key: tuple[str, str, int]
    activity: SourceActivity


# Values that mean something only together come from one member together.
_GROUPS: tuple[tuple[str, ...], ...] = (
    ("start_utc", "start_local", "timezone", "utc_offset_s", "start_precision"),
    ("sport", "sport_raw", "sub_type"),
    ("training_load", "training_loads", "intensity_pct"),
    ("average_watts", "weighted_average_watts", "max_watts", "power_kind"),
    ("average_cadence_rpm", "max_cadence_rpm", "cadence_per_leg"),
)
_GROUP_OF = {name: group for group in _GROUPS for name in group}
_JOINED = ("links", "tags")
_OWN = frozenset({"model", "leg_no", "parent", "stub", "streams", "completeness", "provenance"})
_ABSENT: tuple[Any, ...] = (None, (), {})
_MOST_PARTS = ("file", "streams", "detail", "summary")


def rank(member: Member) -> tuple[Any, ...]:
    """Best first: native before stub, then whoever was made from the richest parts, then by natural key."""
    parts = member.activity.completeness.parts
    richest = next((place for place, part in enumerate(_MOST_PARTS) if part in parts), len(_MOST_PARTS))
    return (member.activity.stub is not None, richest, member.key)


def merge(members: Sequence[Member]) -> tuple[SourceActivity, dict[str, int]]:
    """The merged activity, without streams, and field → the member it came from; ``""`` is the member of all that is not named.

    A stub gives its claims and nothing else.
    """
    ordered = sorted(members, key=rank)
    best = ordered[0]
    if len(ordered) == 1:
        return msgspec.structs.replace(best.activity, streams=()), {"": best.id}
    native = [member for member in ordered if member.activity.stub is None] or ordered
    values: dict[str, Any] = {"claims": _joined("claims", ordered)} | {name: _joined(name, native) for name in _JOINED}
    origins = {"": best.id}
    for name in best.activity.__struct_fields__:
        if name in _OWN or name in values:
            continue
        giver = _giver(_GROUP_OF.get(name, (name,)), native)
        values[name] = getattr(giver.activity, name)
        if giver is not best and values[name] not in _ABSENT:
            origins[name] = giver.id
    values["provenance"] = _provenance(native, origins)
    return msgspec.structs.replace(best.activity, streams=(), **values), origins


def _giver(group: tuple[str, ...], ordered: Sequence[Member]) -> Member:
    """The best member that has the leader of a group, else that has anything of it, else the best."""
    for names in (group[:1], group):
        for member in ordered:
            if any(getattr(member.activity, name) not in _ABSENT for name in names):
                return member
    return ordered[0]


def _provenance(ordered: Sequence[Member], origins: dict[str, int]) -> dict[str, Any]:
    """What each member says of the values that were taken from it, and of no others."""
    return {field: said for member in ordered for field, said in member.activity.provenance.items()
            if origins.get(field.partition(".")[0], origins[""]) == member.id}


def _joined(name: str, ordered: Sequence[Member]) -> tuple[Any, ...]:
    return tuple(dict.fromkeys(value for member in ordered for value in getattr(member.activity, name)))
