"""Groups of source activities that are one workout: consistent, and the same whatever the order in which they arrived."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class Card:
    """What the matcher sees of one source activity; ``key`` is its natural key, which orders it the same in every store."""

    id: int
    key: tuple[str, str, int]  # connection, external id, leg
    claims: frozenset[str]
    start_local: datetime | None
    stub: bool = False


@dataclass(frozen=True, slots=True)
class Edge:
    """What somebody said of a pair: equal claims, a plugin, or a person, whose word wins."""

    first: int
    second: int
    verdict: Literal["same", "different"]
    said_by: str
    reason: str


_PERSON = "person"


def clusters(cards: Sequence[Card], edges: Iterable[Edge]) -> list[list[Card]]:
    """The groups, each ordered by natural key.

    Two groups join by a *same* only if no pair across them is said to be *different*, and every pair across them that comes from
    one connection is itself said to be *same*: an account holds its own doubles, and a third source must not join them.
    """
    said = _settled(edges)
    by_id = {card.id: card for card in cards}
    group_of = {card.id: [card] for card in cards}
    links = sorted((edge for edge in said.values() if edge.verdict == "same" and edge.first in by_id and edge.second in by_id),
                   key=lambda edge: (_strength(edge), sorted((by_id[edge.first].key, by_id[edge.second].key))))
    for edge in links:
        one, two = group_of[edge.first], group_of[edge.second]
        if one is not two and all(_may_join(a, b, said) for a in one for b in two):
            joined = one + two
            group_of.update({card.id: joined for card in joined})
    distinct = {id(group): group for group in group_of.values()}
    return sorted((sorted(group, key=lambda card: card.key) for group in distinct.values()), key=lambda group: group[0].key)


def _settled(edges: Iterable[Edge]) -> dict[tuple[int, int], Edge]:
    """One word for each pair: a person's before all others, then *different* before *same*."""
    said: dict[tuple[int, int], Edge] = {}
    for edge in sorted(edges, key=lambda edge: (_strength(edge), edge.verdict == "same", edge.said_by)):
        said.setdefault((min(edge.first, edge.second), max(edge.first, edge.second)), edge)
    return said


def _strength(edge: Edge) -> int:
    return 0 if edge.said_by == _PERSON else 1


def _may_join(one: Card, two: Card, said: dict[tuple[int, int], Edge]) -> bool:
    edge = said.get((min(one.id, two.id), max(one.id, two.id)))
    if edge is not None:
        return edge.verdict == "same"
    return one.key[0] != two.key[0]
