"""Searches the store for source activities that are close enough in time to be one workout."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Any, Literal

from fitglue_registry.dedupe import learned_weights, traits_of
from fitglue_registry.dedupe.blocking import is_candidate_pair, max_start_gap_s
from fitglue_registry.model import SourceActivity
from fitglue_registry.store.encoding import clock_start
from fitglue_registry.store.opinions import has_opinions
from fitglue_registry.store.source_activity_search import times_near

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy.engine import Connection as Db

    from fitglue_registry.dedupe import Traits
    from fitglue_registry.store.encoding import EncodedActivity
    from fitglue_registry.store.source_activities import StoredLegs
    from fitglue_registry.store.source_activity_rows import SourceActivityRow

_PRECISIONS: tuple[Literal["second", "day"], ...] = ("second", "day")


def search_spans(rows: Iterable[SourceActivityRow]) -> list[tuple[datetime, datetime]]:
    """Return the spans of local time in which candidates for these source activities start.

    Spans that touch are joined, because a full history would otherwise make one query per workout.
    """
    max_gap = _max_start_gap()
    spans: list[tuple[datetime, datetime]] = []
    for start in sorted(row.clock_start for row in rows if row.clock_start):
        oldest = _shifted(start, -max_gap)
        newest = _shifted(start, max_gap)
        if spans and oldest <= spans[-1][1]:
            oldest, _ = spans.pop()
        spans.append((oldest, newest))
    return spans


def has_candidates(
    db: Db,
    athlete_id: str,
    stored: StoredLegs,
) -> bool:
    """Return whether any of these source activities could be one workout with another one.

    For most of them the answer is no, and matching is left out. The answer is also yes if an
    opinion about one of them is stored, because matching may have to drop it.
    """
    for source_activity_id, encoded in stored.legs:
        if has_opinions(db, source_activity_id):
            return True
        if _is_near_another(db, athlete_id, source_activity_id, encoded):
            return True
    return False


def _is_near_another(
    db: Db,
    athlete_id: str,
    source_activity_id: int,
    encoded: EncodedActivity,
) -> bool:
    """Return whether a source activity makes a candidate pair with any other one in the store."""
    start_text = clock_start(encoded.columns)
    if start_text is None:
        return False
    start = datetime.fromisoformat(start_text)
    max_gap = _max_start_gap()
    oldest = _shifted(start, -max_gap)
    newest = _shifted(start, max_gap)
    cuts = learned_weights().cuts
    # Blocking compares times only, so the account has no influence.
    traits = traits_of(encoded.activity, "")
    for row in times_near(db, athlete_id, source_activity_id, oldest, newest):
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
