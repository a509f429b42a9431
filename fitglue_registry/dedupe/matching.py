"""Evidence that two source activities are one workout, and which pairs are worth asking about."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from itertools import combinations
from typing import TYPE_CHECKING

from fitglue_registry.dedupe.cluster import Card, Edge

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

#: A plugin is asked about pairs that start at most this far apart, by their local clocks.
NEAR = timedelta(minutes=15)


def claim_edges(cards: Iterable[Card]) -> list[Edge]:
    """*Same* for every pair that shares a claim.

    Differing ids of one service say nothing: accounts hold their own doubles.
    """
    holders: dict[str, list[Card]] = defaultdict(list)
    for card in cards:
        for claim in card.claims:
            holders[claim].append(card)
    edges: dict[tuple[int, int], Edge] = {}
    for claim, holding in sorted(holders.items()):
        for one, two in combinations(sorted(holding, key=lambda card: card.id), 2):
            edges.setdefault(
                (one.id, two.id), Edge(one.id, two.id, "same", "claim", f"both are {claim}")
            )
    return list(edges.values())


def near(changed: Iterable[Card], others: Iterable[Card]) -> Iterator[tuple[Card, Card]]:
    """Pairs of a changed card and another one that start close together, each once, in the order of
    their ids.
    """
    for one, two in pairs_within(changed, others, NEAR.total_seconds()):
        yield (one, two) if one.id < two.id else (two, one)


def pairs_within(
    changed: Iterable[Card], others: Iterable[Card], reach_s: float
) -> Iterator[tuple[Card, Card]]:
    """Pairs of a changed card and any other whose starts lie within reach on the local clock, each
    once, the earlier one first.

    The cost grows with the number of cards, as long as a person does not do more in a day.
    """
    changed = list(changed)
    changed_ids = {card.id for card in changed}
    every = {card.id: card for card in (*others, *changed)}.values()
    timed = ((card.traits.start_s, card) for card in every if card.traits.start_s is not None)
    started = sorted(timed, key=lambda pair: (pair[0], pair[1].key))
    for index, (start, one) in enumerate(started):
        one_changed = one.id in changed_ids
        for place in range(index + 1, len(started)):
            later, two = started[place]
            if later - start > reach_s:
                break
            if one_changed or two.id in changed_ids:
                yield one, two
