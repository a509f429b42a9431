"""The criteria by which one source activity is preferred to another for supplying a value.

The merge rules of the registry (``registry/merge.yaml``) name them: each rule lists fields, and the
criteria that choose among the members of a cluster.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from statistics import median_high
from typing import TYPE_CHECKING, Any

from fitglue_registry.dedupe.titles import title_rank
from fitglue_registry.model import ABSENT, BY_THE_ATHLETE, is_doubtful_zero, names_unlisted_sport
from fitglue_registry.model.stored import PartName

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from fitglue_registry.dedupe.echo import Echo
    from fitglue_registry.model import SourceActivity
    from fitglue_registry.registry import MergeRules, Rule


@dataclass(frozen=True, slots=True)
class Member:
    """One source activity of a workout.

    Attributes:
        id: The id of the source activity in its store.
        key: The natural key: account, external id, number of the leg.
        activity: Its values.
        kinds: Field → ``reported``, ``computed`` or ``estimated``, from the entry of its source.
        stream_types: The types of its streams, such as ``heartrate``.
        samples: The number of samples of its streams.
        echo: What a pipeline has sent, if this is a copy of it.
        edited: The fields that the athlete has changed there since; see ``echoes``.
    """

    id: int
    key: tuple[str, str, int]
    activity: SourceActivity
    kinds: Mapping[str, str] = field(default_factory=dict)
    stream_types: tuple[str, ...] = ()
    samples: int = 0
    echo: Echo | None = None
    edited: frozenset[str] = frozenset()

    @property
    def account(self) -> str:
        """The account whose connection lists the source activity."""
        return self.key[0]

    def has(self, name: str) -> bool:
        """Return whether the member has a value for a field; zero is a value."""
        if name == "streams":
            return bool(self.stream_types)
        return getattr(self.activity, name) not in ABSENT

    def value(self, name: str) -> Any:
        """Return the value of a field; of ``streams``, the types."""
        if name == "streams":
            return self.stream_types
        return getattr(self.activity, name)


_RICHEST_FIRST = (PartName.FILE, PartName.STREAMS, PartName.DETAIL, PartName.SUMMARY)
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
#: Channels that a sensor records. What a service computes from them, such as ``grade``, does not
#: make a set of streams fuller.
_SENSOR_CHANNELS = frozenset(
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
#: Sources round a duration to seconds.
_ROUNDING_S = 1.0
#: Recordings that reach this share of the longest one count as equally long.
_EQUALLY_LONG = 0.95
#: Recordings that do not reach this share of the longest one were cut.
_COMPLETE = 0.8
#: A recording that is this many times as long as the median was never stopped: a watch that ran on
#: for a day would otherwise make every correct recording look cut.
_NEVER_STOPPED = 3
#: Starts that differ by at most this much agree, because two devices are started one after the
#: other.
_SAME_START = timedelta(minutes=2)


def holding(members: Sequence[Member], name: str) -> list[Member]:
    """Return the members that have a value for a field, the order unchanged.

    A zero that means "not measured" does not count if another member has a value.
    """
    having = [member for member in members if member.has(name)]
    measured = [member for member in having if not is_doubtful_zero(name, member.value(name))]
    return measured or having


def rank(member: Member) -> tuple[Any, ...]:
    """Return the sort key that orders members by quality, the best one first.

    Members that are not stubs come first, then those that no pipeline has sent, then those that
    were made from the richest parts. The natural key breaks ties, so that the order is the same in
    every store.
    """
    is_stub = member.activity.stub is not None
    return (is_stub, member.echo is not None, part_rank(member), member.key)


def part_rank(member: Member) -> int:
    """Return the position of the member's richest part in: file, streams, detail, summary."""
    parts = member.activity.completeness.parts
    for position, part in enumerate(_RICHEST_FIRST):
        if part in parts:
            return position
    return len(_RICHEST_FIRST)


def choose(
    rule: Rule,
    name: str,
    members: Sequence[Member],
    rules: MergeRules,
    streams_from: Member | None,
) -> Member:
    """Return the member that supplies a field.

    Each criterion of the rule narrows down the members; if several are left, the first one wins.

    Args:
        rule: The merge rule of the field.
        name: The field.
        members: The members that have the field, in the order of ``rank``.
        rules: All merge rules; they contain the default titles.
        streams_from: The member that supplies the streams, if it is known already.
    """
    left = list(members)
    for criterion in rule.prefer:
        if len(left) == 1:
            break
        if criterion in _SELECTIONS:
            left = _SELECTIONS[criterion](left, name)
        elif criterion == "with_streams":
            # The member with the streams may lack this field, and then the criterion is skipped.
            left = [member for member in left if member is streams_from] or left
        else:
            left = _best(left, [_PENALTIES[criterion](member, name, rules) for member in left])
    return left[0]


def _best(members: Sequence[Member], penalties: Sequence[Any]) -> list[Member]:
    """Return the members that have the smallest penalty."""
    best = min(penalties)
    return [member for member, penalty in zip(members, penalties, strict=True) if penalty == best]


# -- criteria that compare the members with each other ---------------------------------------------


def _longest(members: list[Member], name: str) -> list[Member]:
    """Return the longest recordings or lists, and those that are about as long."""
    lengths = [_length(member, name) for member in members]
    enough = max(lengths) * _EQUALLY_LONG
    return [member for member, length in zip(members, lengths, strict=True) if length >= enough]


