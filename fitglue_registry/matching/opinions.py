"""Converts between the judgments of the score, stored opinions and edges."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from fitglue_registry.dedupe import Edge, Evidence, Judgment
from fitglue_registry.model.stored import OpinionSource
from fitglue_registry.store.opinion_reasons import Reason, reason_of_text

if TYPE_CHECKING:
    from typing import Any


def reason_of_judgment(judgment: Judgment) -> str:
    """Return the reason to store for a judgment, as JSON."""
    lines = [(part.comparison, part.level, part.bits) for part in judgment.evidence]
    reason = Reason(round(judgment.probability, 4), lines, judgment.rule)
    return msgspec.json.encode(reason).decode()


def judgment_of_opinion(opinion: Any) -> Judgment:
    """Return the judgment in an opinion of the score.

    ``opinion`` is any object with the attributes ``verdict`` and ``reason``, such as a row.
    """
    reason = reason_of_text(opinion.reason)
    assert reason is not None
    evidence = tuple(Evidence(*line) for line in reason.lines)
    return Judgment(opinion.verdict, reason.probability, evidence, reason.rule)


def edge_of_opinion(opinion: Any) -> Edge:
    """Return a stored opinion as an edge between two candidates."""
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
