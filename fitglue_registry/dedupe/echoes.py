"""What a copy gives to an activity that a pipeline has sent there: an *echo* of the activity.

What FitGlue wrote at a destination is never a better value than what it was made from. An echo
gives a value only where no other member has one. What the athlete changes there afterwards is the
athlete's: a text, the tags or the rating of the effort then comes from the echo.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import msgspec

from fitglue_registry.model import SourceActivity
from fitglue_registry.model.field_hash import field_hash

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from fitglue_registry.dedupe.echo import Echo
    from fitglue_registry.dedupe.preferences import Member

#: Fields that an athlete fills in. Services compute others, or have other names for them (sports),
#: so that a difference there says nothing about the athlete.
_BY_ATHLETES = (
    "title",
    "description",
    "notes",
    "tags",
    "rpe",
    "feel",
)
_METRICS = "metrics"


def with_echoes(members: Sequence[Member]) -> list[Member]:
    """Return members with only those values of echoes that do not come from FitGlue.

    If all members are echoes, they have nothing but what was sent, and keep all of it.

    Args:
        members: The members of an activity that are not stubs.
    """
    originals = [member for member in members if member.echo is None]
    if not originals or len(originals) == len(members):
        return list(members)
    return [_without_sent(member, originals) for member in members]


def first_hand(members: Sequence[Member], fields: Sequence[str]) -> Sequence[Member]:
    """Return the members that may supply fields: echoes only if no other member can.

    An echo in which the athlete changed one of the fields comes before all others.
    """
    edited = [member for member in members if not member.edited.isdisjoint(fields)]
    if edited:
        return edited
    originals = [member for member in members if member.echo is None]
    can_supply = any(member.has(name) for member in originals for name in fields)
    return originals if can_supply else members


def _without_sent(member: Member, originals: Sequence[Member]) -> Member:
    """Return an echo without what was sent, except for what the athlete has changed since."""
    echo = member.echo
    if echo is None:
        return member
    edited = frozenset(_edited(member, echo, originals))
    blanks: dict[str, Any] = {}
    empty = SourceActivity()
    for name in echo.sent.keys() - edited:
        if name != "streams" and name in SourceActivity.__struct_fields__:
            blanks[name] = getattr(empty, name)
    metrics = {}
    for name, value in member.activity.metrics.items():
        if f"{_METRICS}.{name}" not in echo.sent:
            metrics[name] = value
    blanks.setdefault(_METRICS, metrics)
    activity = msgspec.structs.replace(member.activity, **blanks)
    return replace(member, activity=activity, edited=edited)


def _edited(
    member: Member,
    echo: Echo,
    originals: Sequence[Member],
) -> Iterator[str]:
    """Yield the fields that the athlete has changed at the destination since they were sent."""
    if not echo.may_be_edited:
        return
    for name in _BY_ATHLETES:
        if name not in echo.sent or not member.has(name):
            continue
        value = member.value(name)
        known = [original.value(name) for original in originals if original.has(name)]
        if field_hash(value) != echo.sent[name] and not _is_rewritten(value, known):
            yield name


def _is_rewritten(value: Any, known: Iterable[Any]) -> bool:
    """Return whether a service has written a known value in another way.

    Services cut off long texts, join blanks, and sort tags or change their case.
    """
    if isinstance(value, str):
        text = _plain(value).removesuffix("…").rstrip()
        return any(_plain(other).startswith(text) for other in known)
    if isinstance(value, tuple):
        all_known = {str(item).casefold() for items in known for item in items}
        return {str(item).casefold() for item in value} == all_known
    return False


def _plain(text: str) -> str:
    return " ".join(text.split())
