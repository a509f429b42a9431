"""The criteria by which one source activity gives a value rather than another.

The registry's merge rules name them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from statistics import median_high
from typing import TYPE_CHECKING, Any

from fitglue_registry.dedupe.titles import is_default_title
from fitglue_registry.model.stored import PartName

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from fitglue_registry.model import SourceActivity
    from fitglue_registry.registry import MergeRules, Rule


@dataclass(frozen=True, slots=True)
class Member:
    """One source activity of a workout.

    ``key`` is its natural key; ``kinds`` states, field by field, how its entry comes by values.
    """

    id: int
    key: tuple[str, str, int]
    activity: SourceActivity
    kinds: Mapping[str, str] = field(default_factory=dict)
    stream_types: tuple[str, ...] = ()
    samples: int = 0

    @property
    def account(self) -> str:
        """The account that lists it."""
        return self.key[0]

    def has(self, name: str) -> bool:
        """Whether it says anything of a field; zero is a value."""
        if name == "streams":
            return bool(self.stream_types)
        return getattr(self.activity, name) not in ABSENT

    def value(self, name: str) -> Any:
        """What it says of a field."""
        if name == "streams":
            return self.stream_types
        return getattr(self.activity, name)


ABSENT: tuple[Any, ...] = (None, (), {})
_MOST_PARTS = (PartName.FILE, PartName.STREAMS, PartName.DETAIL, PartName.SUMMARY)
_HOW = {
    "reported": 0,
    "computed": 1,
    "estimated": 2,
}
_PRECISION = {
    "second": 0,
    "minute": 1,
    "day": 2,
}
_POWER = frozenset({"average_watts", "weighted_average_watts", "max_watts"})
#: Channels that a sensor records; what a service computes from them makes no set of streams fuller.
_SENSED = frozenset(
    {
        "latlng",
        "altitude",
        "heartrate",
        "watts",
        "cadence",
        "temperature",
        "velocity",
        "distance",
    }
)
#: Recordings that differ by less are as long as each other.
_AS_LONG = 0.95
#: What is shorter than this share of the longest is a part of it.
_WHOLE = 0.8
#: What is so many times as long as most was never stopped.
_ENDLESS = 3
#: Starts that differ by no more are one: devices are started one after the other.
_AT_ONCE = timedelta(minutes=2)


def rank(member: Member) -> tuple[Any, ...]:
    """Orders members, the best first.

    Native comes before stub, then whoever was made from the richest parts, then the natural key
    decides.
    """
    return (member.activity.stub is not None, original(member), member.key)


def original(member: Member) -> int:
    """A file knows more than streams, streams more than a detail, a detail more than a summary."""
    parts = member.activity.completeness.parts
    for position, part in enumerate(_MOST_PARTS):
        if part in parts:
            return position
    return len(_MOST_PARTS)


def choose(
    rule: Rule,
    name: str,
    members: Sequence[Member],
    rules: MergeRules,
    streams_from: Member | None,
) -> Member:
    """The member that gives a field, of those that have it, which come in the order of ``rank``."""
    left = list(members)
    for criterion in rule.prefer:
        if len(left) == 1:
            break
        if criterion in _SELECTIONS:
            left = _SELECTIONS[criterion](left, name)
        elif criterion == "with_streams":
            left = [member for member in left if member is streams_from] or left
        else:
            left = _best(left, [_MARKS[criterion](member, name, rules) for member in left])
    return left[0]


def _best(members: Sequence[Member], marks: Sequence[Any]) -> list[Member]:
    """The members that have the smallest mark."""
    best = min(marks)
    return [member for member, mark in zip(members, marks, strict=True) if mark == best]


# -- criteria that look at all members that are left -----------------------------------------------


def _longest(members: list[Member], name: str) -> list[Member]:
    lengths = [_length(member, name) for member in members]
    enough = max(lengths) * _AS_LONG
    return [member for member, length in zip(members, lengths, strict=True) if length >= enough]


def _length(member: Member, name: str) -> float:
    if name == "streams":
        return _seconds(member)
    return len(member.value(name))


def _whole(members: list[Member], _: str) -> list[Member]:
    """Leave out recordings of a part: a file that was cut is not better for being a file.

    A recording that never ended is no measure.
    """
    lengths = {}
    for member in members:
        if original(member) <= _MOST_PARTS.index(PartName.STREAMS):
            lengths[member.id] = _seconds(member)
    if len(lengths) < 2:
        return members
    endless = _ENDLESS * median_high(lengths.values())
    longest = max(length for length in lengths.values() if length <= endless)
    return [member for member in members if lengths.get(member.id, longest) >= longest * _WHOLE]


def _agreed(members: list[Member], name: str) -> list[Member]:
    """Those who say what most say: of three clocks, one that is an hour off is left out."""
    disagreeing = []
    for member in members:
        value = member.value(name)
        disagreeing.append(sum(not _is_alike(value, other.value(name)) for other in members))
    return _best(members, disagreeing)


def _is_alike(value: Any, other: Any) -> bool:
    if isinstance(value, datetime):
        return bool(abs(value - other) <= _AT_ONCE)
    return bool(value == other)


# -- criteria that look at each member on its own: the smallest mark is the best -------------------


def _seconds(member: Member) -> float:
    if member.activity.elapsed_s is not None:
        return member.activity.elapsed_s
    if member.activity.moving_s is not None:
        return member.activity.moving_s
    return float(member.samples)


def _measured(
    member: Member,
    name: str,
    _: MergeRules,
) -> int:
    """Reported is better than computed or not stated, and that is better than estimated.

    Power goes by its own kind.
    """
    if name in _POWER and member.activity.power_kind:
        return 0 if member.activity.power_kind == "measured" else 2
    provenance = member.activity.provenance.get(name)
    how = provenance.how if provenance else member.kinds.get(name, "")
    return _HOW.get(how, 1)


def _original(
    member: Member,
    _: str,
    __: MergeRules,
) -> int:
    """A member that was made of richer parts is better."""
    return original(member)


def _precise(
    member: Member,
    _: str,
    __: MergeRules,
) -> tuple[int, bool]:
    """A start to the second is better than one to the minute, and that than the day.

    With its zone it is better than without.
    """
    activity = member.activity
    has_local = activity.start_local is not None or activity.utc_offset_s is not None
    has_zone = activity.start_utc is not None and has_local
    return _PRECISION[activity.start_precision], not has_zone


def _specific(
    member: Member,
    _: str,
    __: MergeRules,
) -> int:
    """A kind of a sport is better than the sport at large, and that than an unknown sport."""
    sport = member.activity.sport
    if sport in (None, "Other", "Workout"):
        return 2
    return int(sport in _AT_LARGE)


def _fullest(
    member: Member,
    name: str,
    _: MergeRules,
) -> int:
    """More channels of sensors are better, more items of a list, more known of a thing."""
    if name == "streams":
        return -len(_SENSED.intersection(member.stream_types))
    value = member.value(name)
    if isinstance(value, tuple):
        return -len(value)
    parts = getattr(value, "__struct_fields__", ())
    return -sum(getattr(value, part) not in ABSENT for part in parts)


def _densest(
    member: Member,
    _: str,
    __: MergeRules,
) -> float:
    """More samples a second are better."""
    return -member.samples / (_seconds(member) or 1.0)


def _edited(
    member: Member,
    name: str,
    rules: MergeRules,
) -> bool:
    """What somebody wrote or ticked is better than what is there by default."""
    if name == "title":
        return is_default_title(member.activity, rules.default_titles)
    return not member.value(name)


#: Criteria that look at all who are left, not at each on its own.
_SELECTIONS: dict[str, Callable[[list[Member], str], list[Member]]] = {
    "longest": _longest,
    "whole": _whole,
    "agreed": _agreed,
}
_AT_LARGE = frozenset(
    {
        "Ride",
        "Run",
        "Walk",
        "Swim",
        "Rowing",
    }
)
_MARKS: dict[str, Callable[[Member, str, MergeRules], Any]] = {
    "measured": _measured,
    "original": _original,
    "edited": _edited,
    "precise": _precise,
    "specific": _specific,
    "fullest": _fullest,
    "densest": _densest,
}
