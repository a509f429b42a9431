"""Finds the pairs for clerical review: activities that may be one workout, not decided yet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from fitglue_registry.decisions.pair_decisions import BY_ATHLETE
from fitglue_registry.dedupe import Scorer, claim_edges, learned_weights
from fitglue_registry.dedupe.cluster import pairs_for_review
from fitglue_registry.dedupe.sentences import level_sentence
from fitglue_registry.matching.candidate_cache import CandidateCache
from fitglue_registry.matching.opinions import edge_of_opinion
from fitglue_registry.matching.sent_copies import edges_of_copies
from fitglue_registry.model import is_cropped
from fitglue_registry.model.stored import Verdict
from fitglue_registry.store.activity_details import load_activity
from fitglue_registry.store.opinion_reasons import reason_of_text
from fitglue_registry.store.opinions import opinions_about
from fitglue_registry.store.source_activity_rows import load_rows
from fitglue_registry.store.source_activity_search import members_of
from fitglue_registry.store.tables import opinions, source_activities

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy.engine import Connection as Db

    from fitglue_registry.dedupe import Candidate
    from fitglue_registry.store.activity_details import ActivityDetails

#: The fields that are shown for each side of a pair.
SHOWN = (
    "number",
    "id",
    "title",
    "sport",
    "start_local",
    "start_utc",
    "day",
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
    """Yield each pair of activities that may be one workout, the newest first.

    Yields:
        The pair as plain values: ``sides`` has the values of both activities, the lowest number
        first, and ``asked`` has the opinions that ask, each with its evidence.
    """
    # Several members of two activities may be in doubt; they make one question. The two activities
    # of an opinion come in no particular order, hence the frozenset.
    questions_by_pair: dict[frozenset[str], list[Any]] = {}
    for question in _undecided(db, athlete_id, _open_questions(db, athlete_id)):
        pair = frozenset((question.first_activity, question.second_activity))
        questions_by_pair.setdefault(pair, []).append(question)
    for pair, questions in questions_by_pair.items():
        activities = [load_activity(db, activity_id) for activity_id in pair]
        activities.sort(key=lambda activity: activity.number)
        # There is no point in asking about an activity that its source has deleted.
        if not any(activity.gone_at for activity in activities):
            yield {
                "sides": [_side(activity) for activity in activities],
                "asked": [_question(question) for question in questions],
            }


def evidence_of(reason: str) -> dict[str, Any]:
    """Return the evidence in a stored reason as sentences, and the probability if it states one.

    Args:
        reason: A sentence, or the JSON text that the score stores.

    Returns:
        ``probability``, which may be ``None``, and ``evidence``, a list of sentences. A sentence of
        the score ends with its match weight in bits.
    """
    scored = reason_of_text(reason)
    if scored is None:
        return {"probability": None, "evidence": [reason]}
    evidence = []
    for comparison, level, bits in scored.lines:
        evidence.append(f"{level_sentence(comparison, level)} ({bits:+.1f})")
    if scored.rule:
        evidence.append(f"but {scored.rule}")
    return {"probability": scored.probability, "evidence": evidence}


def _open_questions(db: Db, athlete_id: str) -> list[Any]:
    """Return the opinions *ask* about two activities that no decision names, newest first."""
    # Opinions are about source activities, but the athlete decides about the activities to which
    # they belong now. If these are one activity, something else has answered the question.
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
        .order_by(first.c.clock_start.desc(), opinions.c.first_id, opinions.c.second_id)
    )
    # A decision about any pair of members answers for the two activities.
    answered = _answered_pairs(db, athlete_id)
    questions = []
    for row in db.execute(query):
        if frozenset((row.first_activity, row.second_activity)) not in answered:
            questions.append(row)
    return questions


def _answered_pairs(db: Db, athlete_id: str) -> set[frozenset[str]]:
    """Return the pairs of activities that the athlete has decided about."""
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


def _undecided(
    db: Db,
    athlete_id: str,
    questions: Sequence[Any],
) -> list[Any]:
    """Return the questions without those that other opinions answer.

    For example, another pair of members of the two activities may be *different*.
    """
    if not questions:
        return []
    activity_ids: set[str] = set()
    for question in questions:
        activity_ids |= {question.first_activity, question.second_activity}
    rows = load_rows(db, members_of(db, activity_ids))
    candidates = CandidateCache(db).of(rows.values())
    # The activities are the clusters that matching has made before.
    clusters: dict[str | None, list[Candidate]] = {}
    for candidate in candidates:
        clusters.setdefault(rows[candidate.id].activity_id, []).append(candidate)

    present = {candidate.id: rows[candidate.id] for candidate in candidates}
    edges = claim_edges(candidates) + edges_of_copies(db, athlete_id, present)
    for opinion in opinions_about(db, rows):
        # An opinion may be about one of these and a source activity of a third activity.
        if opinion.first_id in rows and opinion.second_id in rows:
            edges.append(edge_of_opinion(opinion))
    may_match = Scorer(learned_weights()).may_match
    open_pairs = set()
    for edge in pairs_for_review(list(clusters.values()), edges, may_match):
        open_pairs.add((edge.first, edge.second))
    undecided = []
    for question in questions:
        if (question.first_id, question.second_id) in open_pairs:
            undecided.append(question)
    return undecided


def _side(activity: ActivityDetails) -> dict[str, Any]:
    """Return the values of one activity that help the athlete to decide."""
    shown = {name: getattr(activity.activity, name, None) for name in SHOWN}
    shown["number"] = activity.number
    shown["id"] = activity.id
    shown["day"] = activity.day
    shown["device"] = None
    device = activity.activity.device
    if device is not None:
        shown["device"] = device.name or device.product
    # A deleted record does not help the athlete to recognize the workout.
    present = [member for member in activity.members if not member.gone]
    shown["cropped"] = is_cropped(activity.activity)
    shown["sources"] = [member.name for member in present]
    return shown


def _question(question: Any) -> dict[str, Any]:
    return {"said_by": question.said_by, **evidence_of(question.reason)}
