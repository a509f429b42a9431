"""Merges the source activities of one workout into one activity.

Each value comes from the member that the merge rules of the registry prefer for its field.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import msgspec

from fitglue_registry.dedupe.echoes import first_hand, with_echoes
from fitglue_registry.dedupe.preferences import Member, choose, holding, rank
from fitglue_registry.model import (
    ABSENT,
    AVERAGE_SPEED,
    BY_THE_ATHLETE,
    COMPUTED_SPEED,
    CROP,
    Provenance,
    SourceActivity,
    all_cropped,
    apply_crop,
    computed_speed,
    is_cropped,
    is_doubtful_zero,
    speed_for,
    undo_crop,
)
from fitglue_registry.model.stored import OTHER_FIELDS, FieldOrigin
from fitglue_registry.registry import MergeRules

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from fitglue_registry.model import Lap
    from fitglue_registry.registry import Rule

    #: Field → the id of the member from which its value comes.
    Origins = dict[str, int]
    #: The id of a member, and its value for a field.
    Alternative = tuple[int, Any]

_MAX_SPEED = "max_speed_mps"
_TAGS = "tags"
_MAPS = ("metrics", "extensions")
_NO_RULES = MergeRules()
#: The origins that are not the id of a member.
_NO_MEMBER = frozenset(FieldOrigin)


@dataclass(frozen=True, slots=True)
class Choice:
    """The athlete's choice for a field: a value, or the account that supplies the value.

    Attributes:
        field: The name of the field, or ``CROP`` with the value ``False``: the crops of the members
            are undone.
        value: The value, if there is no ``account``; ``None`` clears the field.
        account: The account (``Member.account``) from which the value comes.
    """

    field: str
    value: Any = None
    account: str | None = None


def merge(
    members: Sequence[Member],
    rules: MergeRules = _NO_RULES,
    choices: Iterable[Choice] = (),
) -> tuple[SourceActivity, Origins]:
    """Merge the members of one workout.

    A stub supplies its claims and nothing else. The athlete's choices take precedence over every
    rule. The order of the members has no influence on the result.

    Args:
        members: The source activities, at least one.
        rules: The merge rules of the registry.
        choices: The athlete's choices, oldest first; the last one of a field counts.

    Returns:
        The merged activity, without streams, and its origins: field → id of the member that
        supplies it, or a ``FieldOrigin``. The key ``""`` (``OTHER_FIELDS``) has the member of
        every field that is not named.
    """
    chosen = {choice.field: choice for choice in choices}
    are_undone = chosen.pop(CROP, None) is not None
    ordered = sorted(as_counted(members, are_undone=are_undone), key=rank)
    best = ordered[0]
    # Nearly every activity has only one source, so this case is kept short.
    if len(ordered) == 1 and not chosen:
        return msgspec.structs.replace(best.activity, streams=()), {OTHER_FIELDS: best.id}

    # If all members are stubs, the activity has the few values that they have.
    native = with_echoes(
        [member for member in ordered if member.activity.stub is None] or ordered,
    )
    origins = _origins(native, rules, chosen)
    values = _values(native, origins)
    values[_TAGS], tags_from = _tags(native)
    origins |= tags_from
    values["claims"] = _joined("claims", ordered)
    for name in _MAPS:
        values[name], map_origins = _united(name, native)
        origins |= map_origins
    values["provenance"] = _provenance(native, origins)
    for choice in chosen.values():
        # A choice may name a field that only another version of the model has.
        if choice.account is None and choice.field in SourceActivity.__struct_fields__:
            values[choice.field] = choice.value
            values["provenance"][choice.field] = Provenance("reported", by=BY_THE_ATHLETE)
            origins[choice.field] = FieldOrigin.ATHLETE
    merged = msgspec.structs.replace(best.activity, **{**values, "streams": ()})
    if AVERAGE_SPEED not in chosen:
        merged = _with_its_speed(merged, native, origins)
        values[AVERAGE_SPEED] = merged.average_speed_mps
    if _MAX_SPEED not in chosen and _is_stale_maximum(merged):
        merged = msgspec.structs.replace(merged, max_speed_mps=None)
        values[_MAX_SPEED] = None
    return merged, _named_origins(best, origins, values)


def _with_its_speed(
    merged: SourceActivity,
    native: Sequence[Member],
    origins: Origins,
) -> SourceActivity:
    """Return the merged activity with an average speed that belongs to its distance and time.

    The distance can come from one member, the time from another one, and both from the athlete. A
    member's average speed is used only if the member has the same distance and time.
    """
    speed_from = origins.get(AVERAGE_SPEED)
    stated = sorted(native, key=lambda member: member.id != speed_from)
    source = speed_for(merged, [member.activity for member in stated])
    for member in stated:
        if member.activity is source:
            origins[AVERAGE_SPEED] = member.id
            return _with_speed_of(merged, member.activity)
    speed = computed_speed(merged)
    if speed is None:
        return merged
    origins[AVERAGE_SPEED] = FieldOrigin.COMPUTED
    return msgspec.structs.replace(
        merged,
        average_speed_mps=speed,
        provenance={**merged.provenance, AVERAGE_SPEED: COMPUTED_SPEED},
    )


def _is_stale_maximum(merged: SourceActivity) -> bool:
    """Return whether the average speed of a corrected distance exceeds the highest speed.

    Then the device measured too low a speed, so no member has the true maximum.
    """
    distance = merged.provenance.get("distance_m")
    if distance is None or distance.by != BY_THE_ATHLETE:
        return False
    average, highest = merged.average_speed_mps, merged.max_speed_mps
    return bool(average and highest and average > highest)


def _with_speed_of(
    merged: SourceActivity,
    supplier: SourceActivity,
) -> SourceActivity:
    """Return the merged activity with the average speed of a member, and its provenance."""
    provenance = dict(merged.provenance)
    provenance.pop(AVERAGE_SPEED, None)
    if AVERAGE_SPEED in supplier.provenance:
        provenance[AVERAGE_SPEED] = supplier.provenance[AVERAGE_SPEED]
    return msgspec.structs.replace(
        merged,
        average_speed_mps=supplier.average_speed_mps,
        provenance=provenance,
    )


def as_counted(
    members: Iterable[Member],
    *,
    are_undone: bool,
) -> list[Member]:
    """Return members with the values that count if their crops are applied or undone.

    Args:
        members: The source activities as they are stored, with the values of whole recordings.
        are_undone: Whether the athlete undid the crops.
    """
    change = undo_crop if are_undone else apply_crop
    counted = []
    for member in members:
        # Nearly no workout is cropped, and a copy of each member would take time.
        if is_cropped(member.activity):
            member = replace(member, activity=change(member.activity))
        counted.append(member)
    return counted


def _values(
    native: Sequence[Member],
    origins: Mapping[str, int],
) -> dict[str, Any]:
    """Return field → value, each from the member that supplies it."""
    values: dict[str, Any] = {"links": _joined("links", native)}
    by_id = {member.id: member for member in native}
    for name, member_id in origins.items():
        if name != "streams":
            values[name] = by_id[member_id].value(name)
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
    """Return the origins to store, which name only the fields that the best member does not supply.

    Fields without a value are left out as well.
    """
    named: Origins = {OTHER_FIELDS: best.id}
    for name, member_id in origins.items():
        has_value = member_id in _NO_MEMBER or values.get(name, True) not in ABSENT
        if member_id != best.id and has_value:
            named[name] = member_id
    return named


def alternatives(
    members: Sequence[Member], origins: Mapping[str, int]
) -> dict[str, list[Alternative]]:
    """Return the values that members have and that the merge did not take.

    Args:
        members: The members of the activity.
        origins: The origins that ``merge`` returned.

    Returns:
        Field → (id of a member, its value), for each member whose value differs from the one in
        use, the best member first. Of fields that belong together, only the first one is named.
    """
    native = [member for member in members if member.activity.stub is None]
    native.sort(key=rank)
    by_field: dict[str, list[Alternative]] = {}
    for rule in _NO_RULES.all_rules():
        name = rule.fields[0]
        origin = origins.get(name, origins.get(OTHER_FIELDS))
        in_use = next((member.value(name) for member in native if member.id == origin), None)
        others = []
        for member in native:
            if member.id != origin and member.has(name) and member.value(name) != in_use:
                others.append((member.id, member.value(name)))
        if others:
            by_field[name] = others
    return by_field


def _origins(
    native: Sequence[Member],
    rules: MergeRules,
    chosen: Mapping[str, Choice],
) -> Origins:
    """Return the origins of every field that any member has, and of the fields tied to it."""
    origins: Origins = {}
    streams_from: Member | None = None
    cropped = [member for member in native if is_cropped(member.activity)]
    for rule, fields in _fields_that_go_together(rules):
        # What the athlete cut off at one service must not come back from another one.
        candidates = cropped if cropped and all_cropped(fields) else native
        supplier = _chosen_supplier(fields, native, chosen)
        if supplier is None:
            suppliers = first_hand(candidates, fields)
            leader = _leader(suppliers, fields)
            if leader is None:
                # A value of the complete recording does not hold for the rest of it.
                origins |= dict.fromkeys(fields, candidates[0].id) if candidates is cropped else {}
                continue
            having = holding(suppliers, leader)
            supplier = choose(rule, leader, having, rules, streams_from)
        # The rule of the streams comes before those of the laps, which follow them.
        if "streams" in fields and supplier.has("streams"):
            streams_from = supplier
        origins |= dict.fromkeys(fields, supplier.id)
    return origins


def _fields_that_go_together(rules: MergeRules) -> Iterator[tuple[Rule, tuple[str, ...]]]:
    """Yield each rule with fields that must come from one member, which may be a single field."""
    for rule in rules.all_rules():
        if rule.together:
            yield rule, rule.fields
        else:
            for name in rule.fields:
                yield rule, (name,)


def _leader(
    members: Sequence[Member],
    fields: Sequence[str],
) -> str | None:
    """Return the field that decides for all fields that belong together.

    It is the first one that any member has, if possible with a value other than a zero that means
    "not measured": a maximum is a better reason to trust a member than an average of zero.
    """
    first = None
    for name in fields:
        having = holding(members, name)
        if not having:
            continue
        if not is_doubtful_zero(name, having[0].value(name)):
            return name
        first = first or name
    return first


def _chosen_supplier(
    fields: Sequence[str],
    native: Sequence[Member],
    chosen: Mapping[str, Choice],
) -> Member | None:
    """Return the member whose account the athlete chose for one of these fields.

    ``None`` means that no account was chosen, or that it no longer has a value; then the rules
    decide.
    """
    for name in fields:
        account = chosen[name].account if name in chosen else None
        if not account:
            continue
        for member in native:
            if member.account == account and member.has(name):
                return member
    return None


def _without_samples(laps: tuple[Lap, ...]) -> tuple[Lap, ...]:
    """Return laps without their indices, which would point into another member's samples."""
    return tuple(msgspec.structs.replace(lap, start_index=None, end_index=None) for lap in laps)


