"""How a verdict of the score is kept as an opinion, and read again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from fitglue_registry.dedupe import Edge, Line, Verdict
from fitglue_registry.model.stored import SaidBy

if TYPE_CHECKING:
    from typing import Any


class Reason(msgspec.Struct):
    """The reason of a scored opinion: its probability, the lines of evidence, and the rule.

    A line of evidence has its name, its level and its bits.
    """

    probability: float
    lines: list[tuple[str, str, float]]
    rule: str = ""


def reason_of_verdict(verdict: Verdict) -> str:
    """The text that an opinion of the score has as its reason."""
    lines = [(line.line, line.level, line.bits) for line in verdict.lines]
    reason = Reason(round(verdict.probability, 4), lines, verdict.rule)
    return msgspec.json.encode(reason).decode()


def reason_of_text(text: str) -> Reason | None:
    """The reason that a text holds, or ``None`` if it is a sentence of a plugin or a person."""
    if not text.startswith("{"):
        return None
    try:
        return msgspec.json.decode(text, type=Reason)
    except msgspec.DecodeError:
        return None


def verdict_of_opinion(opinion: Any) -> Verdict:
    """The verdict that an opinion of the score holds (anything with ``verdict`` and ``reason``)."""
    reason = reason_of_text(opinion.reason)
    assert reason is not None
    lines = tuple(Line(*line) for line in reason.lines)
    return Verdict(opinion.verdict, reason.probability, lines, reason.rule)


def edge_of_opinion(opinion: Any) -> Edge:
    """A stored opinion as an edge between two candidates."""
    probability = 1.0
    if opinion.said_by == SaidBy.SCORE:
        probability = verdict_of_opinion(opinion).probability
    return Edge(
        opinion.first_id,
        opinion.second_id,
        opinion.verdict,
        opinion.said_by,
        opinion.reason,
        probability,
    )
