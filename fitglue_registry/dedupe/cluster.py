"""Groups of candidates that are one workout.

They are consistent, and the same whatever the order in which the candidates arrived.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fitglue_registry.dedupe.edges import pair_key, settled_edges, strength
from fitglue_registry.model.stored import OpinionSource, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from fitglue_registry.dedupe.candidate import Candidate
    from fitglue_registry.dedupe.edges import Edge, PairKey

    MayBeOne = Callable[[Candidate, Candidate], bool]
    Group = Sequence[Candidate]


def clusters(
    candidates: Group,
    edges: Iterable[Edge],
    may_be_one: MayBeOne | None = None,
) -> list[list[Candidate]]:
    """The groups, each ordered by natural key.

    Two groups join by a *same* only if no pair across them is said to be *different*, and every
    pair across them that comes from one connection is itself said to be *same*: an account holds
    its own doubles, and a third source must not join them. ``may_be_one`` says whether a pair that
    nobody has said anything about could be one workout; without it, it can.
    """
    settled = settled_edges(edges)
    group_of = {candidate.id: [candidate] for candidate in candidates}
    for edge in _links(candidates, settled.values()):
        one = group_of[edge.first]
        other = group_of[edge.second]
        if one is not other and _can_join(one, other, settled, may_be_one):
            joined = one + other
            group_of.update({candidate.id: joined for candidate in joined})

    distinct = {id(group): group for group in group_of.values()}
    groups = [sorted(group, key=lambda candidate: candidate.key) for group in distinct.values()]
    return sorted(groups, key=lambda group: group[0].key)


def _links(candidates: Group, edges: Iterable[Edge]) -> list[Edge]:
    """The *same* among these candidates, the strongest and likeliest first."""
    keys = {candidate.id: candidate.key for candidate in candidates}

    def order(edge: Edge) -> tuple[int, float, list[tuple[str, str, int]]]:
        return strength(edge), -edge.probability, sorted((keys[edge.first], keys[edge.second]))

    links = []
    for edge in edges:
        if edge.verdict == Verdict.SAME and edge.first in keys and edge.second in keys:
            links.append(edge)
    return sorted(links, key=order)


def _can_join(
    group: Group,
    other: Group,
    settled: Mapping[PairKey, Edge],
    may_be_one: MayBeOne | None,
) -> bool:
    for one in group:
        for two in other:
            if not _may_join(one, two, settled, may_be_one):
                return False
    return True


def _may_join(
    one: Candidate,
    other: Candidate,
    settled: Mapping[PairKey, Edge],
    may_be_one: MayBeOne | None,
) -> bool:
    edge = settled.get(pair_key(one.id, other.id))
    of_one_account = one.account == other.account
    if edge is not None and (of_one_account or edge.verdict != Verdict.ASK):
        return edge.verdict == Verdict.SAME
    if of_one_account:
        return False
    return edge is not None or may_be_one is None or may_be_one(one, other)


def questions(
    groups: Sequence[Group],
    edges: Iterable[Edge],
    may_be_one: MayBeOne,
) -> list[Edge]:
    """What is left to ask a person: pairs across two groups about which nobody knows.

    A pair is left out if another pair across its groups is *different*. Two commutes nine hours
    apart may look like one by the clock of another account; each is there twice, and nobody has to
    be asked.
    """
    group_of: dict[int, Group] = {}
    for group in groups:
        group_of.update({candidate.id: group for candidate in group})
    settled = settled_edges(edges)

    open_edges = []
    for (first, second), edge in settled.items():
        if edge.said_by == OpinionSource.PERSON or edge.verdict == Verdict.DIFFERENT:
            continue
        one = group_of.get(first)
        other = group_of.get(second)
        if one is None or other is None or one is other:
            continue
        if not _is_any_different(one, other, settled, may_be_one):
            open_edges.append(edge)
    return open_edges


def _is_any_different(
    group: Group,
    other: Group,
    settled: Mapping[PairKey, Edge],
    may_be_one: MayBeOne,
) -> bool:
    for one in group:
        for two in other:
            edge = settled.get(pair_key(one.id, two.id))
            if edge is None:
                is_different = not may_be_one(one, two)
            else:
                is_different = edge.verdict == Verdict.DIFFERENT
            if is_different:
                return True
    return False
