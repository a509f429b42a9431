"""Searches the store for source activities that are close enough in time to be one workout."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Any, Literal

from fitglue_registry.dedupe import learned_weights, traits_of
from fitglue_registry.dedupe.blocking import (
    MOST_ON_ONE_DAY,
    is_candidate_pair,
    max_start_gap_s,
)
from fitglue_registry.matching.crowds import Crowds, crowded_days
from fitglue_registry.model import SourceActivity
from fitglue_registry.store.encoding import clock_start
from fitglue_registry.store.opinions import with_opinions
from fitglue_registry.store.source_activity_search import times_near

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy.engine import Connection as Db

    from fitglue_registry.dedupe import Traits
    from fitglue_registry.store.encoding import EncodedActivity
    from fitglue_registry.store.source_activity_rows import SourceActivityRow

#: The number of other start times with which one is compared; it has three days of them.
_MOST_TIMES = 3 * MOST_ON_ONE_DAY

_PRECISIONS: tuple[Literal["second", "day"], ...] = ("second", "day")


def search_spans(rows: Iterable[SourceActivityRow]) -> list[tuple[datetime, datetime]]:
    """Return the spans of local time in which candidates for these source activities start."""
    return _spans_around(row.clock_start for row in rows if row.clock_start)


def _spans_around(starts: Iterable[datetime]) -> list[tuple[datetime, datetime]]:
    """Return the spans of time in which candidates start for workouts with these starts.

    Spans that touch are joined, because a full history would otherwise make one query per workout.
    """
    max_gap = _max_start_gap()
    spans: list[tuple[datetime, datetime]] = []
    for start in sorted(starts):
        oldest = _shifted(start, -max_gap)
        newest = _shifted(start, max_gap)
        if spans and oldest <= spans[-1][1]:
            oldest, _ = spans.pop()
        spans.append((oldest, newest))
    return spans


def with_candidates(
    db: Db,
    athlete_id: str,
    legs: Mapping[int, EncodedActivity],
) -> set[int]:
    """Return those of these source activities that could be one workout with another one.

    Most of them could not, and matching is left out for them. An opinion about one of them counts
    as well, because matching may have to drop it.

    Args:
        db: A transaction.
        athlete_id: The athlete to whom they belong.
        legs: Source activity id → its values.

    Returns:
        Their ids.
    """
    candidates = with_opinions(db, legs)
    starts = {}
    for source_activity_id, encoded in legs.items():
        start = _moment(clock_start(encoded.columns))
        if start is not None and source_activity_id not in candidates:
            starts[source_activity_id] = start
    spans = _spans_around(starts.values())
    crowds = Crowds(frozenset(crowded_days(db, athlete_id, spans)))
    rows = times_near(db, athlete_id, crowds.without(spans))
    times = [row.clock_start for row in rows]
    for source_activity_id, start in starts.items():
        if start.date() in crowds.days:
            continue
        first = bisect_left(times, _shifted(start, -_max_start_gap()).isoformat())
        last = bisect_right(times, _shifted(start, _max_start_gap()).isoformat())
        last = min(last, first + _MOST_TIMES + 2)
        others = [row for row in rows[first:last] if row.id != source_activity_id]
        # Days can hold any number of records that are gone, and comparing is bounded as well.
        if len(others) > _MOST_TIMES or _is_near_any(legs[source_activity_id], others):
            candidates.add(source_activity_id)
    return candidates


def _is_near_any(leg: EncodedActivity, others: Sequence[Any]) -> bool:
    """Return whether a source activity makes a candidate pair with one of these rows."""
    if not others:
        return False
    cuts = learned_weights().cuts
    # Blocking compares times only, so the account has no influence.
    traits = traits_of(leg.activity, "")
    for row in others:
        if any(is_candidate_pair(traits, other, cuts) for other in _traits_of_columns(row)):
            return True
    return False


def _traits_of_columns(row: Any) -> list[Traits]:
    """Return what the start and duration of a stored source activity may be, from its columns.

    Reading the columns is faster than decoding the document, but they do not say how exact the
    start is. A start at midnight may be exact, or only the day may be known; then the result has
    one item for each case.
    """
    start_utc = _moment(row.start_utc)
    start_local = _moment(row.start_local)
    start = _moment(row.clock_start)
    is_midnight = start is not None and start.time() == time.min
    precisions = _PRECISIONS if is_midnight else _PRECISIONS[:1]
    traits = []
    for precision in precisions:
        activity = SourceActivity(
            start_utc=start_utc,
            start_local=start_local,
            elapsed_s=row.elapsed_s,
            moving_s=row.moving_s,
            start_precision=precision,
        )
        traits.append(traits_of(activity, ""))
    return traits


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _max_start_gap() -> timedelta:
    return timedelta(seconds=max_start_gap_s(learned_weights().cuts))


def _shifted(moment: datetime, by: timedelta) -> datetime:
    try:
        return moment + by
    except OverflowError:
        # A broken file may carry the first or last year that datetime can hold.
        return moment
