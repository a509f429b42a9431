"""Finds the activity that a person means by a number, a date or an id."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

import sqlalchemy as sa

from fitglue_registry.errors import Place, UserMistake
from fitglue_registry.store.joins import SOURCE_ACTIVITIES
from fitglue_registry.store.tables import (
    activities,
    aliases,
    claims,
    connections,
    records,
    source_activities,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy.engine import Connection as Db

#: The beginning of an id is enough, as lists show it, if it is not too short.
SHORTEST_PREFIX = 6
#: So many matches of one reference are looked at.
MAX_MATCHES = 20
DAY = r"\d{4}-\d\d-\d\d"
#: A decimal number with more digits is no number of an activity.
_MOST_DIGITS = 9


class _Candidate(NamedTuple):
    id: str
    number: int
    title: str | None

    def __str__(self) -> str:
        return f"{self.number} ({self.title or 'untitled'})"


def resolve(
    db: Db,
    athlete_id: str,
    reference: str,
) -> str:
    """The id of the activity that somebody means by its number, ``last``, a date, an id, or an id
    at a source.

    Raises ``UserMistake``: FG-activity-unknown, or FG-activity-ambiguous with the numbers to choose
    from.
    """
    candidates = _candidates(db, athlete_id, reference.strip())
    if not candidates:
        raise UserMistake(
            "FG-activity-unknown",
            f"there is no activity {reference!r}",
            at=Place(field="activity"),
            fix="type a number from `fitglue activities`, `last`, a date, or an id at the source; "
            "`fitglue why` tells more",
        )
    if len(candidates) > 1:
        raise UserMistake(
            "FG-activity-ambiguous",
            f"{reference!r} is {len(candidates)} activities",
            why=", ".join(map(str, candidates)),
            fix="type one of the numbers",
        )
    return candidates[0].id


def _candidates(
    db: Db,
    athlete_id: str,
    reference: str,
) -> list[_Candidate]:
    mine = sa.select(
        activities.c.id,
        activities.c.number,
        activities.c.title,
    ).where(activities.c.athlete_id == athlete_id)
    live = mine.where(activities.c.gone_at.is_(None))
    start = activities.c.start_local
    if reference == "last":
        newest = live.order_by(start.desc(), activities.c.number).limit(1)
        return _found_by(db, newest)
    if re.fullmatch(DAY, reference):
        that_day = live.where(start.like(f"{reference}%")).order_by(start)
        return _found_by(db, that_day)

    for is_meant in _meanings(athlete_id, reference):
        query = mine.where(is_meant).order_by(start).limit(MAX_MATCHES)
        candidates = _found_by(db, query)
        if candidates:
            return candidates
    return []


def _found_by(db: Db, query: sa.Select[Any]) -> list[_Candidate]:
    return [_Candidate(*row) for row in db.execute(query)]


def _meanings(athlete_id: str, reference: str) -> Iterator[sa.ColumnElement[bool]]:
    """What an id may mean, the narrowest first: of ours, at a source, a claim, or the beginning of
    one at a source.
    """
    yield activities.c.id == reference
    yield _has_alias(athlete_id, aliases.c.id == reference)
    if reference.isdecimal() and len(reference) <= _MOST_DIGITS:
        number = int(reference)
        yield activities.c.number == number
        yield _has_alias(athlete_id, aliases.c.number == number)

    whole, *looser = _upstream(athlete_id, reference)
    yield whole
    yield _has_claim(athlete_id, reference)
    yield from looser


def _has_alias(athlete_id: str, is_meant: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
    query = sa.select(aliases.c.activity_id).where(
        aliases.c.athlete_id == athlete_id,
        is_meant,
    )
    return activities.c.id.in_(query)


def _upstream(athlete_id: str, reference: str) -> Sequence[sa.ColumnElement[bool]]:
    mine = (
        sa.select(source_activities.c.activity_id)
        .select_from(SOURCE_ACTIVITIES)
        .where(source_activities.c.athlete_id == athlete_id)
    )
    conditions = conditions_at_source(reference)
    return [activities.c.id.in_(mine.where(condition)) for condition in conditions]


def _has_claim(athlete_id: str, claim: str) -> sa.ColumnElement[bool]:
    query = (
        sa.select(source_activities.c.activity_id)
        .join(claims, claims.c.source_activity_id == source_activities.c.id)
        .where(
            claims.c.athlete_id == athlete_id,
            claims.c.claim == claim,
        )
    )
    return activities.c.id.in_(query)


def conditions_at_source(reference: str) -> Iterator[sa.ColumnElement[bool]]:
    """What an id at a source may mean, the narrowest first: the id, the id of a connection, and its
    beginning as screens show it.
    """
    yield records.c.external_id == reference
    connection, _, external_id = reference.removesuffix("…").rpartition("/")
    of_connection = connections.c.name == connection if connection else sa.true()
    yield sa.and_(of_connection, records.c.external_id == external_id)
    if len(external_id) >= SHORTEST_PREFIX:
        begins_so = records.c.external_id.startswith(external_id, autoescape=True)
        yield sa.and_(of_connection, begins_so)
