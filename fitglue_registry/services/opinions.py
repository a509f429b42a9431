"""Collects the opinions about pairs of source activities, for the explanation of an activity."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fitglue_registry.decisions.open_questions import evidence_of
from fitglue_registry.dedupe import claim_edges
from fitglue_registry.matching.candidate_cache import CandidateCache
from fitglue_registry.matching.sent_copies import edges_of_copies
from fitglue_registry.model.stored import OpinionSource, Verdict
from fitglue_registry.store.activity_details import activities_of
from fitglue_registry.store.opinions import opinions_about, opinions_between
from fitglue_registry.store.source_activity_rows import load_rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sqlalchemy.engine import Connection as Db

    #: Source activity → its name, ``connection/external id``.
    Names = Mapping[int, str]
    Plain = dict[str, Any]


def opinions_inside(
    db: Db,
    athlete_id: str,
    names: Names,
) -> list[Plain]:
    """Return the opinions about pairs of these source activities, the athlete's decisions first."""
    opinions = list(_computed(db, athlete_id, names))
    for row in opinions_between(db, list(names)):
        first = names[row["first_id"]]
        second = names[row["second_id"]]
        opinions.append({"pair": [first, second], **_opinion(row)})
    # The sort is stable: opinions of the same kind stay in the order of the database.
    opinions.sort(key=_athlete_first)
    return opinions


def _athlete_first(opinion: Plain) -> tuple[bool, bool]:
    by_others = opinion["said_by"] != OpinionSource.PERSON
    return by_others, opinion["verdict"] != Verdict.SAME


def _computed(
    db: Db,
    athlete_id: str,
    names: Names,
) -> Iterator[Plain]:
    # These are computed and not stored, because they follow from claims.
    rows = load_rows(db, list(names))
    present = {number: row for number, row in rows.items() if not row.gone}
    candidates = CandidateCache(db).of(present.values())
    by_claims = claim_edges(candidates)
    known = {edge.key for edge in by_claims}
    edges = list(by_claims)
    for edge in edges_of_copies(db, athlete_id, present):
        if edge.key not in known:
            edges.append(edge)
    for edge in edges:
        by = "equal claims" if edge.said_by == OpinionSource.CLAIM else edge.said_by
        yield {
            "pair": [names[edge.first], names[edge.second]],
            "verdict": edge.verdict,
            "said_by": by,
            "reason": edge.reason,
            "probability": None,
            "evidence": [edge.reason],
        }


def opinions_across(db: Db, names: Names) -> Iterator[Plain]:
    """Yield the opinions about pairs with source activities of other activities.

    These are pairs that were kept apart, and pairs that are undecided, which come first.
    """
    across = []
    for row in opinions_about(db, list(names)):
        if (row.first_id in names) != (row.second_id in names):
            across.append(row)
    others = _activities_across(db, across, names)
    for row in sorted(_still_asked(across), key=_questions_first):
        # A pair is stored with the lower id first, so either side can be the one of this activity.
        mine, other = row.first_id, row.second_id
        if mine not in names:
            mine, other = other, mine
        activity = others.get(other, {})
        yield {
            "pair": [names[mine], activity.get("name", "?")],
            "activity": activity.get("number"),
            **_opinion(row._asdict()),
        }


def _activities_across(
    db: Db,
    opinions: Sequence[Any],
    names: Names,
) -> dict[int, Plain]:
    """Return source activity → its activity, for the other side of each opinion."""
    ids: set[int] = set()
    for row in opinions:
        ids.add(row.first_id)
        ids.add(row.second_id)
    ids.difference_update(names)
    rows = load_rows(db, ids, with_claims=False)
    return activities_of(db, rows)


def _still_asked(opinions: Sequence[Any]) -> Iterator[Any]:
    """Yield the opinions, except the unsure ones about pairs that the athlete has decided."""
    answered = set()
    for row in opinions:
        if row.said_by == OpinionSource.PERSON:
            answered.add((row.first_id, row.second_id))
    for row in opinions:
        if row.verdict != Verdict.ASK or (row.first_id, row.second_id) not in answered:
            yield row


def _questions_first(row: Any) -> tuple[bool, bool, int, int]:
    settled = row.verdict != Verdict.ASK
    by_others = row.said_by != OpinionSource.PERSON
    return settled, by_others, row.first_id, row.second_id


def _opinion(row: Mapping[str, Any]) -> Plain:
    evidence = evidence_of(row["reason"])
    return {
        "verdict": row["verdict"],
        "said_by": row["said_by"],
        "reason": "; ".join(evidence["evidence"]),
        **evidence,
    }
