"""How a judgment of the score is kept as an opinion, and read again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from fitglue_registry.dedupe import Edge, Judgment, Line
from fitglue_registry.model.stored import OpinionSource

if TYPE_CHECKING:
    from typing import Any


class Reason(msgspec.Struct):
    """The reason of a scored opinion: its probability, the lines of evidence, and the rule.

    A line of evidence has its name, its level and its bits.
    """

    probability: float
    lines: list[tuple[str, str, float]]
    rule: str = ""


def reason_of_judgment(judgment: Judgment) -> str:
    """The text that an opinion of the score has as its reason."""
    lines = [(line.line, line.level, line.bits) for line in judgment.lines]
    reason = Reason(round(judgment.probability, 4), lines, judgment.rule)
    return msgspec.json.encode(reason).decode()


def reason_of_text(text: str) -> Reason | None:
    """The reason that a text holds, or ``None`` if it is a sentence of a plugin or a person."""
    if not text.startswith("{"):
        return None
    try:
        return msgspec.json.decode(text, type=Reason)
    except msgspec.DecodeError:
        return None


def judgment_of_opinion(opinion: Any) -> Judgment:
    """The judgment in an opinion of the score: anything with ``verdict`` and ``reason``."""
    reason = reason_of_text(opinion.reason)
    assert reason is not None
    lines = tuple(Line(*line) for line in reason.lines)
    return Judgment(opinion.verdict, reason.probability, lines, reason.rule)


def edge_of_opinion(opinion: Any) -> Edge:
    """A stored opinion as an edge between two candidates."""
    probability = 1.0
    if opinion.said_by == OpinionSource.SCORE:
        probability = judgment_of_opinion(opinion).probability
    return Edge(
        opinion.first_id,
        opinion.second_id,
        opinion.verdict,
        opinion.said_by,
        opinion.reason,
        probability,
    )
