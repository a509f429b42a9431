"""Scores candidate pairs of stored source activities, and stores the judgments as opinions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fitglue_registry.matching.opinions import reason_of_judgment
from fitglue_registry.model.stored import OpinionSource, Verdict
from fitglue_registry.store.opinions import PairOpinion, drop_opinions, put_opinions

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sqlalchemy.engine import Connection as Db

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
    """Score every candidate pair of the changed source activities again, and store the opinions.

    Args:
        candidates: The cache of candidates, with the open transaction.
        scorer: The scorer; it keeps the judgments for clustering.
        rows: Id → row of the changed source activities.
        near_by: Id → row of those that are close in time, including the changed ones.
        now: The time of the opinions, as the store writes it.
    """
    db = candidates.db
    changed = candidates.of(rows.values())
    others = candidates.of(near_by.values())
    drop_scores(db, [candidate.id for candidate in changed])
    claims = {candidate.id: candidate.claims for candidate in (*changed, *others)}
    opinions = []
    for edge in scorer.judge_candidates(changed, others):
        # Only *same* and *ask* are stored, since a pair without an opinion counts as different.
        # A pair that shares a claim is *same* already.
        if edge.verdict == Verdict.DIFFERENT or claims[edge.first] & claims[edge.second]:
            continue
        first, second = sorted((edge.first, edge.second))
        reason = reason_of_judgment(scorer.judgments[first, second])
        opinions.append(PairOpinion(first, second, OpinionSource.SCORE, edge.verdict, reason))
    put_opinions(db, opinions, now)


def drop_scores(db: Db, ids: Iterable[int]) -> None:
    """Delete the opinions of the score about these source activities."""
    drop_opinions(db, ids, [OpinionSource.SCORE])