def _provenance(
    ordered: Sequence[Member],
    origins: Mapping[str, int],
) -> dict[str, Provenance]:
    """Return the provenance of each value, as stated by the member that supplies the value."""
    best = ordered[0].id
    provenances: dict[str, Provenance] = {}
    for member in ordered:
        for field, provenance in member.activity.provenance.items():
            # A member may state it for a part of a field, such as ``metrics.trimp``.
            parent, _, _ = field.partition(".")
            origin = origins.get(field, origins.get(parent, best))
            if origin == member.id:
                provenances[field] = provenance
    return provenances


def _joined(
    name: str,
    ordered: Sequence[Member],
) -> tuple[Any, ...]:
    """Return the items that a list has in any member, each once, the best member's first."""
    joined: dict[Any, None] = {}
    for member in ordered:
        joined |= dict.fromkeys(getattr(member.activity, name))
    return tuple(joined)


def _tags(native: Sequence[Member]) -> tuple[tuple[Any, ...], Origins]:
    """Return the tags of all members, and their origin if they come from an echo."""
    suppliers = first_hand(native, (_TAGS,))
    tags = _joined(_TAGS, suppliers)
    has_echoes_only = all(member.echo is not None for member in suppliers)
    if tags and has_echoes_only and len(suppliers) < len(native):
        return tags, {_TAGS: suppliers[0].id}
    return tags, {}


def _united(
    name: str,
    ordered: Sequence[Member],
) -> tuple[dict[str, Any], Origins]:
    """Return the union of a mapping over all members, and the origin of each of its items.

    If several members have a key, the best member's value is taken.
    """
    values: dict[str, Any] = {}
    origins: Origins = {}
    for member in ordered:
        for key, value in getattr(member.activity, name).items():
            if key not in values and value not in ABSENT:
                values[key] = value
                origins[f"{name}.{key}"] = member.id
    return values, origins
