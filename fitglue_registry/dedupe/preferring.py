"""The criteria by which one source activity gives a value rather than another, as the registry's
merge rules name them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from statistics import median_high
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from fitglue_registry.model import SourceActivity
    from fitglue_registry.registry import DefaultTitles, MergeRules, Rule


@dataclass(frozen=True, slots=True)
class Member:
    """One source activity of a workout; ``key`` is its natural key, ``kinds`` what its entry says
    of how each field is come by.
    """

    id: int
    key: tuple[str, str, int]
    activity: SourceActivity
    kinds: Mapping[str, str] = field(default_factory=dict)
    stream_types: tuple[str, ...] = ()
    samples: int = 0

    def has(self, name: str) -> bool:
        """Whether it says anything of a field; zero is a value."""
        return (
            bool(self.stream_types)
            if name == "streams"
            else getattr(self.activity, name) not in ABSENT
        )

    def value(self, name: str) -> Any:
        """What it says of a field."""
        return self.stream_types if name == "streams" else getattr(self.activity, name)


ABSENT: tuple[Any, ...] = (None, (), {})
_MOST_PARTS = ("file", "streams", "detail", "summary")
_HOW = {"reported": 0, "computed": 1, "estimated": 2}
_PRECISION = {"second": 0, "minute": 1, "day": 2}
_POWER = frozenset({"average_watts", "weighted_average_watts", "max_watts"})
#: Channels that a sensor records; what a service works out of them makes no set of streams fuller.
_SENSED = frozenset(
    {"latlng", "altitude", "heartrate", "watts", "cadence", "temperature", "velocity", "distance"}
)
#: Recordings that differ by less are as long as each other.
_AS_LONG = 0.95
#: What is shorter than this share of the longest is a part of it; what is so many times as long as
#: most was never stopped.
_WHOLE, _ENDLESS = 0.8, 3
#: Starts that differ by no more are one: devices are started one after the other.
_AT_ONCE = timedelta(minutes=2)
_WORD = re.compile(r"[^\W\d_]+")


def rank(member: Member) -> tuple[Any, ...]:
    """Best first: native before stub, then whoever was made from the richest parts, then by natural
    key.
    """
    return (member.activity.stub is not None, original(member), member.key)


def original(member: Member) -> int:
    """A file knows more than streams, streams more than a detail, a detail more than a summary."""
    parts = member.activity.completeness.parts
    return next(
        (place for place, part in enumerate(_MOST_PARTS) if part in parts), len(_MOST_PARTS)
    )


def choose(
    rule: Rule, name: str, members: Sequence[Member], rules: MergeRules, streams_from: Member | None
) -> Member:
    """The member that gives a field, of those that have it, which come in the order of ``rank``."""
    left = list(members)
    for criterion in rule.prefer:
        if len(left) == 1:
            break
        if criterion in _AMONG:
            left = _AMONG[criterion](left, name)
        elif criterion == "with_streams":
            left = [member for member in left if member is streams_from] or left
        else:
            marks = [_MARKS[criterion](member, name, rules) for member in left]
            left = [member for member, mark in zip(left, marks, strict=True) if mark == min(marks)]
    return left[0]


def _longest(members: list[Member], name: str) -> list[Member]:
    lengths = [
        _seconds(member) if name == "streams" else len(member.value(name)) for member in members
    ]
    return [
        member
        for member, length in zip(members, lengths, strict=True)
        if length >= max(lengths) * _AS_LONG
    ]


def _whole(members: list[Member], _: str) -> list[Member]:
    """All but the recordings of a part: a file that was cut is no better for being a file.

    One that never ended is no measure.
    """
    lengths = {
        member.id: _seconds(member)
        for member in members
        if original(member) <= _MOST_PARTS.index("streams")
    }
    if len(lengths) < 2:
        return members
    longest = max(
        length for length in lengths.values() if length <= _ENDLESS * median_high(lengths.values())
    )
    return [member for member in members if lengths.get(member.id, longest) >= longest * _WHOLE]


def _agreed(members: list[Member], name: str) -> list[Member]:
    """Those who say what most say: one clock of three that is an hour off has no say in the
    start.
    """
    says = [
        sum(_alike(member.value(name), other.value(name)) for other in members)
        for member in members
    ]
    return [member for member, number in zip(members, says, strict=True) if number == max(says)]


def _alike(one: Any, other: Any) -> bool:
    return abs(one - other) <= _AT_ONCE if isinstance(one, datetime) else bool(one == other)


def _seconds(member: Member) -> float:
    found = (member.activity.elapsed_s, member.activity.moving_s)
    return next((seconds for seconds in found if seconds is not None), float(member.samples))


def _measured(member: Member, name: str, _: MergeRules) -> int:
    """What was reported before what was computed or says nothing, and that before an estimate;
    power goes by its own kind.
    """
    if name in _POWER and member.activity.power_kind:
        return 0 if member.activity.power_kind == "measured" else 2
    said = member.activity.provenance.get(name)
    return _HOW.get(said.how if said else member.kinds.get(name, ""), 1)


def _precise(member: Member, _: str, __: MergeRules) -> tuple[int, int]:
    """To the second before to the minute before to the day; with its zone before without."""
    activity = member.activity
    zoned = activity.start_utc is not None and (
        activity.start_local is not None or activity.utc_offset_s is not None
    )
    return _PRECISION[activity.start_precision], not zoned


def _specific(member: Member, _: str, __: MergeRules) -> int:
    """A kind of a sport before the sport at large, that before a sport that nobody knows."""
    sport = member.activity.sport
    return 2 if sport in (None, "Other", "Workout") else int(sport in _AT_LARGE)


def _fullest(member: Member, name: str, _: MergeRules) -> int:
    """More channels of sensors, more items of a list, more said of a thing."""
    if name == "streams":
        return -len(_SENSED.intersection(member.stream_types))
    value = member.value(name)
    if isinstance(value, tuple):
        return -len(value)
    return -sum(
        getattr(value, part) not in ABSENT for part in getattr(value, "__struct_fields__", ())
    )


def _densest(member: Member, _: str, __: MergeRules) -> float:
    return -member.samples / (_seconds(member) or 1.0)


def _edited(member: Member, name: str, rules: MergeRules) -> bool:
    """What somebody wrote or ticked before what stands there by default."""
    value = member.value(name)
    if name == "title":
        return is_default_title(member.activity, rules.default_titles)
    return not value


def is_default_title(activity: SourceActivity, known: DefaultTitles) -> bool:
    """Whether a device or a service gave the title: a file's name, or words of the time of day, the
    sport and the place alone.
    """
    title = (activity.title or "").strip().casefold()
    vocabulary, patterns = _compiled(known)
    if any(pattern.fullmatch(title) for pattern in patterns):
        return True
    place = activity.location.name if activity.location and activity.location.name else ""
    own = _WORD.findall(
        f"{activity.sport or ''} {activity.sport_raw or ''} "
        f"{activity.sub_type or ''} {place}".casefold().replace("_", " ")
    )
    return vocabulary.union(own).issuperset(_WORD.findall(title))


@lru_cache(maxsize=4)
def _compiled(known: DefaultTitles) -> tuple[frozenset[str], tuple[re.Pattern[str], ...]]:
    return frozenset(word.casefold() for word in known.words), tuple(
        re.compile(pattern) for pattern in known.patterns
    )


#: Criteria that look at all who are left, not at each alone.
_AMONG: dict[str, Callable[[list[Member], str], list[Member]]] = {
    "longest": _longest,
    "whole": _whole,
    "agreed": _agreed,
}
_AT_LARGE = frozenset({"Ride", "Run", "Walk", "Swim", "Rowing"})
_MARKS: dict[str, Callable[[Member, str, MergeRules], Any]] = {
    "measured": _measured,
    "original": lambda member, _, __: original(member),
    "edited": _edited,
    "precise": _precise,
    "specific": _specific,
    "fullest": _fullest,
    "densest": _densest,
}
