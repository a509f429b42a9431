"""Which pairs are worth comparing.

They are neighbours in time, or lie whole hours apart as clocks and zones do.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from fitglue_registry.dedupe.time_evidence import gap_s, is_same_day, off_hours_s, overlap

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from fitglue_registry.dedupe.candidate import Candidate
    from fitglue_registry.dedupe.traits import Traits
    from fitglue_registry.dedupe.weights import Cuts

#: A plugin is asked about pairs that start at most this far apart, by their local clocks.
NEAR = timedelta(minutes=15)


def reach_s(cuts: Cuts) -> float:
    """How far apart two starts of one workout can lie on the local clock.

    Where only the day is known, the start is at midnight.
    """
    return max(_clock_reach_s(cuts), cuts["day_s"])


def _clock_reach_s(cuts: Cuts) -> float:
    """How far apart two starts of one workout can lie that are both known to the minute."""
    return cuts["shift_most_s"] + cuts["same_minute_s"]


def candidate_pairs(
    changed: Iterable[Candidate],
    others: Iterable[Candidate],
    cuts: Cuts,
) -> Iterator[tuple[Candidate, Candidate]]:
    """Pairs of a changed candidate and any other that can be one workout, each once."""
    for one, other in pairs_within(changed, others, reach_s(cuts)):
        if may_be_one(one.traits, other.traits, cuts):
            yield one, other


def may_be_one(
    one: Traits,
    other: Traits,
    cuts: Cuts,
) -> bool:
    """Whether two that start within reach of each other are worth comparing."""
    gap = gap_s(one, other)
    if gap is None or one.start_s is None or other.start_s is None:
        return False
    if max(one.precision_s, other.precision_s) >= cuts["day_s"]:
        return is_same_day(one, other, cuts)
    if abs(other.start_s - one.start_s) > _clock_reach_s(cuts):
        return False
    return (
        abs(gap) < cuts["drift_s"]
        or off_hours_s(gap, cuts) <= cuts["same_minute_s"]
        or overlap(one, other, gap) > 0
    )


def near(
    changed: Iterable[Candidate], others: Iterable[Candidate]
) -> Iterator[tuple[Candidate, Candidate]]:
    """Pairs of a changed candidate and another one that start close together.

    Each comes once, the smaller id first.
    """
    for one, other in pairs_within(changed, others, NEAR.total_seconds()):
        if one.id < other.id:
            yield one, other
        else:
            yield other, one


def pairs_within(
    changed: Iterable[Candidate],
    others: Iterable[Candidate],
    reach_s: float,
) -> Iterator[tuple[Candidate, Candidate]]:
    """Pairs of a changed candidate and any other whose starts lie within reach on the local clock.

    Each comes once, the earlier start first. The cost grows with the number of candidates, as long
    as a person does not do more in a day.
    """
    changed = list(changed)
    changed_ids = {candidate.id for candidate in changed}
    by_id = {candidate.id: candidate for candidate in (*others, *changed)}
    timed = []
    for candidate in by_id.values():
        start = candidate.traits.start_s
        if start is not None:
            timed.append((start, candidate))
    timed.sort(key=lambda pair: (pair[0], pair[1].key))

    for index, (start, one) in enumerate(timed):
        one_changed = one.id in changed_ids
        for position in range(index + 1, len(timed)):
            later, other = timed[position]
            if later - start > reach_s:
                break
            if one_changed or other.id in changed_ids:
                yield one, other
