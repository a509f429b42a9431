"""Blocking: selects the pairs that are worth comparing, by their start times only.

A pair is a candidate pair if its starts lie close together, if its recordings overlap, or if its
starts lie a whole number of half hours apart, as they do if a clock or a zone is wrong.
"""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING

from fitglue_registry.dedupe.time_evidence import (
    gap_s,
    half_hour_remainder_s,
    is_same_day,
    overlap_share,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from fitglue_registry.dedupe.candidate import Candidate
    from fitglue_registry.dedupe.traits import Traits
    from fitglue_registry.dedupe.weights import Cuts

#: A plugin is asked about pairs whose starts lie at most this far apart on their local clocks.
MAX_GAP_FOR_PLUGINS = timedelta(minutes=15)

#: If more source activities of one athlete than these start on one day of the local clock, none of
#: them is compared. Five accounts with twenty workouts each make a hundred; a broken clock or a
#: hostile source makes any number.
MOST_ON_ONE_DAY = 300
_DAY_S = 86_400


def max_start_gap_s(cuts: Cuts) -> float:
    """Return how many seconds two starts of one workout can lie apart on the local clock.

    A start that is known only to the day is at midnight, so the true gap can be a day longer.
    """
    return max(_max_clock_gap_s(cuts), cuts["day_s"])


def _max_clock_gap_s(cuts: Cuts) -> float:
    """Return the same for two starts that are known at least to the minute."""
    return cuts["shift_most_s"] + cuts["same_minute_s"]


def candidate_pairs(
    changed: Iterable[Candidate],
    others: Iterable[Candidate],
    cuts: Cuts,
) -> Iterator[tuple[Candidate, Candidate]]:
    """Yield each candidate pair that has at least one changed candidate, once."""
    for first, second in pairs_within(changed, others, max_start_gap_s(cuts)):
        if is_candidate_pair(first.traits, second.traits, cuts):
            yield first, second


def is_candidate_pair(
    first: Traits,
    second: Traits,
    cuts: Cuts,
) -> bool:
    """Return whether two source activities are worth comparing.

    The caller has checked that their starts lie at most ``max_start_gap_s`` apart.
    """
    gap = gap_s(first, second)
    if gap is None or first.start_s is None or second.start_s is None:
        return False
    if max(first.precision_s, second.precision_s) >= cuts["day_s"]:
        return is_same_day(first, second, cuts)
    # The search window is a whole day wide because some starts are known only to the day. Starts
    # that are known to the minute must be closer together.
    if abs(second.start_s - first.start_s) > _max_clock_gap_s(cuts):
        return False
    return (
        abs(gap) < cuts["drift_s"]
        or half_hour_remainder_s(gap, cuts) <= cuts["same_minute_s"]
        or overlap_share(first, second, gap) > 0
    )


def pairs_near_in_time(
    changed: Iterable[Candidate], others: Iterable[Candidate]
) -> Iterator[tuple[Candidate, Candidate]]:
    """Yield each pair that plugins are asked about once: a changed candidate and another one.

    The candidate with the smaller id comes first, as in ``fg_opinions``.
    """
    max_gap_s = MAX_GAP_FOR_PLUGINS.total_seconds()
    for first, second in pairs_within(changed, others, max_gap_s):
        if first.id < second.id:
            yield first, second
        else:
            yield second, first


def pairs_within(
    changed: Iterable[Candidate],
    others: Iterable[Candidate],
    max_gap_s: float,
) -> Iterator[tuple[Candidate, Candidate]]:
    """Yield each pair with a changed candidate whose local starts lie at most so far apart, once.

    The earlier start comes first. Candidates without a start are in no pair, and neither are those
    of a day with more than ``MOST_ON_ONE_DAY`` candidates. So the time grows with the number of
    candidates, and not with its square.
    """
    changed = list(changed)
    changed_ids = {candidate.id for candidate in changed}
    # ``others`` may contain changed candidates again; the id removes the double.
    by_id = {candidate.id: candidate for candidate in (*others, *changed)}
    timed = []
    for candidate in by_id.values():
        start = candidate.traits.start_s
        if start is not None:
            timed.append((start, candidate))
    timed = _without_crowds(timed)
    timed.sort(key=lambda pair: (pair[0], pair[1].key))

    # Sorted neighborhood: for each start, look only at the starts that follow within the window.
    for index, (start, first) in enumerate(timed):
        first_changed = first.id in changed_ids
        for position in range(index + 1, len(timed)):
            later, second = timed[position]
            if later - start > max_gap_s:
                break
            if first_changed or second.id in changed_ids:
                yield first, second


def _without_crowds(timed: list[tuple[float, Candidate]]) -> list[tuple[float, Candidate]]:
    """Return the candidates, with their starts, of days that do not have too many of them."""
    counts = Counter(start // _DAY_S for start, _ in timed)
    if max(counts.values(), default=0) <= MOST_ON_ONE_DAY:
        return timed
    return [pair for pair in timed if counts[pair[0] // _DAY_S] <= MOST_ON_ONE_DAY]