def _length(member: Member, name: str) -> float:
    if name == "streams":
        return _duration_s(member)
    return len(member.value(name))


def _whole(members: list[Member], _: str) -> list[Member]:
    """Return the members without recordings that were cut.

    A cut file is not better for being a file. Members without a recording are kept, because a
    summary may have been typed in and does not show how long the recording was.
    """
    durations = {}
    for member in members:
        if part_rank(member) <= _RICHEST_FIRST.index(PartName.STREAMS):
            durations[member.id] = _duration_s(member)
    if len(durations) < 2:
        return members
    limit = _NEVER_STOPPED * median_high(durations.values())
    longest = max(duration for duration in durations.values() if duration <= limit)
    enough = longest * _COMPLETE
    return [member for member in members if durations.get(member.id, longest) >= enough]


def _corrected(members: list[Member], name: str) -> list[Member]:
    """Return the members whose value the athlete corrected at the service, if there are any.

    The correction of a recording that was cut holds only for its part of the workout.
    """
    corrected = [member for member in members if _is_corrected(member, name)]
    if not corrected:
        return members
    whole = {member.id for member in _whole(members, name)}
    return [member for member in corrected if member.id in whole] or members


def _is_corrected(member: Member, name: str) -> bool:
    provenance = member.activity.provenance.get(name)
    return provenance is not None and provenance.by == BY_THE_ATHLETE


def _agreed(members: list[Member], name: str) -> list[Member]:
    """Return the members with the most common value.

    Of three clocks, one that is an hour off is left out.
    """
    disagreeing = []
    for member in members:
        value = member.value(name)
        # Every value agrees with itself, so this counts the other members that disagree.
        disagreeing.append(sum(not _is_alike(value, other.value(name)) for other in members))
    return _best(members, disagreeing)


def _is_alike(value: Any, other: Any) -> bool:
    if isinstance(value, datetime):
        return bool(abs(value - other) <= _SAME_START)
    return bool(value == other)


# -- criteria that look at each member on its own: the smallest penalty is the best ----------------


def _duration_s(member: Member) -> float:
    """Return the seconds that a recording covers, from its samples if nothing else is known."""
    if member.activity.elapsed_s is not None:
        return member.activity.elapsed_s
    if member.activity.moving_s is not None:
        return member.activity.moving_s
    # Most devices record one sample per second.
    return float(member.samples)


def _measured(
    member: Member,
    name: str,
    _: MergeRules,
) -> int:
    """Prefer a reported value to a computed one, and that to an estimated one.

    A value that does not state how it came about counts as computed. Power has its own statement:
    it is measured by a meter or estimated by a model.
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
    """Prefer a member that was made from richer parts."""
    return part_rank(member)


def _precise(
    member: Member,
    _: str,
    __: MergeRules,
) -> tuple[int, bool]:
    """Prefer a start that is known to the second, then to the minute, then to the day.

    Of two equally precise starts, prefer the one whose zone is known.
    """
    activity = member.activity
    has_local = activity.start_local is not None or activity.utc_offset_s is not None
    has_zone = activity.start_utc is not None and has_local
    return _PRECISION[activity.start_precision], not has_zone


def _stopped(
    member: Member,
    _: str,
    __: MergeRules,
) -> bool:
    """Prefer a time in motion that leaves out stops: a device that does not pause by itself states
    the complete time.
    """
    activity = member.activity
    if activity.moving_s is None or activity.elapsed_s is None:
        return False
    return activity.moving_s >= activity.elapsed_s - _ROUNDING_S


def _specific(
    member: Member,
    _: str,
    __: MergeRules,
) -> int:
    """Prefer a specific sport such as ``TrailRun``, then a general one, then an unknown one.

    A sport that a source names and that the model does not have is as specific as any.
    """
    sport = member.activity.sport
    if names_unlisted_sport(member.activity):
        return 0
    if sport in (None, "Other", "Workout"):
        return 2
    return int(sport in _GENERAL_SPORTS)


def _fullest(
    member: Member,
    name: str,
    _: MergeRules,
) -> int:
    """Prefer more sensor channels, more items of a list, or more known fields of an object."""
    if name == "streams":
        return -len(_SENSOR_CHANNELS.intersection(member.stream_types))
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
    """Prefer more samples per second."""
    return -member.samples / (_duration_s(member) or 1.0)


def _edited(
    member: Member,
    name: str,
    rules: MergeRules,
) -> int:
    """Prefer what a person wrote or ticked to a default, and a default title to a file name."""
    if name == "title":
        return title_rank(member.activity, rules.default_titles)
    return int(not member.value(name))


#: Criteria that compare the members with each other: (members, field) → the members that are left.
_SELECTIONS: dict[str, Callable[[list[Member], str], list[Member]]] = {
    "longest": _longest,
    "corrected": _corrected,
    "whole": _whole,
    "agreed": _agreed,
}
_GENERAL_SPORTS = frozenset(
    {
        "Ride",
        "Run",
        "Walk",
        "Swim",
        "Rowing",
    }
)
#: Criteria that look at each member on its own: (member, field, rules) → a penalty.
_PENALTIES: dict[str, Callable[[Member, str, MergeRules], Any]] = {
    "measured": _measured,
    "original": _original,
    "edited": _edited,
    "precise": _precise,
    "specific": _specific,
    "stopped": _stopped,
    "fullest": _fullest,
    "densest": _densest,
}
