"""Rules of other products, implemented again from what is publicly known about them, to be compared
with ours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fitglue_registry.dedupe.evidence import duration_difference, relative_difference
from fitglue_registry.dedupe.time_evidence import gap_s, half_hour_remainder_s, overlap_share

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from fitglue_registry.dedupe import Traits

    Rule = Callable[[Traits, Traits, float], bool]


def _same_sport(first: Traits, second: Traits) -> bool:
    """Return whether both are of one family of sports."""
    return first.family == second.family


def _apart(first: float | None, second: float | None) -> float:
    """Return the relative difference of two values, or 1 if one is missing."""
    return relative_difference(first, second) if first and second else 1.0


def _exact(first: Traits, second: Traits, gap: float) -> bool:
    """Decide by equal start and sport."""
    return gap == 0 and _same_sport(first, second)


def _minute(first: Traits, second: Traits, gap: float) -> bool:
    """Decide by starts within a minute."""
    del first, second
    return abs(gap) <= 60


def _pacelore(first: Traits, second: Traits, gap: float) -> bool:
    """Decide by starts within five minutes and equal sport."""
    return abs(gap) < 300 and _same_sport(first, second)


def _ridetool(first: Traits, second: Traits, gap: float) -> bool:
    """Decide by starts within two minutes and similar duration and distance."""
    return (
        abs(gap) <= 120
        and (duration_difference(first, second) or 0) <= 0.15
        and _apart(first.distance_m, second.distance_m) <= 0.10
    )


def _tapiriik(first: Traits, second: Traits, gap: float) -> bool:
    """Decide by starts within three minutes, or apart by whole hours or half an hour, as clocks in
    other time zones are.
    """
    hour = {"shift_step_s": 3600.0}
    del first, second
    return (
        abs(gap) <= 180
        or (abs(gap) <= 38 * 3600 and half_hour_remainder_s(gap, hour) <= 60)
        or abs(abs(gap) - 1800) <= 30
    )


def _overlapping(first: Traits, second: Traits, gap: float) -> bool:
    """Decide by starts within twenty minutes and an overlap of at least 70 %."""
    return abs(gap) < 1200 and overlap_share(first, second, gap) >= 0.7


def _coach(first: Traits, second: Traits, gap: float) -> bool:
    """Decide by starts within an hour, equal sport and similar duration."""
    time = duration_difference(first, second)
    return abs(gap) <= 3600 and _same_sport(first, second) and time is not None and time <= 0.10


#: The name that the page prints → the rule. From public code and pages of November 2026; no line is
#: copied.
RIVALS: Mapping[str, Rule] = {
    "exact start + sport (Dreeve, Endurain)": _exact,
    "start within 60 s": _minute,
    "start within 300 s + sport (pacelore)": _pacelore,
    "± 120 s, duration 15 %, distance 10 % (RideTool)": _ridetool,
    "± 3 min, or minute and second at any hour (tapiriik)": _tapiriik,
    "start within 1 h, duration 10 %, sport (watt-mind/coach)": _coach,
    "overlap ≥ 70 %, drift < 20 min (hevy2garmin)": _overlapping,
}
BEST = "overlap ≥ 70 %, drift < 20 min (hevy2garmin)"


def holds(rule: Rule, first: Traits, second: Traits) -> bool:
    """Return whether a rule decides that two records are one workout."""
    gap = gap_s(first, second)
    return gap is not None and rule(first, second, gap)
