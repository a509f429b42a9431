"""Describes what happened to one record: when it arrived, and what syncs decided about it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from fitglue_registry.model.moments import utc_text
from fitglue_registry.store.record_details import record_details
from fitglue_registry.store.runs import decisions_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.engine import Connection as Db

    Plain = dict[str, Any]


def story_of_record(
    db: Db,
    record_id: int,
    activity_id: str | None = None,
) -> Plain:
    """Return everything that the store has of a record, its moments, and the syncs' decisions.

    Args:
        db: A transaction.
        record_id: The record.
        activity_id: The activity whose end is meant, if the record has several legs.
    """
    story = record_details(db, record_id)
    return {
        **story,
        "hops": _hops(story, activity_id),
        "decisions": decisions_of(db, [record_id]),
    }


def _hops(
    story: Plain,
    activity_id: str | None,
) -> list[Plain]:
    """Return when the workout ended, arrived at its source and was seen here.

    ``took_s`` is the number of seconds since the moment before. The end of the workout also has
    ``at_local``, on the clock of the place where it was recorded, which is that of its start.
    """
    workouts = story["source_activities"]
    legs = [row for row in workouts if row["activity_id"] == activity_id]
    moments = {
        "workout ended": _end(legs or workouts),
        "arrived at the source": _moment(story["at_source"]),
        "seen here": _moment(story["first_seen_at"]),
    }
    hops = []
    before: datetime | None = None
    for name, moment in moments.items():
        # Many sources do not report when a workout was uploaded.
        if moment is None:
            continue
        took_s = None
        if before is not None:
            took_s = round((moment - before).total_seconds(), 1)
        hops.append(
            {
                "hop": name,
                "at": utc_text(moment),
                "took_s": took_s,
            }
        )
        before = moment
    local = _end(legs or workouts, "start_local")
    if hops and local is not None and moments["workout ended"] is not None:
        hops[0]["at_local"] = local.replace(tzinfo=None).isoformat()
    return hops


def _end(
    workouts: Sequence[Plain],
    start_of: str = "start_utc",
) -> datetime | None:
    """Return when the workout ended, by the first source activity with start and duration."""
    for row in workouts:
        start = _moment(row["start_utc"])
        if start is not None and start_of == "start_local":
            start = _wall_clock(row[start_of])
        if start is None or row["elapsed_s"] is None:
            continue
        try:
            return start + timedelta(seconds=row["elapsed_s"])
        # A source may report a duration that leads beyond the year 9999.
        except OverflowError:
            return None
    return None


def _wall_clock(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _moment(text: str | None) -> datetime | None:
    if not text:
        return None
    return datetime.fromisoformat(text).astimezone(UTC)
