"""The screen of a multisport event: its legs, each of which is an activity that can be shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fitglue_registry.cli import numbers
from fitglue_registry.cli.layout import Heading, Rows, columns_of
from fitglue_registry.cli.text import clean, count, short_title
from fitglue_registry.model.sports import NO_WORKOUT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fitglue_registry.cli.layout import Part
    from fitglue_registry.model import SourceActivity
    from fitglue_registry.services.reading import ActivityDetails

_COLUMNS = columns_of(
    ("#", "start", "sport", "title", "km", "time", "bpm"),
    right=("#", "km", "time", "bpm"),
    flexible="title",
)
#: A shorter common beginning of the titles, such as "In", is not the title of the event.
_SHORTEST_TITLE = 4
#: What separates the title of the event from that of the leg.
_SEPARATORS = " -–—:·("


def event_screen(legs: Sequence[ActivityDetails]) -> Iterator[Part]:
    """Yield what a multisport event is, its legs, and what they are in all.

    Args:
        legs: Its legs in order of time, at least one.
    """
    common = _common_words(legs)
    yield Heading(_title(legs[0], common), f"multisport event, {_counted(legs)}")
    yield clean(_where(legs[0]))
    yield ""
    rows = [_row(leg, _title_of_leg(leg, common)) for leg in legs]
    yield Rows(_COLUMNS, [*rows, _total(legs)])


def _common_words(legs: Sequence[ActivityDetails]) -> int:
    """Return with how many equal words the titles of all legs begin."""
    titles = [(leg.activity.title or "").split() for leg in legs]
    number = 0
    # The shortest title ends the comparison.
    for first, *others in zip(*titles, strict=False):
        if any(other != first for other in others):
            break
        number += 1
    return number


def _title(leg: ActivityDetails, common: int) -> str:
    """Return the title of the event: the beginning that the titles of all legs share."""
    words = (leg.activity.title or "").split()[:common]
    title = " ".join(words).rstrip(_SEPARATORS)
    if len(title) < _SHORTEST_TITLE:
        return "Multisport event"
    return short_title(title)


def _title_of_leg(leg: ActivityDetails, common: int) -> str:
    """Return what the title of a leg has beyond that of the event, or all if that is nothing."""
    title = leg.activity.title or "–"
    rest = " ".join(title.split()[common:])
    return short_title(rest or title)


def _counted(legs: Sequence[ActivityDetails]) -> str:
    transitions = sum(leg.activity.sport in NO_WORKOUT for leg in legs)
    sports = count(len(legs) - transitions, "leg")
    if transitions:
        return f"{sports} and {count(transitions, 'transition')}"
    return sports


def _where(leg: ActivityDetails) -> str:
    """Return the day of the event, and its id at the source."""
    # The hash of a file says nothing to a person.
    event = leg.activity.parent or ""
    known_as = "recorded in one file" if event.startswith("file:") else f"known as {event}"
    return f"{leg.day or 'day unknown'}, {known_as}"


def _row(leg: ActivityDetails, title: str) -> list[str]:
    activity = leg.activity
    start = activity.start_local or activity.start_utc
    return [
        str(leg.number),
        f"{start:%H:%M}" if start else "",
        activity.sport or "",
        title,
        numbers.km(activity.distance_m),
        numbers.clock(_lasted_s(activity)),
        numbers.whole(activity.average_heartrate_bpm),
    ]


def _lasted_s(activity: SourceActivity) -> float | None:
    if activity.elapsed_s is None:
        return activity.moving_s
    return activity.elapsed_s


def _total(legs: Sequence[ActivityDetails]) -> list[str]:
    """Return the row with the distance and the time of all legs, transitions included."""
    distance_m = sum(leg.activity.distance_m or 0.0 for leg in legs)
    lasted_s = sum(_lasted_s(leg.activity) or 0.0 for leg in legs)
    return ["", "", "", "in all", numbers.km(distance_m), numbers.clock(lasted_s), ""]
