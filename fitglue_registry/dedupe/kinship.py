"""What follows from a person's *same*: whatever is one workout with the one side is one workout
with the other.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from fitglue_registry.dedupe.cluster import PERSON, Edge

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Who is said to have said it: no person has looked at this very pair, so anybody's *different*
#: goes before it.
OF_A_COPY = "person, of a copy"


def inherited(edges: Sequence[Edge]) -> list[Edge]:
    """*Same* for a copy of one side of a person's *same* with the other side, where nobody but the
    score has doubts about that pair.

    Without it a copy could not join, as its start and length may be far from those of the other
    side.
    """
    copies: dict[int, set[int]] = defaultdict(set)
    for edge in edges:
        if edge.verdict == "same":
            copies[edge.first].add(edge.second)
            copies[edge.second].add(edge.first)
    settled = {_pair(edge.first, edge.second) for edge in edges if edge.verdict != "ask"}
    found: dict[tuple[int, int], Edge] = {}
    for edge in edges:
        if edge.said_by == PERSON and edge.verdict == "same":
            for one, other in ((edge.first, edge.second), (edge.second, edge.first)):
                for pair in (_pair(copy, other) for copy in copies[one] if copy != other):
                    if pair not in settled:
                        found[pair] = Edge(*pair, "same", OF_A_COPY, edge.reason)
    return list(found.values())


def _pair(one: int, two: int) -> tuple[int, int]:
    return min(one, two), max(one, two)
