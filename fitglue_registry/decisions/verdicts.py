"""What the athlete said of whole activities, remembered by identities, so that it holds for what
comes back and for later copies.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any, Literal

import msgspec
import sqlalchemy as sa

from fitglue_registry.store.json_text import json_text
from fitglue_registry.store.natural_keys import ids_of_keys, key_of
from fitglue_registry.store.opinions import drop_opinions, put_opinion
from fitglue_registry.store.source_activity_search import ids_claiming
from fitglue_registry.store.statements import chunks, insert_one, insert_row
from fitglue_registry.store.tables import opinions, source_activities, verdict_sides, verdicts

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy.engine import Connection as Db

    from fitglue_registry.store.source_activity_rows import SourceActivityRow

#: Who said it of these very source activities, and who of others that assert the identities of
#: theirs.
PERSON, OF_A_COPY = "person", "person, of a copy"
_SAYS = {
    "same": "you said that they are one workout",
    "different": "you said that they are two workouts",
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the athlete said once: a side is one workout, told by its identities; ``about`` has a
    line for each as it was then.
    """

    id: int
    verdict: Literal["same", "different"]
    about: tuple[str, ...]
    said_at: str
    undone_at: str | None
    sides: tuple[frozenset[str], ...]


def put_verdict(
    db: Db,
    athlete_id: str,
    verdict: str,
    sides: Sequence[Sequence[SourceActivityRow]],
    about: Sequence[str],
    now: str,
) -> int:
    """Remember what was said; a claim of several sides tells no side from another and is left
    out.
    """
    claimed = [frozenset[str]().union(*(row.claims for row in side)) for side in sides]
    shared = {claim for one, two in combinations(claimed, 2) for claim in one & two}
    number = insert_one(
        db,
        verdicts,
        athlete_id=athlete_id,
        verdict=verdict,
        about=json_text(list(about)),
        said_at=now,
    )
    for place, side in enumerate(sides):
        for identity in sorted({*map(key_of, side), *(claimed[place] - shared)}):
            insert_row(
                db,
                verdict_sides,
                verdict_id=number,
                side=place,
                identity=identity,
                athlete_id=athlete_id,
            )
    return number


def load_verdicts(db: Db, athlete_id: str, ids: Iterable[int] | None = None) -> list[Verdict]:
    """These verdicts of an athlete, or all of them, oldest first."""
    mine = sa.select(verdicts).where(verdicts.c.athlete_id == athlete_id)
    theirs = sa.select(verdict_sides).where(verdict_sides.c.athlete_id == athlete_id)
    if ids is not None:
        wanted = list(ids)
        mine, theirs = (
            mine.where(verdicts.c.id.in_(wanted)),
            theirs.where(verdict_sides.c.verdict_id.in_(wanted)),
        )
    sides: dict[int, dict[int, set[str]]] = defaultdict(lambda: defaultdict(set))
    for row in db.execute(theirs):
        sides[row.verdict_id][row.side].add(row.identity)
    return [
        Verdict(
            row.id,
            row.verdict,
            tuple(msgspec.json.decode(row.about)),
            row.said_at,
            row.undone_at,
            tuple(frozenset(side) for _, side in sorted(sides[row.id].items())),
        )
        for row in db.execute(mine.order_by(verdicts.c.id))
    ]


def recall(db: Db, athlete_id: str, rows: Sequence[SourceActivityRow], now: str) -> None:
    """Let what was said of these source activities and others hold; the last word of a pair counts.

    Pairs of which none is one of these are left alone: a later word on them need not name any of
    these, and would be lost.
    """
    if (
        not rows
        or db.scalar(sa.select(verdicts.c.id).where(verdicts.c.athlete_id == athlete_id).limit(1))
        is None
    ):
        return
    drop_opinions(db, [row.id for row in rows], [OF_A_COPY])
    ids: set[int] = set()
    for some in chunks(
        sorted({identity for row in rows for identity in (key_of(row), *row.claims)})
    ):
        query = sa.select(verdict_sides.c.verdict_id).join(
            verdicts, verdicts.c.id == verdict_sides.c.verdict_id
        )
        ids.update(
            db.scalars(
                query.where(
                    verdict_sides.c.athlete_id == athlete_id,
                    verdict_sides.c.identity.in_(some),
                    verdicts.c.undone_at.is_(None),
                )
            )
        )
    for some in chunks(sorted(ids)):
        for verdict in load_verdicts(db, athlete_id, some):
            _hold(db, athlete_id, verdict, {row.id for row in rows}, now)


