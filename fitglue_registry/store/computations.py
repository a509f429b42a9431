"""Stores what boosters computed for activities, and finds what must be computed again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec
import sqlalchemy as sa

from fitglue_registry.model.computation import Computation
from fitglue_registry.store.pipeline_tables import computed
from fitglue_registry.store.rows import upsert_many
from fitglue_registry.store.statements import IDS, Statement
from fitglue_registry.store.tables import activities, source_activities

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy.engine import Connection as Db

DEFAULT_SETTINGS = ""
"""The ``settings_hash`` of a booster whose settings are the defaults of its entry."""
_OF_ACTIVITIES = Statement(
    sa.select(
        computed.c.activity_id,
        computed.c.booster,
        computed.c.document,
    )
    .where(computed.c.activity_id.in_(IDS))
    # The empty hash of the default settings comes first, so that their result counts.
    .order_by(computed.c.activity_id, computed.c.booster, computed.c.settings_hash)
)
_WITH_RESULTS = Statement(
    sa.select(source_activities.c.id)
    .join(computed, computed.c.activity_id == source_activities.c.activity_id)
    .where(source_activities.c.id.in_(IDS))
)
_UPDATES = Statement(
    sa.select(activities.c.id, activities.c.updated_at).where(activities.c.id.in_(IDS))
)
_BOOSTERS = Statement(
    sa.select(computed.c.booster)
    .distinct()
    .where(
        computed.c.athlete_id == sa.bindparam("athlete"),
        computed.c.settings_hash == DEFAULT_SETTINGS,
    )
    .order_by(computed.c.booster)
)


@dataclass(frozen=True, slots=True)
class Key:
    """Whose results are meant: a booster with its settings, for one athlete.

    Attributes:
        athlete_id: The athlete.
        booster: The id of the booster's entry.
        settings_hash: Its settings; ``DEFAULT_SETTINGS`` if a pipeline states none.
    """

    athlete_id: str
    booster: str
    settings_hash: str = DEFAULT_SETTINGS


@dataclass(frozen=True, slots=True)
class Stored:
    """A result with the input that it follows from.

    Attributes:
        activity_id: The activity.
        input_hash: The input: its values, its samples, and the settings of the athlete.
        computation: The result.
    """

    activity_id: str
    input_hash: str
    computation: Computation


def results_for(db: Db, activity_ids: Iterable[str]) -> dict[str, list[Computation]]:
    """Return, by activity, the results of all boosters that were stored for it."""
    results: dict[str, list[Computation]] = {}
    for row in _OF_ACTIVITIES.each_row(db, sorted(set(activity_ids))):
        computation = msgspec.json.decode(row.document, type=Computation)
        results.setdefault(row.activity_id, []).append(computation)
    return results


def ids_with_results(db: Db, ids: Iterable[int]) -> set[int]:
    """Return those of these source activities whose activity has a result of a booster."""
    return set(_WITH_RESULTS.each_scalar(db, sorted(set(ids))))


def boosters_of(db: Db, athlete_id: str) -> list[str]:
    """Return the boosters that have computed anything for an athlete with their defaults."""
    return [row.booster for row in _BOOSTERS.rows(db, athlete=athlete_id)]


def result_of(
    db: Db,
    key: Key,
    activity_id: str,
) -> Stored | None:
    """Return the result of a booster for one activity, or ``None``."""
    query = sa.select(computed).where(*_is(key), computed.c.activity_id == activity_id)
    row = db.execute(query).first()
    if row is None:
        return None
    return Stored(
        row.activity_id,
        row.input_hash,
        msgspec.json.decode(row.document, type=Computation),
    )


def put_results(
    db: Db,
    key: Key,
    results: Sequence[Stored],
    now: str,
) -> None:
    """Store results in place of earlier ones.

    Args:
        db: A transaction that may write.
        key: Whose results they are.
        results: The results, one for each activity.
        now: The moment that is stored.
    """
    rows: list[dict[str, Any]] = []
    for result in results:
        row = {
            "activity_id": result.activity_id,
            "booster": key.booster,
            "settings_hash": key.settings_hash,
            "athlete_id": key.athlete_id,
            "version": result.computation.version,
            "input_hash": result.input_hash,
            "document": msgspec.json.encode(result.computation).decode(),
            "at": now,
        }
        rows.append(row)
    upsert_many(db, computed, rows)


def ids_to_compute(
    db: Db,
    key: Key,
    version: str,
    *,
    only_known: bool = False,
) -> list[str]:
    """Return the activities for which a booster may have another result, the newest first.

    These are the ones without a result, those that have changed since, and those whose result is
    of another version of the booster or was marked by ``mark_stale``.

    Args:
        db: A transaction.
        key: Whose results they are.
        version: The version of the booster's plugin.
        only_known: Whether activities without any result are left out.
    """
    of_activity = sa.and_(computed.c.activity_id == activities.c.id, *_is(key))
    is_outdated = sa.or_(
        computed.c.activity_id.is_(None),
        computed.c.at < activities.c.updated_at,
        computed.c.version != version,
        computed.c.input_hash == "",
    )
    query = (
        sa.select(activities.c.id)
        .join(computed, of_activity, isouter=not only_known)
        .where(
            activities.c.athlete_id == key.athlete_id,
            activities.c.gone_at.is_(None),
            is_outdated,
        )
        .order_by(activities.c.sort_start.desc(), activities.c.id)
    )
    return list(db.execute(query).scalars())


def updates_of(db: Db, activity_ids: Iterable[str]) -> dict[str, str]:
    """Return, by activity, when its values last changed."""
    rows = _UPDATES.each_row(db, sorted(set(activity_ids)))
    return {row.id: row.updated_at for row in rows}


def mark_stale(db: Db, athlete_id: str) -> None:
    """Mark every result of an athlete as one to compute again, after a setting has changed."""
    of_athlete = computed.c.athlete_id == athlete_id
    db.execute(sa.update(computed).where(of_athlete).values(input_hash=""))


def _is(key: Key) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        computed.c.athlete_id == key.athlete_id,
        computed.c.booster == key.booster,
        computed.c.settings_hash == key.settings_hash,
    )
