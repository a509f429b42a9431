"""Decides which workout of a file is the one that a service has a row about."""

from __future__ import annotations

import math
from datetime import UTC, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from fitglue_registry.model import SourceActivity

#: Services and devices state the start of the same workout up to this many seconds apart.
SAME_START_S = 120.0
#: Two durations are those of the same workout if they differ by at most this share of the longer
#: one, or by this many seconds.
_SAME_LENGTH = 0.1
_SAME_LENGTH_S = 10.0
#: The offsets of local times from UTC reach from −12 to +14 hours (IANA time zone database).
_WEST = timedelta(hours=12)
_EAST = timedelta(hours=14)


def why_other_workout(
    row: SourceActivity,
    legs: Sequence[SourceActivity],
) -> str | None:
    """Return why a file is that of another workout than the row, or ``None`` if it may be its own.

    Both begin at the same time, or the workout begins while its file lasts, because it was cropped
    at the service. Nothing speaks against a file that states no start. The lengths say nothing,
    because athletes crop workouts and correct durations, and nobody does two workouts at once.

    Args:
        row: The workout as the service has it.
        legs: The workouts of the file.
    """
    starts = [leg.start_utc for leg in legs if leg.start_utc is not None]
    if not starts:
        return None
    first = min(starts)
    if row.start_utc is None:
        return _why_other_day(row, first)
    last = max(_ends(row, legs))
    slack = timedelta(seconds=SAME_START_S)
    begins_with_it = abs(row.start_utc - first) <= slack
    if not begins_with_it and not first <= row.start_utc < last:
        return f"the file is of another workout, which began at {_shown(first)}"
    return None


def _why_other_day(row: SourceActivity, first: datetime) -> str | None:
    """Return why a file is of another workout than a row whose start is known in local time only.

    The offset is unknown, so each one that exists is possible.
    """
    if row.start_local is None:
        return None
    as_utc = row.start_local.replace(tzinfo=UTC)
    slack = timedelta(seconds=SAME_START_S)
    if -_WEST - slack <= as_utc - first <= _EAST + slack:
        return None
    return f"the file is of another workout, which began at {_shown(first)}"


def _ends(row: SourceActivity, legs: Sequence[SourceActivity]) -> Iterator[datetime]:
    """Yield when each workout of a file ended; one without a duration lasts as long as the row."""
    for leg in legs:
        if leg.start_utc is not None:
            length_s = leg.elapsed_s or leg.moving_s or row.elapsed_s or 0.0
            yield leg.start_utc + timedelta(seconds=length_s)


def _shown(start: datetime) -> str:
    return start.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


# -- legs of one file ------------------------------------------------------------------------------


def apart_s(row: SourceActivity, leg: SourceActivity) -> float:
    """Return the seconds between two starts, or infinity if one of them is unknown."""
    if row.start_utc is None or leg.start_utc is None:
        return math.inf
    apart = leg.start_utc - row.start_utc
    return abs(apart.total_seconds())


def is_as_long(row: SourceActivity, leg: SourceActivity) -> bool:
    """Return whether a leg lasts about as long as a row, or one of the durations is unknown.

    A service may state only the duration without pauses, so that of the leg counts as well.
    """
    lengths_s = [length_s for length_s in (leg.elapsed_s, leg.moving_s) if length_s]
    if not row.elapsed_s or not lengths_s:
        return True
    return any(_are_alike(row.elapsed_s, length_s) for length_s in lengths_s)


def _are_alike(one_s: float, other_s: float) -> bool:
    most_s = max(_SAME_LENGTH_S, _SAME_LENGTH * max(one_s, other_s))
    return abs(one_s - other_s) <= most_s


def legs_of_rows(
    rows: Mapping[int, SourceActivity],
    legs: Sequence[SourceActivity],
    *,
    by_order: bool,
) -> dict[int, SourceActivity]:
    """Return the leg of a file that belongs to each row of a multisport event, if there is one.

    The nearest starts are paired first, so no row takes the leg of its neighbor: a transition may
    be shorter than the tolerance. A row and its leg are about equally long.

    Args:
        rows: The rows of the event by their numbers.
        legs: The legs of the file.
        by_order: Whether a row without a start in UTC takes the leg with its number.
    """
    pairs = []
    for number, row in rows.items():
        for at, leg in enumerate(legs):
            distance_s = apart_s(row, leg)
            if row.start_utc is None and by_order and leg.leg_no == number:
                distance_s = SAME_START_S
            if distance_s <= SAME_START_S and is_as_long(row, leg):
                pairs.append((distance_s, number, at))
    found: dict[int, SourceActivity] = {}
    taken: set[int] = set()
    for _, number, at in sorted(pairs):
        if number not in found and at not in taken:
            found[number] = legs[at]
            taken.add(at)
    return found
