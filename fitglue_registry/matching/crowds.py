"""Finds the days with too many workouts, and the claims with too many holders, to compare them.

Every workout of a day is compared with every other one, so that the time grows with the square of
their number and with their size. A broken clock or a hostile source can give any number of workouts
the same day.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING

from fitglue_registry.dedupe.blocking import MOST_ON_ONE_DAY
from fitglue_registry.dedupe.edges import MOST_HOLDERS
from fitglue_registry.store.source_activity_search import (
    DaySize,
    counts_of_claims,
    days_beyond,
    ids_near,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from sqlalchemy.engine import Connection as Db

    from fitglue_registry.store.source_activity_rows import SourceActivityRow

    Span = tuple[datetime, datetime]

log = logging.getLogger(__name__)

#: The characters that the documents of a day may have together for its workouts to be compared.
#: Those of a day with the largest real workouts have a hundred thousand.
_MOST_CHARACTERS = 8_000_000
_DAY = timedelta(days=1)
_INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Crowds:
    """The days with too many source activities of one athlete, or with too large ones.

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


def crowded_days(db: Db, athlete_id: str, spans: Iterable[Span]) -> dict[date, DaySize]:
    """Return the days within these spans whose source activities are compared with no others."""
    return days_beyond(db, athlete_id, spans, DaySize(MOST_ON_ONE_DAY, _MOST_CHARACTERS))


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
    sizes = crowded_days(db, athlete_id, spans)
    changed_on = _sizes_by_day(changed)
    new_members: set[int] = set()
    for day, size in sizes.items():
        if day in changed_on and not _is_beyond(size, changed_on[day]):
            log.warning(
                "more than %d workouts start on %s, or their documents have more than %d MB; "
                "they are compared with no others",
                MOST_ON_ONE_DAY,
                day,
                _MOST_CHARACTERS // 1_000_000,
            )
            new_members |= ids_near(db, athlete_id, [_span_of(day)])
    return Crowds(frozenset(sizes), frozenset(new_members))


def _sizes_by_day(rows: Iterable[SourceActivityRow]) -> dict[date, DaySize]:
    """Return the days on which these source activities start, with their size."""
    sizes: dict[date, DaySize] = {}
    for row in rows:
        if row.clock_start:
            day = row.clock_start.date()
            before = sizes.get(day, DaySize(0, 0))
            sizes[day] = DaySize(before.number + 1, before.characters + row.document_size)
    return sizes


def _is_beyond(size: DaySize, changed: DaySize) -> bool:
    """Return whether a day is crowded even without the source activities that have changed."""
    if size.number - changed.number > MOST_ON_ONE_DAY:
        return True
    return size.characters - changed.characters > _MOST_CHARACTERS


def claims_without_identity(db: Db, athlete_id: str, claims: Iterable[str]) -> dict[str, int]:
    """Return those of these claims that too many source activities assert, with their number.

    No workout is listed that often. Such a claim identifies nothing, so it joins nothing.
    """
    return counts_of_claims(db, athlete_id, claims, MOST_HOLDERS)


def _span_of(day: date) -> Span:
    begin = datetime.combine(day, time.min)
    return begin, begin + (_DAY - _INSTANT)
