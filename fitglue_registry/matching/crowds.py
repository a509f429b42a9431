"""Finds the days with too many workouts, and the claims with too many holders, to compare them.

Every workout of a day is compared with every other one, so that the time grows with the square of
their number. A broken clock or a hostile source can give any number of workouts the same day.
"""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING

from fitglue_registry.dedupe.blocking import MOST_ON_ONE_DAY
from fitglue_registry.dedupe.edges import MOST_HOLDERS
from fitglue_registry.store.source_activity_search import (
    counts_of_claims,
    days_of_more_than,
    ids_near,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from sqlalchemy.engine import Connection as Db

    from fitglue_registry.store.source_activity_rows import SourceActivityRow

    Span = tuple[datetime, datetime]

log = logging.getLogger(__name__)

_DAY = timedelta(days=1)
_INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Crowds:
    """The days with more than ``MOST_ON_ONE_DAY`` source activities of one athlete.

    Attributes:
        days: Days of the local clock.
        new_members: The ids of all source activities of the days that have just become crowded. The
            opinions about them must be deleted, because nothing else would compare them again.
    """

    days: frozenset[date]
    new_members: frozenset[int] = frozenset()

    def contains(self, row: SourceActivityRow) -> bool:
        """Return whether a source activity starts on a crowded day."""
        return row.clock_start is not None and row.clock_start.date() in self.days

    def without(self, spans: Iterable[Span]) -> Iterator[Span]:
        """Yield the parts of these spans that are not on a crowded day."""
        for span in spans:
            oldest, newest = span
            for day in sorted(self.days):
                begin, end = _span_of(day)
                if end < oldest or begin > newest:
                    continue
                if begin > oldest:
                    yield oldest, begin - _INSTANT
                if end >= newest:
                    break
                oldest = end + _INSTANT
            else:
                yield oldest, newest


def find_crowds(
    db: Db,
    athlete_id: str,
    changed: Iterable[SourceActivityRow],
    spans: Sequence[Span],
) -> Crowds:
    """Return the crowded days within these spans.

    Args:
        db: A transaction.
        athlete_id: The athlete.
        changed: The changed source activities.
        spans: The spans of local time in which candidates for them start.
    """
    counts = days_of_more_than(db, athlete_id, spans, MOST_ON_ONE_DAY)
    changed_on = Counter(row.clock_start.date() for row in changed if row.clock_start)
    new_members: set[int] = set()
    for day, count in counts.items():
        if count - changed_on[day] <= MOST_ON_ONE_DAY and changed_on[day]:
            log.warning(
                "more than %d workouts start on %s; they are compared with no others",
                MOST_ON_ONE_DAY,
                day,
            )
            new_members |= ids_near(db, athlete_id, [_span_of(day)])
    return Crowds(frozenset(counts), frozenset(new_members))


def claims_without_identity(db: Db, athlete_id: str, claims: Iterable[str]) -> dict[str, int]:
    """Return those of these claims that too many source activities assert, with their number.

    No workout is listed that often. Such a claim identifies nothing, so it joins nothing.
    """
    return counts_of_claims(db, athlete_id, claims, MOST_HOLDERS)


def _span_of(day: date) -> Span:
    begin = datetime.combine(day, time.min)
    return begin, begin + (_DAY - _INSTANT)
