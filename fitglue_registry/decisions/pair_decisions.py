"""Stores the decisions that activities are the same workout, or different ones.

A decision is stored by identities (natural keys and claims) in ``fg_verdicts`` and
``fg_verdict_sides``. It therefore also holds for a record that is listed again after its connection
was removed, and for copies that arrive later.
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
from fitglue_registry.store.opinions import PairOpinion, drop_opinions, put_opinions
from fitglue_registry.store.rows import insert_one, insert_row
from fitglue_registry.store.source_activity_search import ids_claiming
from fitglue_registry.store.statements import Statement, chunks
from fitglue_registry.store.tables import opinions, verdict_sides, verdicts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from sqlalchemy.engine import Connection as Db

    from fitglue_registry.decisions.transaction import DecisionTransaction
    from fitglue_registry.store.source_activity_rows import SourceActivityRow

#: The sources of opinions that follow from decisions: the athlete decided about exactly these
#: source activities, or about others that assert the same identities.
BY_ATHLETE = (OpinionSource.PERSON, OpinionSource.PERSON_OF_A_COPY)
_ANY = Statement(
    sa.select(verdicts.c.id).where(verdicts.c.athlete_id == sa.bindparam("athlete")).limit(1)
)
_REASONS = {
    Verdict.SAME: "you decided that they are one workout",
    Verdict.DIFFERENT: "you decided that they are two workouts",
}


@dataclass(frozen=True, slots=True)
class PairDecision:
    """A stored decision.

    Attributes:
        id: The number that undoes the decision, as in ``fitglue duplicates undo 3``.
        verdict: *Same* or *different*.
        about: A line of text for each side, which describes the activity at that time.
        said_at: When the athlete decided.
        undone_at: When the athlete undid the decision, or ``None`` while it holds.
        sides: The identities of each workout.
    """

    id: int
    verdict: Verdict
    about: tuple[str, ...]
    said_at: str
    undone_at: str | None
    sides: tuple[frozenset[str], ...]


@dataclass(frozen=True, slots=True)
class DecidedSide:
    """One side of a decision: source activities that are one workout.

    Attributes:
        rows: The source activities.
        about: A line of text that describes the workout.
    """

    rows: Sequence[SourceActivityRow]
    about: str

    def claims(self) -> frozenset[str]:
        """Return the claims of all these source activities."""
        return frozenset[str]().union(*(row.claims for row in self.rows))


@dataclass(frozen=True, slots=True)
class SideMatch:
    """The side of a decision on which a source activity is.

    Attributes:
        side: The index of the side.
        exact: Whether the athlete decided about exactly this source activity. If not, it is a copy
            that asserts an identity of the side.
    """

    side: int
    exact: bool


def put_decision(
    transaction: DecisionTransaction,
    verdict: Verdict,
    sides: Sequence[DecidedSide],
) -> int:
    """Store a decision, and return its id.

    A claim that several sides share does not distinguish them, so it is left out.
    """
    decision_id = insert_one(
        transaction.db,
        verdicts,
        athlete_id=transaction.athlete_id,
        verdict=verdict,
        about=json_text([side.about for side in sides]),
        said_at=transaction.now,
    )
    # Claims are stored beside the natural keys, so that the decision also holds for later copies.
    shared: set[str] = set()
    for first, second in combinations(sides, 2):
        shared |= first.claims() & second.claims()
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
    """Return the decisions of an athlete with these ids, or all of them, oldest first.

    Decisions that were undone are included.
    """
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
        # The order of the sides is that of ``about``.
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
    """Store the opinions that follow from decisions about these source activities.

    The last decision about a pair counts. Only pairs that contain one of ``rows`` are written: only
    decisions that name one of ``rows`` are loaded, so a later decision about another pair might be
    missing, and an older one would replace it.
    """
    # Most athletes have decided nothing, and this runs in every sync.
    if not rows or not _has_decisions(db, athlete_id):
        return
    # A copy may assert other claims by now, and then earlier decisions do not hold for it.
    drop_opinions(db, [row.id for row in rows], [OpinionSource.PERSON_OF_A_COPY])
    identities: set[str] = set()
    for row in rows:
        identities.add(key_of(row))
        identities |= row.claims
    recalled = {row.id for row in rows}
    # Oldest first: the opinion of a later decision replaces that of an earlier one.
    for batch in chunks(sorted(_decisions_naming(db, athlete_id, identities))):
        for decision in load_decisions(db, athlete_id, batch):
            _write_opinions(db, athlete_id, decision, recalled, now)


def _has_decisions(db: Db, athlete_id: str) -> bool:
    return _ANY.first(db, athlete=athlete_id) is not None


def _decisions_naming(
    db: Db,
    athlete_id: str,
    identities: Iterable[str],
) -> set[int]:
    """Return the ids of the decisions that hold and that have any of these identities."""
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
    """Store the opinions that follow from one decision, on pairs with a recalled member."""
    matches = match_sides(db, athlete_id, decision)
    opinions_about_pairs = []
    for first, second in _pairs_across(matches):
        if first not in recalled and second not in recalled:
            continue
        # An opinion about a copy has less weight, since the athlete has not seen that pair.
        is_exact = matches[first].exact and matches[second].exact
        said_by = OpinionSource.PERSON if is_exact else OpinionSource.PERSON_OF_A_COPY
        reason = _REASONS[decision.verdict]
        opinion = PairOpinion(first, second, said_by, decision.verdict, reason)
        opinions_about_pairs.append(opinion)
    put_opinions(db, opinions_about_pairs, now)


def _pairs_across(matches: Mapping[int, SideMatch]) -> Iterator[tuple[int, int]]:
    """Yield each pair of source activities on different sides, the smaller id first."""
    for first, second in combinations(sorted(matches), 2):
        if matches[first].side != matches[second].side:
            yield first, second


def match_sides(
    db: Db,
    athlete_id: str,
    decision: PairDecision,
) -> dict[int, SideMatch]:
    """Return which stored source activities a decision is about: id → side."""
    exact: dict[int, SideMatch] = {}
    sides_claimed: dict[int, set[int]] = defaultdict(set)
    for side, identities in enumerate(decision.sides):
        for source_activity_id in ids_of_keys(db, athlete_id, identities).values():
            exact[source_activity_id] = SideMatch(side, exact=True)
        asserted = [identity for identity in identities if not is_natural_key(identity)]
        for source_activity_id in ids_claiming(db, athlete_id, asserted):
            sides_claimed[source_activity_id].add(side)

    copies: dict[int, SideMatch] = {}
    for source_activity_id, sides in sides_claimed.items():
        # A source activity with claims of both sides could be a copy of either.
        if len(sides) == 1:
            copies[source_activity_id] = SideMatch(sides.pop(), exact=False)
    # What the athlete decided about a source activity itself outweighs its claims.
    return copies | exact


def undo_decision(transaction: DecisionTransaction, decision: PairDecision) -> list[int]:
    """Undo a decision, and delete the opinions that followed from it.

    The row of the decision stays, with the time at which it was undone.

    Returns:
        The ids of the source activities that it was about; the caller matches them again.
    """
    db = transaction.db
    undone = sa.update(verdicts).where(verdicts.c.id == decision.id)
    db.execute(undone.values(undone_at=transaction.now))
    matches = match_sides(db, transaction.athlete_id, decision)
    for first, second in _pairs_across(matches):
        # This also deletes the opinion of an earlier decision about the pair; matching recalls it.
        db.execute(
            sa.delete(opinions).where(
                opinions.c.first_id == first,
                opinions.c.second_id == second,
                opinions.c.said_by.in_(BY_ATHLETE),
            )
        )
    return sorted(matches)
