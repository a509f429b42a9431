"""Groups of source activities that are one workout: consistent, and the same whatever the order in
which they arrived.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from fitglue_registry.dedupe.traits import Samples, Traits


def _nothing() -> Samples | None:
    return None


@dataclass(frozen=True, slots=True)
class Card:
    """What the matcher sees of one source activity; ``key`` is its natural key, which orders it the
    same in every store.
    """

    id: int
    key: tuple[str, str, int]  # connection, external id, leg
    claims: frozenset[str]
    traits: Traits
    look: Callable[[], Samples | None] = _nothing  # reads its recording


@dataclass(frozen=True, slots=True)
class Edge:
    """What somebody said of a pair: equal claims, a plugin, the score, or a person, whose word
    wins.
    """

    first: int
    second: int
    verdict: Literal["same", "different", "ask"]
    said_by: str
    reason: str
    probability: float = 1.0  # of being the same, where the score says it


PERSON, SCORE = "person", "score"


def clusters(
    cards: Sequence[Card],
    edges: Iterable[Edge],
    may_be_one: Callable[[Card, Card], bool] | None = None,
) -> list[list[Card]]:
    """The groups, each ordered by natural key.

    Two groups join by a *same* only if no pair across them is said to be *different*, and every
    pair across them that comes from one connection is itself said to be *same*: an account holds
    its own doubles, and a third source must not join them. ``may_be_one`` tells of pairs of which
    nothing was said whether they could be; without it they can.
    """
    said = _settled(edges)
    by_id = {card.id: card for card in cards}
    group_of = {card.id: [card] for card in cards}
    links = sorted(
        (
            edge
            for edge in said.values()
            if edge.verdict == "same" and edge.first in by_id and edge.second in by_id
        ),
        key=lambda edge: (
            _strength(edge),
            -edge.probability,
            sorted((by_id[edge.first].key, by_id[edge.second].key)),
        ),
    )
    for edge in links:
        one, two = group_of[edge.first], group_of[edge.second]
        if one is not two and all(_may_join(a, b, said, may_be_one) for a in one for b in two):
            joined = one + two
            group_of.update({card.id: joined for card in joined})
    distinct = {id(group): group for group in group_of.values()}
    return sorted(
        (sorted(group, key=lambda card: card.key) for group in distinct.values()),
        key=lambda group: group[0].key,
    )


def questions(
    groups: Sequence[Sequence[Card]],
    edges: Iterable[Edge],
    may_be_one: Callable[[Card, Card], bool],
) -> list[Edge]:
    """What is left to ask a person: pairs of two groups of which nobody knows, unless another pair
    of these groups is *different*.

    Two commutes nine hours apart may look like one by the clock of another account; each is there
    twice, and nobody need be asked.
    """
    group_of = {card.id: group for group in groups for card in group}
    said = _settled(edges)
    open_ones = []
    for (first, second), edge in said.items():
        one, two = group_of.get(first), group_of.get(second)
        if (
            edge.said_by == PERSON
            or edge.verdict == "different"
            or one is None
            or two is None
            or one is two
        ):
            continue
        if not any(_differ(a, b, said, may_be_one) for a in one for b in two):
            open_ones.append(edge)
    return open_ones


def _differ(
    one: Card,
    two: Card,
    said: dict[tuple[int, int], Edge],
    may_be_one: Callable[[Card, Card], bool],
) -> bool:
    edge = said.get((min(one.id, two.id), max(one.id, two.id)))
    return edge.verdict == "different" if edge is not None else not may_be_one(one, two)


def _settled(edges: Iterable[Edge]) -> dict[tuple[int, int], Edge]:
    """One word for each pair: a person's before all others, the score's after all others, and
    *different* before *same*.
    """
    said: dict[tuple[int, int], Edge] = {}
    for edge in sorted(
        edges, key=lambda edge: (_strength(edge), edge.verdict == "same", edge.said_by)
    ):
        said.setdefault((min(edge.first, edge.second), max(edge.first, edge.second)), edge)
    return said


def _strength(edge: Edge) -> int:
    return {PERSON: 0, SCORE: 2}.get(edge.said_by, 1)


def _may_join(
    one: Card,
    two: Card,
    said: dict[tuple[int, int], Edge],
    may_be_one: Callable[[Card, Card], bool] | None,
) -> bool:
    edge = said.get((min(one.id, two.id), max(one.id, two.id)))
    of_one_account = one.key[0] == two.key[0]
    if edge is not None and (of_one_account or edge.verdict != "ask"):
        return edge.verdict == "same"
    return not of_one_account and (edge is not None or may_be_one is None or may_be_one(one, two))
