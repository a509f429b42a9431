"""One activity out of its source activities: each value from the member that knows it best, and
which member that was.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from fitglue_registry.dedupe.preferring import ABSENT, Member, choose, rank
from fitglue_registry.model import Provenance, SourceActivity
from fitglue_registry.registry import MergeRules

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from fitglue_registry.model import Lap

#: Who gives a value that the athlete set, in place of the id of a member.
ATHLETE = 0
_LISTS = ("links", "tags")
_MAPS = ("metrics", "extensions")
_NO_RULES = MergeRules()


@dataclass(frozen=True, slots=True)
class Choice:
    """What the athlete chose for a field: a ``value``, or, where there is a ``giver``, whatever
    that account says (``Member.key[0]``).
    """

    field: str
    value: Any = None
    giver: str | None = None


def merge(
    members: Sequence[Member], rules: MergeRules = _NO_RULES, choices: Iterable[Choice] = ()
) -> tuple[SourceActivity, dict[str, int]]:
    """The merged activity, without streams, and field → the member it came from; ``""`` is the
    member of all that is not named.

    A stub gives its claims and nothing else. What the athlete chose goes before every rule. The
    order of members changes nothing.
    """
    ordered = sorted(members, key=rank)
    chosen = {choice.field: choice for choice in choices}
    best = ordered[0]
    if len(ordered) == 1 and not chosen:
        return msgspec.structs.replace(best.activity, streams=()), {"": best.id}
    native = [member for member in ordered if member.activity.stub is None] or ordered
    values: dict[str, Any] = {"claims": _joined("claims", ordered)} | {
        name: _joined(name, native) for name in _LISTS
    }
    origins = _origins(native, rules, chosen)
    by_id = {member.id: member for member in native}
    values |= {
        name: by_id[giver].value(name) for name, giver in origins.items() if name != "streams"
    }
    for name in _MAPS:
        values[name], givers = _united(name, native)
        origins |= givers
    if "laps" in values:
        values["laps"] = _laps(
            values["laps"], coherent=origins.get("streams", origins["laps"]) == origins["laps"]
        )
    values["provenance"] = _provenance(native, origins)
    _set_by_athlete(chosen.values(), values, origins)
    named = {
        name: giver
        for name, giver in origins.items()
        if giver != best.id and (giver == ATHLETE or values.get(name, True) not in ABSENT)
    }
    return msgspec.structs.replace(best.activity, **{**values, "streams": ()}), {
        "": best.id,
        **named,
    }


def alternatives(
    members: Sequence[Member], origins: Mapping[str, int]
) -> dict[str, list[tuple[int, Any]]]:
    """Field → (member, value) of every other member that says something else than the one whose
    value was taken.
    """
    native = sorted((member for member in members if member.activity.stub is None), key=rank)
    found: dict[str, list[tuple[int, Any]]] = {}
    for rule in _NO_RULES.decided():
        name = rule.fields[0]
        giver = origins.get(name, origins.get(""))
        taken = next((member.value(name) for member in native if member.id == giver), None)
        others = [
            (member.id, member.value(name))
            for member in native
            if member.id != giver and member.has(name) and member.value(name) != taken
        ]
        if others:
            found[name] = others
    return found


def _origins(
    native: Sequence[Member], rules: MergeRules, chosen: Mapping[str, Choice]
) -> dict[str, int]:
    """Field → the member that gives it, for every field that any member has, and for its
    companions.
    """
    origins: dict[str, int] = {}
    streams_from: Member | None = None
    for rule in rules.decided():
        for fields in (rule.fields,) if rule.together else ((name,) for name in rule.fields):
            leader = next(
                (name for name in fields if any(member.has(name) for member in native)), None
            )
            if leader is None:
                continue
            giver = _chosen_giver(fields, native, chosen) or choose(
                rule,
                leader,
                [member for member in native if member.has(leader)],
                rules,
                streams_from,
            )
            if leader == "streams":
                streams_from = giver
            origins |= dict.fromkeys(fields, giver.id)
    return origins


def _chosen_giver(
    fields: Sequence[str], native: Sequence[Member], chosen: Mapping[str, Choice]
) -> Member | None:
    """The member from which the athlete wants one of these fields, if it has that."""
    wanted = [
        (name, chosen[name].giver) for name in fields if name in chosen and chosen[name].giver
    ]
    return next(
        (
            member
            for name, giver in wanted
            for member in native
            if member.key[0] == giver and member.has(name)
        ),
        None,
    )


def _set_by_athlete(
    choices: Iterable[Choice], values: dict[str, Any], origins: dict[str, int]
) -> None:
    for choice in choices:
        # An older version may have known others.
        if choice.giver is None and choice.field in SourceActivity.__struct_fields__:
            values[choice.field] = choice.value
            origins[choice.field] = ATHLETE
            values["provenance"][choice.field] = Provenance("reported", by="athlete")


def _laps(laps: tuple[Lap, ...], *, coherent: bool) -> tuple[Lap, ...]:
    """Laps of another member than the streams point at no samples."""
    return (
        laps
        if coherent
        else tuple(msgspec.structs.replace(lap, start_index=None, end_index=None) for lap in laps)
    )


def _provenance(ordered: Sequence[Member], origins: Mapping[str, int]) -> dict[str, Any]:
    """What each member says of the values that were taken from it, and of no others."""
    best = ordered[0].id
    return {
        field: said
        for member in ordered
        for field, said in member.activity.provenance.items()
        if origins.get(field, origins.get(field.partition(".")[0], best)) == member.id
    }


def _joined(name: str, ordered: Sequence[Member]) -> tuple[Any, ...]:
    return tuple(
        dict.fromkeys(value for member in ordered for value in getattr(member.activity, name))
    )


def _united(name: str, ordered: Sequence[Member]) -> tuple[dict[str, Any], dict[str, int]]:
    """All entries of a mapping, of equal names the best member's, and who gave each."""
    values: dict[str, Any] = {}
    givers: dict[str, int] = {}
    for member in ordered:
        for key, value in getattr(member.activity, name).items():
            if key not in values and value not in ABSENT:
                values[key], givers[f"{name}.{key}"] = value, member.id
    return values, givers
