"""The findings of conditions about the start, whose local time or day can be unknown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fitglue_registry.pipeline.conditions import WEEKDAYS
from fitglue_registry.pipeline.finding import Finding, listed

if TYPE_CHECKING:
    from datetime import date, time

    from fitglue_registry.pipeline.candidate import Candidate
    from fitglue_registry.pipeline.conditions import Dates, TimeOfDay, Weekday

_NO_DAY = "its day is not known"


def time_finding(condition: TimeOfDay, candidate: Candidate) -> Finding:
    """Return whether the workout begins in a range of times."""
    earliest = condition.earliest
    latest = condition.latest
    wanted = f"workouts that start from {earliest:%H:%M} to {latest:%H:%M}"
    start = candidate.starts_at
    if start is None:
        return Finding(
            None,
            "its local time is not known",
            wanted,
        )
    return Finding(
        _is_between(start, earliest, latest),
        f"it starts at {start:%H:%M}",
        wanted,
    )


def _is_between(
    start: time,
    earliest: time,
    latest: time,
) -> bool:
    if earliest <= latest:
        return earliest <= start <= latest
    # The range includes midnight.
    return start >= earliest or start <= latest


def weekday_finding(condition: Weekday, candidate: Candidate) -> Finding:
    """Return whether the workout begins on a day of the week."""
    names = list(map(str.capitalize, condition.days))
    wanted = f"workouts on a {listed(names)}"
    day = candidate.starts_on
    if day is None:
        return Finding(None, _NO_DAY, wanted)
    name = WEEKDAYS[day.weekday()]
    return Finding(
        name in condition.days,
        f"it took place on a {name.capitalize()}",
        wanted,
    )


def dates_finding(condition: Dates, candidate: Candidate) -> Finding:
    """Return whether the workout begins on a day in a range."""
    wanted = "workouts"
    if condition.since:
        wanted += f" since {condition.since}"
    if condition.until:
        wanted += f" until {condition.until}"
    day = candidate.starts_on
    if day is None:
        return Finding(None, _NO_DAY, wanted)
    return Finding(
        _is_in(condition, day),
        f"it took place on {day}",
        wanted,
    )


def _is_in(condition: Dates, day: date) -> bool:
    if condition.since and day < condition.since:
        return False
    return condition.until is None or day <= condition.until
