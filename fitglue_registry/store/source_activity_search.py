"""Finds source activities by their record, their activity, their claims or their time."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any, NamedTuple

import sqlalchemy as sa

from fitglue_registry.model.stored import RecordState
from fitglue_registry.store.statements import IDS, Statement
from fitglue_registry.store.tables import claims, records, source_activities

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from sqlalchemy.engine import Connection as Db


class DaySize(NamedTuple):
    """How many source activities start on one day, and how large their documents are together."""

    number: int
    characters: int


# The same table once more, for queries about another member of the same activity.
_OTHER = source_activities.alias("other")
_ID = sa.select(source_activities.c.id)

_OF_RECORDS = Statement(_ID.where(source_activities.c.record_id.in_(IDS)))
_OF_ACTIVITIES = Statement(_ID.where(source_activities.c.activity_id.in_(IDS)))
_FELLOWS = Statement(
    _ID.where(
        source_activities.c.activity_id.in_(
            sa.select(source_activities.c.activity_id).where(source_activities.c.id.in_(IDS))
        )
    )
)
_CLAIMING = Statement(
    sa.select(claims.c.source_activity_id).where(
        claims.c.athlete_id == sa.bindparam("athlete"),
        claims.c.claim.in_(IDS),
    )
)
_STARTING_IN = Statement(
    _ID.join(records, records.c.id == source_activities.c.record_id).where(
        source_activities.c.athlete_id == sa.bindparam("athlete"),
        source_activities.c.clock_start >= sa.bindparam("oldest"),
        source_activities.c.clock_start <= sa.bindparam("newest"),
        records.c.state != RecordState.GONE,
    )
)
_DAY = sa.func.substr(source_activities.c.clock_start, 1, 10)
_number = sa.func.count()
_characters = sa.func.sum(sa.func.length(source_activities.c.document))
_DAYS_BEYOND = Statement(
    sa.select(_DAY.label("day"), _number.label("number"), _characters.label("characters"))
    .select_from(source_activities)
    .join(records, records.c.id == source_activities.c.record_id)
    .where(
        source_activities.c.athlete_id == sa.bindparam("athlete"),
        source_activities.c.clock_start >= sa.bindparam("oldest"),
        source_activities.c.clock_start <= sa.bindparam("newest"),
        records.c.state != RecordState.GONE,
    )
    .group_by(_DAY)
    .having(sa.or_(_number > sa.bindparam("most"), _characters > sa.bindparam("most_characters")))
)
_COUNTS_OF_CLAIMS = Statement(
    sa.select(claims.c.claim, sa.func.count().label("number"))
    .where(claims.c.athlete_id == sa.bindparam("athlete"), claims.c.claim.in_(IDS))
    .group_by(claims.c.claim)
    .having(sa.func.count() > sa.bindparam("most"))
)
_SHARED = (
    _ID.join(records, records.c.id == source_activities.c.record_id)
    .where(
        records.c.connection_id == sa.bindparam("connection"),
        sa.exists().where(
            _OTHER.c.activity_id == source_activities.c.activity_id,
            _OTHER.c.id != source_activities.c.id,
        ),
    )
    .order_by(source_activities.c.id)
)
_TIMES_NEAR = Statement(
    sa.select(
        source_activities.c.id,
        source_activities.c.start_utc,
        source_activities.c.start_local,
        source_activities.c.clock_start,
        source_activities.c.elapsed_s,
        source_activities.c.moving_s,
    ).where(
        source_activities.c.athlete_id == sa.bindparam("athlete"),
        source_activities.c.clock_start >= sa.bindparam("oldest"),
        source_activities.c.clock_start <= sa.bindparam("newest"),
    )
)


def ids_of_records(db: Db, record_ids: Iterable[int]) -> list[int]:
    """Return the ids of the source activities of these records."""
    return list(_OF_RECORDS.each_scalar(db, record_ids))


def members_of(db: Db, activity_ids: Iterable[str]) -> set[int]:
    """Return the ids of the source activities that belong to these activities."""
    return set(_OF_ACTIVITIES.each_scalar(db, sorted(set(activity_ids))))


def with_fellow_members(db: Db, ids: Iterable[int]) -> set[int]:
    """Return the ids of all members of the activities to which these source activities belong.

    Those of ``ids`` that belong to no activity are left out.
    """
    return set(_FELLOWS.each_scalar(db, ids))


def shared_of(db: Db, connection_id: str) -> list[int]:
    """Return the ids of a connection's source activities whose activity has other members, too."""
    return list(db.scalars(_SHARED, {"connection": connection_id}))


def ids_claiming(
    db: Db,
    athlete_id: str,
    identities: Iterable[str],
) -> set[int]:
    """Return the ids of the source activities of an athlete that assert one of these claims."""
    return set(_CLAIMING.each_scalar(db, sorted(set(identities)), athlete=athlete_id))


def counts_of_claims(
    db: Db,
    athlete_id: str,
    identities: Iterable[str],
    most: int,
) -> dict[str, int]:
    """Return those of these claims that more than ``most`` source activities of an athlete assert.

    Returns:
        Claim → the number of source activities that assert it.
    """
    counts = {}
    for row in _COUNTS_OF_CLAIMS.each_row(
        db, sorted(set(identities)), athlete=athlete_id, most=most
    ):
        counts[row.claim] = row.number
    return counts


def days_beyond(
    db: Db,
    athlete_id: str,
    spans: Iterable[tuple[datetime, datetime]],
    most: DaySize,
) -> dict[date, DaySize]:
    """Return the local days with more source activities, or with more characters, than this.

    The days at both ends of a span are counted completely. Source activities whose record is gone
    are left out.

    Returns:
        Day → how many source activities start on it, and how large their documents are.
    """
    sizes = {}
    for oldest, newest in spans:
        span = {
            "oldest": oldest.date().isoformat(),
            "newest": f"{newest.date().isoformat()}T24",
            "most": most.number,
            "most_characters": most.characters,
        }
        for row in _DAYS_BEYOND.rows(db, athlete=athlete_id, **span):
            sizes[date.fromisoformat(row.day)] = DaySize(row.number, row.characters)
    return sizes


def ids_near(
    db: Db,
    athlete_id: str,
    spans: Iterable[tuple[datetime, datetime]],
) -> set[int]:
    """Return the ids of source activities that start inside one of these spans of local time.

    A start whose zone is unknown is compared by its UTC time. Both ends of a span are included.
    Source activities whose record is gone are left out.
    """
    near: set[int] = set()
    for oldest, newest in spans:
        span = {"oldest": oldest.isoformat(), "newest": newest.isoformat()}
        near.update(_STARTING_IN.scalars(db, athlete=athlete_id, **span))
    return near


def times_near(
    db: Db,
    athlete_id: str,
    spans: Iterable[tuple[datetime, datetime]],
) -> list[Any]:
    """Return start and duration of the source activities that start in these spans of local time.

    They decide, without decoding a document, whether a changed source activity has any candidates.

    Args:
        db: A transaction.
        athlete_id: The athlete.
        spans: The first and the last moment of each span.

    Returns:
        Rows with ``id``, ``start_utc``, ``start_local``, ``clock_start``, ``elapsed_s`` and
        ``moving_s``, in the order of ``clock_start``.
    """
    rows: list[Any] = []
    for oldest, newest in spans:
        span = {"oldest": oldest.isoformat(), "newest": newest.isoformat()}
        rows += _TIMES_NEAR.rows(db, athlete=athlete_id, **span)
    # Not sorted by the database, whose collation may differ from the order of Python.
    return sorted(rows, key=lambda row: str(row.clock_start))
