"""Pairs of activities that may be one workout and that the athlete has not decided about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from fitglue_registry.decisions.pair_decisions import BY_ATHLETE
from fitglue_registry.dedupe import Scorer, claim_edges, learned_weights
from fitglue_registry.dedupe.cluster import questions as questions_left
from fitglue_registry.dedupe.sentences import sentence
from fitglue_registry.matching.candidate_cache import CandidateCache
from fitglue_registry.matching.opinions import edge_of_opinion, reason_of_text
from fitglue_registry.model.stored import Verdict
from fitglue_registry.store.activity_details import load_activity
from fitglue_registry.store.opinions import opinions_about
from fitglue_registry.store.source_activity_rows import load_rows
from fitglue_registry.store.source_activity_search import members_of
from fitglue_registry.store.tables import opinions, source_activities

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy.engine import Connection as Db

    from fitglue_registry.dedupe import Candidate
    from fitglue_registry.store.activity_details import ActivityDetails

#: The fields that are shown of each side of a pair.
SHOWN = (
    "number",
    "id",
    "title",
    "sport",
    "start_local",
    "start_utc",
    "elapsed_s",
    "moving_s",
    "distance_m",
    "elevation_gain_m",
    "calories_kcal",
    "average_heartrate_bpm",
    "max_heartrate_bpm",
    "average_watts",
)


def pairs_to_decide(db: Db, athlete_id: str) -> Iterator[dict[str, Any]]:
    """Yield each two activities that may be one workout, side by side, newest first.

    Each has who asks, and the evidence.
    """
    questions_by_pair: dict[frozenset[str], list[Any]] = {}
    for question in _undecided(db, _open_questions(db, athlete_id)):
        pair = frozenset((question.first_activity, question.second_activity))
        questions_by_pair.setdefault(pair, []).append(question)
    for pair, questions in questions_by_pair.items():
        activities = [load_activity(db, activity_id) for activity_id in pair]
        activities.sort(key=lambda activity: activity.number)
        if not any(activity.gone_at for activity in activities):
            yield {
                "sides": [_side(activity) for activity in activities],
                "asked": [_question(question) for question in questions],
            }


def evidence_of(reason: str) -> dict[str, Any]:
    """The lines of evidence that a stored reason has, and the probability where it states one.

    A reason is a sentence, or what the score keeps as JSON.
    """
    scored = reason_of_text(reason)
    if scored is None:
        return {"probability": None, "evidence": [reason]}
    evidence = [f"{sentence(line, level)} ({bits:+.1f})" for line, level, bits in scored.lines]
    if scored.rule:
        evidence.append(f"but {scored.rule}")
    return {"probability": scored.probability, "evidence": evidence}


def _open_questions(db: Db, athlete_id: str) -> list[Any]:
    """Opinions that ask, about two activities of which the athlete has decided nothing.

    The newest come first.
    """
    first, second = source_activities.alias("one"), source_activities.alias("two")
    query = (
        sa.select(
            opinions,
            first.c.activity_id.label("first_activity"),
            second.c.activity_id.label("second_activity"),
        )
        .join(first, first.c.id == opinions.c.first_id)
        .join(second, second.c.id == opinions.c.second_id)
        .where(
            opinions.c.verdict == Verdict.ASK,
            first.c.athlete_id == athlete_id,
            first.c.activity_id != second.c.activity_id,
        )
        .order_by(first.c.start_local.desc(), opinions.c.first_id, opinions.c.second_id)
    )
    answered = _answered_pairs(db, athlete_id)
    questions = []
    for row in db.execute(query):
        if frozenset((row.first_activity, row.second_activity)) not in answered:
            questions.append(row)
    return questions


def _answered_pairs(db: Db, athlete_id: str) -> set[frozenset[str]]:
    """Pairs of activities that the athlete has decided about."""
    first, second = source_activities.alias("one"), source_activities.alias("two")
    query = (
        sa.select(first.c.activity_id, second.c.activity_id)
        .select_from(opinions)
        .join(first, first.c.id == opinions.c.first_id)
        .join(second, second.c.id == opinions.c.second_id)
        .where(
            opinions.c.said_by.in_(BY_ATHLETE),
            first.c.athlete_id == athlete_id,
            first.c.activity_id != second.c.activity_id,
        )
    )
    return {frozenset(pair) for pair in db.execute(query)}


def _undecided(db: Db, questions: Sequence[Any]) -> list[Any]:
    """Leave out questions about two activities of which another pair is known to be different."""
    if not questions:
        return []
    activity_ids: set[str] = set()
    for question in questions:
        activity_ids |= {question.first_activity, question.second_activity}
    rows = load_rows(db, members_of(db, activity_ids))
    candidates = CandidateCache(db).of(rows.values())
    groups: dict[str | None, list[Candidate]] = {}
    for candidate in candidates:
        groups.setdefault(rows[candidate.id].activity_id, []).append(candidate)

    edges = claim_edges(candidates)
    for opinion in opinions_about(db, rows):
        if opinion.first_id in rows and opinion.second_id in rows:
            edges.append(edge_of_opinion(opinion))
    may_be_one = Scorer(learned_weights()).may_be_one
    left = set()
    for edge in questions_left(list(groups.values()), edges, may_be_one):
        left.add((edge.first, edge.second))
    return [question for question in questions if (question.first_id, question.second_id) in left]


def _side(activity: ActivityDetails) -> dict[str, Any]:
    shown = {name: getattr(activity.activity, name, None) for name in SHOWN}
    shown["number"] = activity.number
    shown["id"] = activity.id
    shown["device"] = None
    device = activity.activity.device
    if device is not None:
        shown["device"] = device.name or device.product
    present = [member for member in activity.members if not member.gone]
    shown["sources"] = [member.name for member in present]
    return shown


def _question(question: Any) -> dict[str, Any]:
    return {"said_by": question.said_by, **evidence_of(question.reason)}
