"""Finds the activity that a person refers to by a number, a date or an id."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

import sqlalchemy as sa

from fitglue_registry.errors import Place, UserMistake
from fitglue_registry.store.joins import SOURCE_ACTIVITIES
from fitglue_registry.store.multisport import legs_of, shared_event
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

#: The shortest beginning of an id at a source that is accepted in place of the id. Screens show a
#: sha256 by its beginning.
SHORTEST_PREFIX = 6
#: SQLite refuses a longer pattern of LIKE than 50,000 bytes, and no source has such an id.
_LONGEST_PREFIX = 5_000
#: A longer reference is quoted by its beginning.
_LONGEST_QUOTED = 200
#: How many matches of one reference are read, for the message that lists them.
MAX_MATCHES = 20
#: A local date as a regular expression.
DAY = r"\d{4}-\d\d-\d\d"
#: A link to an activity at its service, whose path ends with the id.
_LINK = re.compile(r"https?://[^/?#\s]+/(?:[^?#\s]*/)?(?P<id>[^/?#\s]+)/?(?:[?#]\S*)?")
#: An id as a claim has it after the name of its service.
_ID = re.compile(r"[A-Za-z0-9_-]+")
#: A longer decimal number is not compared with activity numbers, which are 32-bit integers in
#: PostgreSQL.
_MAX_DIGITS = 9


class _Candidate(NamedTuple):
    """An activity that a reference matches; as a text, it is shown for people to choose from."""

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
    """Return the id of the activity to which a reference refers.

    Args:
        db: A transaction.
        athlete_id: The athlete; activities of other athletes are never matched.
        reference: A number, ``last``, a local date, an id or an alias of an activity, a claim, an
            external id, ``connection/external id``, the beginning of one of the last two, an id
            that a source claims, such as that of a leg, or a link that ends with an id.

    Raises:
        UserMistake: FG-activity-unknown, FG-multisport-event with the numbers of its legs, or
            FG-activity-ambiguous with the numbers to choose from.
    """
    candidates = _candidates(db, athlete_id, reference.strip())
    if len(candidates) == 1:
        return candidates[0].id
    leg_ids = event_legs(db, athlete_id, reference)
    if leg_ids:
        raise _is_event(db, reference, leg_ids)
    if not candidates:
        raise UserMistake(
            "FG-activity-unknown",
            f"no activity matches {_quoted(reference)}",
            at=Place(field="activity"),
            fix="type a number from `fitglue activities`, `last`, a date, or an id at the source; "
            "`fitglue why` explains what became of a record",
        )
    raise UserMistake(
        "FG-activity-ambiguous",
        f"{_quoted(reference)} matches {len(candidates)} activities",
        why=", ".join(map(str, candidates)),
        fix="type one of the numbers",
    )


def event_legs(
    db: Db,
    athlete_id: str,
    reference: str,
) -> list[str]:
    """Return the ids of the legs of a multisport event, in order of time.

    The list is empty if the reference refers to an activity, or to several that are not legs of one
    event.

    Args:
        db: A transaction.
        athlete_id: The athlete.
        reference: The id of the event at its source, or anything that matches several of its legs
            and nothing else, such as their day.
    """
    reference = reference.strip()
    candidates = _candidates(db, athlete_id, reference)
    if len(candidates) == 1:
        return []
    if candidates:
        event = shared_event(db, [candidate.id for candidate in candidates])
        return legs_of(db, athlete_id, event) if event else []
    # Some sources have a record of each leg, and none of the event.
    return legs_of(db, athlete_id, id_in_link(reference)) if _may_be_id(reference) else []


def _is_event(
    db: Db,
    reference: str,
    leg_ids: Sequence[str],
) -> UserMistake:
    """Return the error for a reference to a multisport event where an activity is needed."""
    query = sa.select(
        activities.c.id,
        activities.c.number,
        activities.c.title,
    ).where(activities.c.id.in_(leg_ids))
    by_id = {leg.id: leg for leg in _matches(db, query)}
    legs = [by_id[leg_id] for leg_id in leg_ids]
    return UserMistake(
        "FG-multisport-event",
        f"{_quoted(reference)} is a multisport event with {len(legs)} legs, each of which is an "
        "activity",
        why=", ".join(map(str, legs)),
        fix=f"type the number of a leg, such as {legs[0].number}",
    )


def _quoted(reference: str) -> str:
    if len(reference) <= _LONGEST_QUOTED:
        return repr(reference)
    return f"{reference[:_LONGEST_QUOTED]!r}… ({len(reference):,} characters)"


def _candidates(
    db: Db,
    athlete_id: str,
    reference: str,
) -> list[_Candidate]:
    of_athlete = sa.select(
        activities.c.id,
        activities.c.number,
        activities.c.title,
    ).where(activities.c.athlete_id == athlete_id)
    live = of_athlete.where(activities.c.gone_at.is_(None))
    start = activities.c.sort_start
    if reference == "last":
        newest = live.order_by(start.desc(), activities.c.number).limit(1)
        return _matches(db, newest)
    if re.fullmatch(DAY, reference):
        that_day = live.where(activities.c.day == reference).order_by(start)
        return _matches(db, that_day)

    # The first condition that matches anything decides: a number is not also searched as the
    # beginning of an id.
    for condition in _conditions(athlete_id, reference):
        query = of_athlete.where(condition).order_by(start).limit(MAX_MATCHES)
        candidates = _matches(db, query)
        if candidates:
            return candidates
    return []


def _matches(db: Db, query: sa.Select[Any]) -> list[_Candidate]:
    return [_Candidate(*row) for row in db.execute(query)]


def _conditions(athlete_id: str, reference: str) -> Iterator[sa.ColumnElement[bool]]:
    """Yield a condition for each kind of id that a reference can be, the narrowest first.

    They are: an id of an activity, an alias, a number, an external id, a claim, and the beginning
    of an external id.
    """
    yield activities.c.id == reference
    yield _has_alias(athlete_id, aliases.c.id == reference)
    if reference.isdecimal() and len(reference) <= _MAX_DIGITS:
        number = int(reference)
        yield activities.c.number == number
        yield _has_alias(athlete_id, aliases.c.number == number)

    reference = id_in_link(reference)
    exact, *looser = _has_record(athlete_id, reference)
    yield exact
    for condition in conditions_on_claims(reference):
        yield _has_claim(athlete_id, condition)
    yield from looser


def _has_alias(athlete_id: str, condition: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
    query = sa.select(aliases.c.activity_id).where(
        aliases.c.athlete_id == athlete_id,
        condition,
    )
    return activities.c.id.in_(query)


def _has_record(athlete_id: str, reference: str) -> Sequence[sa.ColumnElement[bool]]:
    of_athlete = (
        sa.select(source_activities.c.activity_id)
        .select_from(SOURCE_ACTIVITIES)
        .where(source_activities.c.athlete_id == athlete_id)
    )
    conditions = conditions_at_source(reference)
    return [activities.c.id.in_(of_athlete.where(condition)) for condition in conditions]


def _has_claim(
    athlete_id: str,
    condition: sa.ColumnElement[bool],
) -> sa.ColumnElement[bool]:
    query = (
        sa.select(source_activities.c.activity_id)
        .join(claims, claims.c.source_activity_id == source_activities.c.id)
        .where(
            claims.c.athlete_id == athlete_id,
            condition,
        )
    )
    return activities.c.id.in_(query)


def _may_be_id(reference: str) -> bool:
    """Return whether a reference, or the end of a link, has the form of an id at a source."""
    external_id = id_in_link(reference)
    return len(external_id) <= _LONGEST_PREFIX and _ID.fullmatch(external_id) is not None


def conditions_on_claims(reference: str) -> Iterator[sa.ColumnElement[bool]]:
    """Yield conditions on claims for a reference, the narrowest first.

    They are: the claim, and the id in it. The legs of a multisport event have one record, so their
    own ids are only in their claims.
    """
    yield claims.c.claim == reference
    if _may_be_id(reference):
        yield claims.c.claim.endswith(f":{reference}", autoescape=True)


def id_in_link(reference: str) -> str:
    """Return the id at the end of a link to an activity; other references are returned unchanged.

    Args:
        reference: What a person typed, or copied from the address bar of a browser.
    """
    match = _LINK.fullmatch(reference)
    return match["id"] if match else reference


def conditions_at_source(reference: str) -> Iterator[sa.ColumnElement[bool]]:
    """Yield conditions on records for a reference to an id at a source, the narrowest first.

    They are: the external id, ``connection/external id``, and the beginning of the external id as
    screens show it, with or without ``…``.
    """
    yield records.c.external_id == reference
    connection, _, external_id = reference.removesuffix("…").rpartition("/")
    of_connection = connections.c.name == connection if connection else sa.true()
    yield sa.and_(of_connection, records.c.external_id == external_id)
    if SHORTEST_PREFIX <= len(external_id) <= _LONGEST_PREFIX:
        has_prefix = records.c.external_id.startswith(external_id, autoescape=True)
        yield sa.and_(of_connection, has_prefix)
