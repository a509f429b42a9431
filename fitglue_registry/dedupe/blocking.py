"""Which pairs are worth a look: neighbours in time, and those that lie whole hours apart as clocks
and zones do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fitglue_registry.dedupe.evidence import gap_s, off_hours_s, on_one_day, overlap
from fitglue_registry.dedupe.matching import pairs_within

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from fitglue_registry.dedupe.cluster import Card
    from fitglue_registry.dedupe.evidence import Cuts
    from fitglue_registry.dedupe.traits import Traits


def reach_s(cuts: Cuts) -> float:
    """How far apart two starts of one workout can lie on the local clock; where a day is all that
    is known, it stands at midnight.
    """
    return max(_clocks_s(cuts), cuts["day_s"])


def _clocks_s(cuts: Cuts) -> float:
    """How far apart two starts of one workout can lie that are both known to the minute."""
    return cuts["shift_most_s"] + cuts["same_minute_s"]


def candidates(
    changed: Iterable[Card], others: Iterable[Card], cuts: Cuts
) -> Iterator[tuple[Card, Card]]:
    """Pairs of a changed card and any other that can be one workout, each once."""
    return (
        (one, two)
        for one, two in pairs_within(changed, others, reach_s(cuts))
        if may_be_one(one.traits, two.traits, cuts)
    )


def may_be_one(one: Traits, two: Traits, cuts: Cuts) -> bool:
    """Whether two that start within reach of each other are worth comparing."""
    gap = gap_s(one, two)
    if gap is None or one.start_s is None or two.start_s is None:
        return False
    if max(one.precision_s, two.precision_s) >= cuts["day_s"]:
        return on_one_day(one, two, cuts)
    if abs(two.start_s - one.start_s) > _clocks_s(cuts):
        return False
    return (
        abs(gap) < cuts["drift_s"]
        or off_hours_s(gap, cuts) <= cuts["same_minute_s"]
        or overlap(one, two, gap) > 0
    )
