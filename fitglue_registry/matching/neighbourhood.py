"""Which stored source activities lie near others in time, so that they may be one workout."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Any, Literal

from fitglue_registry.dedupe import learned_weights, traits_of
from fitglue_registry.dedupe.candidates import may_be_one, reach_s
from fitglue_registry.model import SourceActivity
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


def spans_of(rows: Iterable[SourceActivityRow]) -> list[tuple[datetime, datetime]]:
    """The spans of local time in which candidates for these start; those that touch are one."""
    reach = _reach()
    spans: list[tuple[datetime, datetime]] = []
    for start in sorted(row.start_local for row in rows if row.start_local):
        oldest = _shifted(start, -reach)
        newest = _shifted(start, reach)
        if spans and oldest <= spans[-1][1]:
            oldest, _ = spans.pop()
        spans.append((oldest, newest))
    return spans


def has_candidates(
    db: Db,
    athlete_id: str,
    stored: StoredLegs,
) -> bool:
    """Whether there is anything that these source activities could be one workout with.

    For most of them there is nothing, and matching is left out.
    """
    for number, encoded in stored.legs:
        if has_opinions(db, number) or _is_near_another(db, athlete_id, number, encoded):
            return True
    return False


def _is_near_another(
    db: Db,
    athlete_id: str,
    number: int,
    encoded: EncodedActivity,
) -> bool:
    start_text = encoded.columns["start_local"]
    if start_text is None:
        return False
    start = datetime.fromisoformat(start_text)
    reach = _reach()
    oldest = _shifted(start, -reach)
    newest = _shifted(start, reach)
    cuts = learned_weights().cuts
    traits = traits_of(encoded.activity, "")
    for row in times_near(db, athlete_id, number, oldest, newest):
        if any(may_be_one(traits, others, cuts) for others in _traits_of_columns(row)):
            return True
    return False


def _traits_of_columns(row: Any) -> list[Traits]:
    """When and how long a stored source activity may be, from the columns of its row.

    They do not say how exact a start is: a start at midnight may be exact, or only the day may be
    known. So there are two answers then.
    """
    start_utc = _moment(row.start_utc)
    start_local = _moment(row.start_local)
    is_midnight = start_local is not None and start_local.time() == time.min
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


def _reach() -> timedelta:
    return timedelta(seconds=reach_s(learned_weights().cuts))


def _shifted(moment: datetime, by: timedelta) -> datetime:
    try:
        return moment + by
    except OverflowError:
        return moment
