"""The tables of decisions that whole activities are the same workout, or different ones.

They are remembered by identities (natural keys and claims), so that they hold for what is listed
again later and for later copies.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import msgspec
import sqlalchemy as sa

from fitglue_registry.model.stored import OpinionSource, Verdict
from fitglue_registry.store.json_text import json_text
from fitglue_registry.store.natural_keys import ids_of_keys, is_natural_key, key_of
from fitglue_registry.store.opinions import PairOpinion, drop_opinions, put_opinion
from fitglue_registry.store.source_activity_search import ids_claiming
from fitglue_registry.store.statements import chunks, insert_one, insert_row
from fitglue_registry.store.tables import opinions, verdict_sides, verdicts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from sqlalchemy.engine import Connection as Db

    from fitglue_registry.decisions.transaction import DecisionTransaction
    from fitglue_registry.store.source_activity_rows import SourceActivityRow

#: Who is named for an opinion that follows from a decision: the athlete decided about these very
#: source activities, or about others that assert the identities of these.
BY_ATHLETE = (OpinionSource.PERSON, OpinionSource.PERSON_OF_A_COPY)
_REASONS = {
    Verdict.SAME: "you said that they are one workout",
    Verdict.DIFFERENT: "you said that they are two workouts",
}


@dataclass(frozen=True, slots=True)
class PairDecision:
    """A decision as it is stored: each of ``sides`` is one workout, given by its identities.

    ``about`` has a line of text for each side, as the activity was when the athlete decided.
    """

    id: int
    verdict: Verdict
    about: tuple[str, ...]
    said_at: str
    undone_at: str | None
    sides: tuple[frozenset[str], ...]


@dataclass(frozen=True, slots=True)
class DecidedSide:
    """The source activities of one workout, as the athlete decides about it, and a line of text."""

    rows: Sequence[SourceActivityRow]
    about: str

    def claims(self) -> frozenset[str]:
        """Everything that these source activities claim."""
        return frozenset[str]().union(*(row.claims for row in self.rows))


@dataclass(frozen=True, slots=True)
class Place:
    """Which side of a decision a source activity is on.

    ``exact`` says that the athlete decided about this very source activity; otherwise it is a copy
    that asserts the same identities.
    """

    side: int
    exact: bool


def put_decision(
    transaction: DecisionTransaction,
    verdict: Verdict,
    sides: Sequence[DecidedSide],
) -> int:
    """Remember a decision; returns its id.

    A claim of several sides does not tell one side from another and is left out.
    """
    decision_id = insert_one(
        transaction.db,
        verdicts,
        athlete_id=transaction.athlete_id,
        verdict=verdict,
        about=json_text([side.about for side in sides]),
        said_at=transaction.now,
    )
    shared: set[str] = set()
    for one, other in combinations(sides, 2):
        shared |= one.claims() & other.claims()
    for number, side in enumerate(sides):
        keys = {key_of(row) for row in side.rows}
        for identity in sorted(keys | (side.claims() - shared)):
            insert_row(
                transaction.db,
                verdict_sides,
                verdict_id=decision_id,
                side=number,
                identity=identity,
                athlete_id=transaction.athlete_id,
            )
    return decision_id


def load_decisions(
    db: Db,
    athlete_id: str,
    ids: Sequence[int] | None = None,
) -> list[PairDecision]:
    """The decisions of an athlete with these ids, or all of them, oldest first."""
    decision_query = sa.select(verdicts).where(verdicts.c.athlete_id == athlete_id)
    side_query = sa.select(verdict_sides).where(verdict_sides.c.athlete_id == athlete_id)
    if ids is not None:
        decision_query = decision_query.where(verdicts.c.id.in_(ids))
        side_query = side_query.where(verdict_sides.c.verdict_id.in_(ids))

    sides: dict[int, dict[int, set[str]]] = defaultdict(lambda: defaultdict(set))
    for row in db.execute(side_query):
        sides[row.verdict_id][row.side].add(row.identity)

    decisions = []
    for row in db.execute(decision_query.order_by(verdicts.c.id)):
        in_order = sorted(sides[row.id].items())
        decisions.append(
            PairDecision(
                id=row.id,
                verdict=row.verdict,
                about=tuple(msgspec.json.decode(row.about)),
                said_at=row.said_at,
                undone_at=row.undone_at,
                sides=tuple(frozenset(identities) for _, identities in in_order),
            )
        )
    return decisions


def recall_decisions(
    db: Db,
    athlete_id: str,
    rows: Sequence[SourceActivityRow],
    now: str,
) -> None:
    """Write the opinions that follow from decisions about these source activities and others.

    The last decision about a pair counts. Pairs of which neither is one of these are left alone: a
    later decision about them need not name any of these, and would be lost.
    """
    if not rows or not _has_decisions(db, athlete_id):
        return
    drop_opinions(db, [row.id for row in rows], [OpinionSource.PERSON_OF_A_COPY])
    identities: set[str] = set()
    for row in rows:
        identities.add(key_of(row))
        identities |= row.claims
    recalled = {row.id for row in rows}
    for batch in chunks(sorted(_decisions_naming(db, athlete_id, identities))):
        for decision in load_decisions(db, athlete_id, batch):
            _write_opinions(db, athlete_id, decision, recalled, now)


def _has_decisions(db: Db, athlete_id: str) -> bool:
    query = sa.select(verdicts.c.id).where(verdicts.c.athlete_id == athlete_id).limit(1)
    return db.scalar(query) is not None


def _decisions_naming(
    db: Db,
    athlete_id: str,
    identities: Iterable[str],
) -> set[int]:
    """The ids of the decisions that hold and have any of these identities on one of their sides."""
    ids: set[int] = set()
    for batch in chunks(sorted(identities)):
        query = (
            sa.select(verdict_sides.c.verdict_id)
            .join(verdicts, verdicts.c.id == verdict_sides.c.verdict_id)
            .where(
                verdict_sides.c.athlete_id == athlete_id,
                verdict_sides.c.identity.in_(batch),
                verdicts.c.undone_at.is_(None),
            )
        )
        ids.update(db.scalars(query))
    return ids


def _write_opinions(
    db: Db,
    athlete_id: str,
    decision: PairDecision,
    recalled: set[int],
    now: str,
) -> None:
    places = places_of(db, athlete_id, decision)
    for first, second in _pairs_across(places):
        if first not in recalled and second not in recalled:
            continue
        is_exact = places[first].exact and places[second].exact
        said_by = OpinionSource.PERSON if is_exact else OpinionSource.PERSON_OF_A_COPY
        reason = _REASONS[decision.verdict]
        opinion = PairOpinion(first, second, said_by, decision.verdict, reason)
        put_opinion(db, opinion, now)


def _pairs_across(places: Mapping[int, Place]) -> Iterator[tuple[int, int]]:
    """Each two source activities that are on different sides, the smaller id first."""
    for first, second in combinations(sorted(places), 2):
        if places[first].side != places[second].side:
            yield first, second


def places_of(
    db: Db,
    athlete_id: str,
    decision: PairDecision,
) -> dict[int, Place]:
    """Source activity → its place in a decision, for all that are in the store now."""
    exact: dict[int, Place] = {}
    sides_claimed: dict[int, set[int]] = defaultdict(set)
    for side, identities in enumerate(decision.sides):
        for number in ids_of_keys(db, athlete_id, identities).values():
            exact[number] = Place(side, exact=True)
        asserted = [identity for identity in identities if not is_natural_key(identity)]
        for number in ids_claiming(db, athlete_id, asserted):
            sides_claimed[number].add(side)

    copies: dict[int, Place] = {}
    for number, sides in sides_claimed.items():
        if len(sides) == 1:
            copies[number] = Place(sides.pop(), exact=False)
    return copies | exact


def undo_decision(transaction: DecisionTransaction, decision: PairDecision) -> list[int]:
    """Undo a decision; returns the source activities that it was about, to be matched anew."""
    db = transaction.db
    undone = sa.update(verdicts).where(verdicts.c.id == decision.id)
    db.execute(undone.values(undone_at=transaction.now))
    places = places_of(db, transaction.athlete_id, decision)
    for first, second in _pairs_across(places):
        db.execute(
            sa.delete(opinions).where(
                opinions.c.first_id == first,
                opinions.c.second_id == second,
                opinions.c.said_by.in_(BY_ATHLETE),
            )
        )
    return sorted(places)
