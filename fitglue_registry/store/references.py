"""Finds the activity that a person means by a number, a date or an id."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from fitglue_registry.errors import Place, UserMistake
from fitglue_registry.store.tables import (
    activities,
    aliases,
    claims,
    connections,
    records,
    source_activities,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.engine import Connection as Db


#: The beginning of an id is enough, as lists show it, if it is not too short.
SHORTEST_PREFIX, MOST_FOUND = 6, 20

DAY = r"\d{4}-\d\d-\d\d"


def resolve(db: Db, athlete_id: str, reference: str) -> str:
    """The id of the activity that somebody means by its number, ``last``, a date, an id, or an id
    at a source.

    Raises ``UserMistake``: FG-activity-unknown, or FG-activity-ambiguous with the numbers to choose
    from.
    """
    found = _candidates(db, athlete_id, reference.strip())
    if len(found) == 1:
        return found[0][0]
    if found:
        listed = ", ".join(f"{number} ({title or 'untitled'})" for _, number, title in found)
        raise UserMistake(
            "FG-activity-ambiguous",
            f"{reference!r} is {len(found)} activities",
            why=listed,
            fix="type one of the numbers",
        )
    raise UserMistake(
        "FG-activity-unknown",
        f"there is no activity {reference!r}",
        at=Place(field="activity"),
        fix="type a number from `fitglue activities`, `last`, a date, or an id at the source; "
        "`fitglue why` tells more",
    )


def _candidates(db: Db, athlete_id: str, reference: str) -> list[tuple[str, int, str | None]]:
    mine = sa.select(activities.c.id, activities.c.number, activities.c.title).where(
        activities.c.athlete_id == athlete_id
    )
    live = mine.where(activities.c.gone_at.is_(None))
    if reference == "last":
        query = live.order_by(activities.c.start_local.desc(), activities.c.number).limit(1)
    elif re.fullmatch(DAY, reference):
        query = live.where(activities.c.start_local.like(f"{reference}%")).order_by(
            activities.c.start_local
        )
    else:
        return _by_id(db, athlete_id, reference, mine)
    return [(row.id, row.number, row.title) for row in db.execute(query)]


def _by_id(
    db: Db, athlete_id: str, reference: str, mine: sa.Select[Any]
) -> list[tuple[str, int, str | None]]:
    queries = [
        mine.where(activities.c.id == reference),
        mine.where(
            activities.c.id.in_(
                sa.select(aliases.c.activity_id).where(
                    aliases.c.athlete_id == athlete_id, aliases.c.id == reference
                )
            )
        ),
    ]
    if reference.isdecimal() and len(reference) < 10:
        queries += [
            mine.where(activities.c.number == int(reference)),
            mine.where(
                activities.c.id.in_(
                    sa.select(aliases.c.activity_id).where(
                        aliases.c.athlete_id == athlete_id, aliases.c.number == int(reference)
                    )
                )
            ),
        ]
    upstream = (
        sa.select(source_activities.c.activity_id)
        .join(records, records.c.id == source_activities.c.record_id)
        .join(connections, connections.c.id == records.c.connection_id)
        .where(source_activities.c.athlete_id == athlete_id)
    )
    whole, *looser = [
        mine.where(activities.c.id.in_(upstream.where(meant))) for meant in at_source(reference)
    ]
    queries.append(whole)
    claimed = sa.select(source_activities.c.activity_id).join(
        claims, claims.c.source_activity_id == source_activities.c.id
    )
    queries.append(
        mine.where(
            activities.c.id.in_(
                claimed.where(claims.c.athlete_id == athlete_id, claims.c.claim == reference)
            )
        )
    )
    for query in [*queries, *looser]:
        found = [
            (row.id, row.number, row.title)
            for row in db.execute(query.order_by(activities.c.start_local).limit(MOST_FOUND))
        ]
        if found:
            return found
    return []


def at_source(reference: str) -> Iterator[sa.ColumnElement[bool]]:
    """What an id at a source may mean, the narrowest first: the id, the id of a connection, and its
    beginning as screens show it.
    """
    yield records.c.external_id == reference
    connection, _, external_id = reference.removesuffix("…").rpartition("/")
    its = connections.c.name == connection if connection else sa.true()
    yield sa.and_(its, records.c.external_id == external_id)
    if len(external_id) >= SHORTEST_PREFIX:
        yield sa.and_(its, records.c.external_id.startswith(external_id, autoescape=True))
