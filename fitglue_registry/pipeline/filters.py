"""Whether a filter takes a workout, with the reason as a sentence.

A condition is met, not met, or unknown. It is unknown if the workout lacks the number, the time or
the place that would decide it: a distance that nobody knows is neither short nor long. What is
unknown stays so under ``not``, and a workout is taken only if its filter is met. (This is the
three-valued logic of Kleene.)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from fitglue_registry.pipeline import conditions
from fitglue_registry.pipeline.content_findings import flag_finding, has_finding
from fitglue_registry.pipeline.number_findings import place_finding, range_finding
from fitglue_registry.pipeline.text_findings import source_finding, sport_finding, words_finding
from fitglue_registry.pipeline.time_findings import dates_finding, time_finding, weekday_finding

if TYPE_CHECKING:
    from collections.abc import Callable

    from fitglue_registry.pipeline.candidate import Candidate
    from fitglue_registry.pipeline.finding import Finding

#: The most reasons that one sentence gives.
_MOST_REASONS = 3
#: Type of a condition → function that finds out whether it is met.
_FINDINGS: dict[type, Callable[[Any, Candidate], Finding]] = {
    conditions.Sport: sport_finding,
    conditions.Source: source_finding,
    conditions.Words: words_finding,
    conditions.Range: range_finding,
    conditions.TimeOfDay: time_finding,
    conditions.Weekday: weekday_finding,
    conditions.Dates: dates_finding,
    conditions.Place: place_finding,
    conditions.Has: has_finding,
    conditions.Flag: flag_finding,
}


class Verdict(NamedTuple):
    """Whether a filter takes a workout.

    Attributes:
        taken: Whether the workout is taken; otherwise it is passed over.
        reason: The reason as a clause, such as ``its distance is 3.2 km, and the pipeline takes
            5 km or more``.
    """

    taken: bool
    reason: str


class _Answer(NamedTuple):
    """Whether a condition is met, ``None`` if it is unknown, and the reasons."""

    met: bool | None
    reasons: tuple[str, ...]


def decide(condition: conditions.Condition | None, candidate: Candidate) -> Verdict:
    """Return whether a filter takes a workout.

    Args:
        condition: The filter, or ``None`` if every workout is taken.
        candidate: The workout.
    """
    if condition is None:
        return Verdict(taken=True, reason="the pipeline takes every workout")
    answer = _answer(condition, candidate, positive=True)
    reasons = list(dict.fromkeys(answer.reasons))
    reason = "; ".join(reasons[:_MOST_REASONS])
    left_out = len(reasons) - _MOST_REASONS
    if left_out > 0:
        reason += f"; and {left_out} more of its conditions"
    return Verdict(answer.met is True, reason)


def _answer(
    condition: conditions.Condition,
    candidate: Candidate,
    *,
    positive: bool,
) -> _Answer:
    """Return the answer for a condition, or for its opposite if ``positive`` is false."""
    match condition:
        case conditions.Not():
            return _answer(condition.condition, candidate, positive=not positive)
        case conditions.AllOf():
            answers = _answers(condition.conditions, candidate, positive=positive)
            return _combined(answers, decisive=not positive)
        case conditions.AnyOf():
            answers = _answers(condition.conditions, candidate, positive=positive)
            return _combined(answers, decisive=positive)
    find = _FINDINGS[type(condition)]
    finding = find(condition, candidate)
    met = finding.met
    verb = "takes"
    if not positive:
        verb = "does not take"
        if met is not None:
            met = not met
    return _Answer(met, (f"{finding.fact}, and the pipeline {verb} {finding.wanted}",))


def _answers(
    parts: tuple[conditions.Condition, ...],
    candidate: Candidate,
    *,
    positive: bool,
) -> list[_Answer]:
    return [_answer(part, candidate, positive=positive) for part in parts]


def _combined(answers: list[_Answer], *, decisive: bool) -> _Answer:
    """Return the answer for several conditions together.

    Args:
        answers: The answers for the single conditions.
        decisive: The answer of which one is enough: true if at least one condition must be met,
            false if each must be.
    """
    # The opposite of an ``AllOf`` needs one condition that is not met, as an ``AnyOf`` does.
    for met in (decisive, None, not decisive):
        reasons: list[str] = []
        for answer in answers:
            if answer.met is met:
                reasons += answer.reasons
        if reasons:
            return _Answer(met, tuple(reasons))
    raise ValueError("a combination needs at least one condition")
