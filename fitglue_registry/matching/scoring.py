"""Scores candidate pairs of stored source activities, and keeps the judgments as opinions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fitglue_registry.matching.opinions import reason_of_judgment
from fitglue_registry.model.stored import OpinionSource, Verdict
from fitglue_registry.store.opinions import PairOpinion, drop_opinions, put_opinion

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fitglue_registry.dedupe import Scorer
    from fitglue_registry.matching.candidate_cache import CandidateCache
    from fitglue_registry.store.source_activity_rows import SourceActivityRow


def store_scores(
    candidates: CandidateCache,
    scorer: Scorer,
    rows: Mapping[int, SourceActivityRow],
    near_by: Mapping[int, SourceActivityRow],
    now: str,
) -> None:
    """Score every candidate pair of changed source activities anew.

    Only *same* and *ask* are kept: every other pair is different. Nor are pairs kept that share a
    claim, which says *same* already.
    """
    db = candidates.db
    changed = candidates.of(rows.values())
    others = candidates.of(near_by.values())
    drop_opinions(db, [candidate.id for candidate in changed], [OpinionSource.SCORE])
    claims = {candidate.id: candidate.claims for candidate in (*changed, *others)}
    for edge in scorer.judge_candidates(changed, others):
        if edge.verdict == Verdict.DIFFERENT or claims[edge.first] & claims[edge.second]:
            continue
        first, second = sorted((edge.first, edge.second))
        reason = reason_of_judgment(scorer.judgments[first, second])
        put_opinion(db, PairOpinion(first, second, OpinionSource.SCORE, edge.verdict, reason), now)
