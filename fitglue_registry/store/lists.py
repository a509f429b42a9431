"""Lists the activities of an athlete, filtered, newest first."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from fitglue_registry.model.stored import RecordState
from fitglue_registry.store.document_columns import DOCUMENT_COLUMNS
from fitglue_registry.store.joins import SOURCE_ACTIVITIES
from fitglue_registry.store.remarks import activities_with_remarks
from fitglue_registry.store.statements import IDS, Statement
from fitglue_registry.store.tables import (
    Text,
    activities,
    connections,
    records,
    source_activities,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy.engine import Connection as Db

    from fitglue_registry.store.activity_filter import Filter

#: The largest number that every database takes as a limit.
_MOST = 2**31 - 1
#: SQLite refuses a pattern of more than 50,000 bytes, and no title is as long.
_LONGEST_TEXT = 10_000
#: The columns of a listed activity, except the names of its connections.
LISTED = ("number", "id", *DOCUMENT_COLUMNS, "start_is_utc", "start_is_estimated")
_START_IS_UTC = activities.c.start_local.is_(None) & activities.c.start_utc.is_not(None)
#: A clock that was never set is in the years before GPS watches, so few documents are searched for
#: what ``SourceActivity.start_is_estimated`` tells.
_START_IS_ESTIMATED = sa.and_(
    activities.c.start_utc < "2000",
    activities.c.document.like('%"start_utc":{"how":"estimated"%'),
    activities.c.document.not_like('%"start_utc":{"how":"estimated","by":%'),
)
_COLUMNS = (
    *(activities.c[name] for name in ("number", "id", *DOCUMENT_COLUMNS)),
    _START_IS_UTC.label("start_is_utc"),
    sa.func.coalesce(_START_IS_ESTIMATED, sa.false()).label("start_is_estimated"),
)

_CONNECTIONS = Statement(
    sa.select(source_activities.c.activity_id, connections.c.name)
    .distinct()
    .select_from(SOURCE_ACTIVITIES)
    .where(
        source_activities.c.activity_id.in_(IDS),
        records.c.state != RecordState.GONE,
    )
    .order_by(connections.c.name)
)


def list_activities(
    db: Db,
    athlete_id: str,
    wanted: Filter,
) -> Iterator[dict[str, Any]]:
    """Yield the activities of an athlete as flat rows, newest first.

    Each row has the keys of ``LISTED``, and ``sources``: the names of the connections that have the
    activity. Activities that are gone are left out.
    """
    live = (activities.c.athlete_id == athlete_id, activities.c.gone_at.is_(None))
    newest_first = (activities.c.sort_start.desc(), activities.c.number)
    query = sa.select(*_COLUMNS).where(*live).order_by(*newest_first)
    query = query.where(*_conditions(wanted))
    # The remarks are inside documents, which the database cannot search in the same way everywhere.
    if wanted.limit is not None and not wanted.remarks:
        query = query.limit(min(wanted.limit, _MOST))

    rows = [dict(row._mapping) for row in db.execute(query)]
    if wanted.remarks:
        remarked = activities_with_remarks(db, athlete_id)
        rows = [row for row in rows if row["id"] in remarked][: wanted.limit]
    names = connections_of(db, [row["id"] for row in rows])
    for row in rows:
        for name in ("start_is_utc", "start_is_estimated"):
            row[name] = bool(row[name])  # SQLite has 0 and 1
        row["sources"] = names.get(row["id"], [])
        yield row


def _conditions(wanted: Filter) -> Iterator[sa.ColumnElement[bool]]:
    if wanted.since:
        yield activities.c.day >= wanted.since.isoformat()
    if wanted.until:
        yield activities.c.day <= wanted.until.isoformat()
    if wanted.sport:
        yield sa.func.lower(activities.c.sport, type_=Text()) == wanted.sport.lower()
    if wanted.text:
        yield _has_text(wanted.text)
    if wanted.min_distance_m is not None:
        yield activities.c.distance_m >= wanted.min_distance_m
    if wanted.source:
        yield _has_record(
            sa.or_(connections.c.name == wanted.source, connections.c.source == wanted.source)
        )
    if wanted.held:
        yield _has_record(records.c.state == RecordState.HELD)


def _has_text(text: str) -> sa.ColumnElement[bool]:
    # The characters that are special in a LIKE pattern are escaped: "100%" is a text to search for.
    quoted = re.sub(r"([%_\\])", r"\\\1", text.lower())
    if len(quoted) > _LONGEST_TEXT:
        return sa.false()
    return sa.func.lower(activities.c.title, type_=Text()).like(f"%{quoted}%", escape="\\")


def _has_record(matches: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
    """Return the condition that an activity has a record that matches."""
    activity_ids = (
        sa.select(source_activities.c.activity_id).select_from(SOURCE_ACTIVITIES).where(matches)
    )
    return activities.c.id.in_(activity_ids)


def connections_of(db: Db, activity_ids: Sequence[str]) -> dict[str, list[str]]:
    """Return, by activity id, the names of the connections that have the activity."""
    names: dict[str, list[str]] = {}
    for activity_id, name in _CONNECTIONS.each_row(db, activity_ids):
        names.setdefault(activity_id, []).append(name)
    return names
