"""Makes one activity of its source activities: each value from the member that knows it best."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from fitglue_registry.dedupe.preferences import ABSENT, Member, choose, rank
from fitglue_registry.model import Provenance, SourceActivity
from fitglue_registry.model.stored import OTHER_FIELDS, FieldOrigin
from fitglue_registry.registry import MergeRules

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from fitglue_registry.model import Lap
    from fitglue_registry.registry import Rule

    Origins = dict[str, int]
    #: A member, and what it says of a field.
    Alternative = tuple[int, Any]

_LISTS = ("links", "tags")
_MAPS = ("metrics", "extensions")
_NO_RULES = MergeRules()


@dataclass(frozen=True, slots=True)
class Choice:
    """What the athlete chose for a field.

    It is a ``value``, or, where there is a ``giver``, whatever that account says
    (``Member.account``).
    """

    field: str
    value: Any = None
    giver: str | None = None


def merge(
    members: Sequence[Member],
    rules: MergeRules = _NO_RULES,
    choices: Iterable[Choice] = (),
) -> tuple[SourceActivity, Origins]:
    """Merge the members of one workout.

    A stub gives its claims and nothing else. What the athlete chose wins over every rule. The order
    of members changes nothing.

    Returns:
        The merged activity, without streams, and field → the id of the member that it came from;
        ``""`` is the member of every field that is not named.
    """
    ordered = sorted(members, key=rank)
    chosen = {choice.field: choice for choice in choices}
    best = ordered[0]
    if len(ordered) == 1 and not chosen:
        return msgspec.structs.replace(best.activity, streams=()), {OTHER_FIELDS: best.id}

    native = [member for member in ordered if member.activity.stub is None] or ordered
    origins = _origins(native, rules, chosen)
    values = _values(native, origins)
    values["claims"] = _joined("claims", ordered)
    for name in _MAPS:
        values[name], givers = _united(name, native)
        origins |= givers
    values["provenance"] = _provenance(native, origins)
    for choice in chosen.values():
        # An older version may have known other fields.
        if choice.giver is None and choice.field in SourceActivity.__struct_fields__:
            values[choice.field] = choice.value
            values["provenance"][choice.field] = Provenance("reported", by="athlete")
            origins[choice.field] = FieldOrigin.ATHLETE
    merged = msgspec.structs.replace(best.activity, **{**values, "streams": ()})
    return merged, _named_origins(best, origins, values)


def _values(native: Sequence[Member], origins: Mapping[str, int]) -> dict[str, Any]:
    """Field → the value of the member that gives it."""
    values: dict[str, Any] = {name: _joined(name, native) for name in _LISTS}
    by_id = {member.id: member for member in native}
    for name, giver in origins.items():
        if name != "streams":
            values[name] = by_id[giver].value(name)
    if "laps" in values:
        streams_from = origins.get("streams", origins["laps"])
        if streams_from != origins["laps"]:
            values["laps"] = _without_samples(values["laps"])
    return values


def _named_origins(
    best: Member,
    origins: Mapping[str, int],
    values: Mapping[str, Any],
) -> Origins:
    named: Origins = {OTHER_FIELDS: best.id}
    for name, giver in origins.items():
        has_value = giver == FieldOrigin.ATHLETE or values.get(name, True) not in ABSENT
        if giver != best.id and has_value:
            named[name] = giver
    return named


def alternatives(
    members: Sequence[Member], origins: Mapping[str, int]
) -> dict[str, list[Alternative]]:
    """Field → the members that say something else than the one whose value was taken."""
    native = [member for member in members if member.activity.stub is None]
    native.sort(key=rank)
    found: dict[str, list[Alternative]] = {}
    for rule in _NO_RULES.all_rules():
        name = rule.fields[0]
        giver = origins.get(name, origins.get(OTHER_FIELDS))
        taken = next((member.value(name) for member in native if member.id == giver), None)
        others = []
        for member in native:
            if member.id != giver and member.has(name) and member.value(name) != taken:
                others.append((member.id, member.value(name)))
        if others:
            found[name] = others
    return found


def _origins(
    native: Sequence[Member],
    rules: MergeRules,
    chosen: Mapping[str, Choice],
) -> Origins:
    """Field → the member that gives it, for every field that any member has, and its companions."""
    origins: Origins = {}
    streams_from: Member | None = None
    for rule, fields in _fields_that_go_together(rules):
        leader = next((name for name in fields if _has_any(native, name)), None)
        if leader is None:
            continue
        giver = _chosen_giver(fields, native, chosen)
        if giver is None:
            having = [member for member in native if member.has(leader)]
            giver = choose(rule, leader, having, rules, streams_from)
        if leader == "streams":
            streams_from = giver
        origins |= dict.fromkeys(fields, giver.id)
    return origins


def _fields_that_go_together(rules: MergeRules) -> Iterator[tuple[Rule, tuple[str, ...]]]:
    for rule in rules.all_rules():
        if rule.together:
            yield rule, rule.fields
        else:
            for name in rule.fields:
                yield rule, (name,)


def _has_any(members: Sequence[Member], name: str) -> bool:
    return any(member.has(name) for member in members)


def _chosen_giver(
    fields: Sequence[str],
    native: Sequence[Member],
    chosen: Mapping[str, Choice],
) -> Member | None:
    """The member from which the athlete wants one of these fields, if it has the field."""
    for name in fields:
        giver = chosen[name].giver if name in chosen else None
        if not giver:
            continue
        for member in native:
            if member.account == giver and member.has(name):
                return member
    return None


def _without_samples(laps: tuple[Lap, ...]) -> tuple[Lap, ...]:
    """Laps of another member than the streams, which do not refer to any samples."""
    return tuple(msgspec.structs.replace(lap, start_index=None, end_index=None) for lap in laps)


def _provenance(ordered: Sequence[Member], origins: Mapping[str, int]) -> dict[str, Provenance]:
    """What each member says of the values that were taken from it, and of no others."""
    best = ordered[0].id
    taken: dict[str, Provenance] = {}
    for member in ordered:
        for field, provenance in member.activity.provenance.items():
            whole, _, _ = field.partition(".")
            giver = origins.get(field, origins.get(whole, best))
            if giver == member.id:
                taken[field] = provenance
    return taken


def _joined(name: str, ordered: Sequence[Member]) -> tuple[Any, ...]:
    """The items of a list of all members, each once, the best member's first."""
    joined: dict[Any, None] = {}
    for member in ordered:
        joined |= dict.fromkeys(getattr(member.activity, name))
    return tuple(joined)


def _united(name: str, ordered: Sequence[Member]) -> tuple[dict[str, Any], Origins]:
    """All entries of a mapping, of equal names the best member's, and who gave each."""
    values: dict[str, Any] = {}
    givers: Origins = {}
    for member in ordered:
        for key, value in getattr(member.activity, name).items():
            if key not in values and value not in ABSENT:
                values[key] = value
                givers[f"{name}.{key}"] = member.id
    return values, givers