def _hold(db: Db, athlete_id: str, verdict: Verdict, ids: set[int], now: str) -> None:
    places = meant(db, athlete_id, verdict)
    for one, two in combinations(sorted(places), 2):
        (side, exact), (other, other_exact) = places[one], places[two]
        if side != other and (one in ids or two in ids):
            said_by = PERSON if exact and other_exact else OF_A_COPY
            put_opinion(db, one, two, said_by, verdict.verdict, _SAYS[verdict.verdict], now)


def meant(db: Db, athlete_id: str, verdict: Verdict) -> dict[int, tuple[int, bool]]:
    """Source activity → its side, and whether it is one of those that were looked at then, by
    natural key.
    """
    exact: dict[int, int] = {}
    claimed: dict[int, set[int]] = defaultdict(set)
    for place, side in enumerate(verdict.sides):
        exact |= dict.fromkeys(ids_of_keys(db, athlete_id, side).values(), place)
        for number in ids_claiming(
            db, athlete_id, [identity for identity in side if not identity.startswith("[")]
        ):
            claimed[number].add(place)
    copies = {
        number: (sides.pop(), False)
        for number, sides in claimed.items()
        if number not in exact and len(sides) == 1
    }
    return copies | {number: (place, True) for number, place in exact.items()}


def undo(db: Db, athlete_id: str, verdict: Verdict, now: str) -> list[int]:
    """Take a verdict back; the source activities that it was about come back, to be placed anew."""
    db.execute(sa.update(verdicts).where(verdicts.c.id == verdict.id).values(undone_at=now))
    places = meant(db, athlete_id, verdict)
    for one, two in combinations(sorted(places), 2):
        if places[one][0] != places[two][0]:
            db.execute(
                sa.delete(opinions).where(
                    opinions.c.first_id == one,
                    opinions.c.second_id == two,
                    opinions.c.said_by.in_((PERSON, OF_A_COPY)),
                )
            )
    return sorted(places)


def open_questions(db: Db, athlete_id: str) -> list[Any]:
    """What is to be decided: opinions that ask, of two activities of which no person has said
    anything; the likeliest first.
    """
    one, two = source_activities.alias("one"), source_activities.alias("two")
    query = (
        sa.select(
            opinions,
            one.c.activity_id.label("first_activity"),
            two.c.activity_id.label("second_activity"),
        )
        .join(one, one.c.id == opinions.c.first_id)
        .join(two, two.c.id == opinions.c.second_id)
        .where(
            opinions.c.verdict == "ask",
            one.c.athlete_id == athlete_id,
            one.c.activity_id != two.c.activity_id,
        )
    )
    answered = _answered(db, athlete_id)
    return [
        row
        for row in db.execute(
            query.order_by(one.c.start_local.desc(), opinions.c.first_id, opinions.c.second_id)
        )
        if frozenset((row.first_activity, row.second_activity)) not in answered
    ]


def _answered(db: Db, athlete_id: str) -> set[frozenset[str]]:
    """Pairs of activities that the athlete has said something of."""
    one, two = source_activities.alias("one"), source_activities.alias("two")
    query = (
        sa.select(one.c.activity_id, two.c.activity_id)
        .select_from(opinions)
        .join(one, one.c.id == opinions.c.first_id)
        .join(two, two.c.id == opinions.c.second_id)
        .where(
            opinions.c.said_by.in_((PERSON, OF_A_COPY)),
            one.c.athlete_id == athlete_id,
            one.c.activity_id != two.c.activity_id,
        )
    )
    return {frozenset(pair) for pair in db.execute(query)}
