"""Tells what became of a workout, stage by stage: when it came, what was made of it, or where it
stopped and what to do.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from fitglue_registry.decisions.open_questions import evidence_of
from fitglue_registry.dedupe import ATHLETE, Member, alternatives, claim_edges
from fitglue_registry.errors import UserMistake
from fitglue_registry.matching.candidate_cache import CandidateCache
from fitglue_registry.model import to_builtins
from fitglue_registry.model.moments import utc_text
from fitglue_registry.model.stored import SaidBy
from fitglue_registry.store.activity_details import ActivityDetails, activities_of, load_activity
from fitglue_registry.store.opinions import opinions_about, opinions_between
from fitglue_registry.store.record_story import find_records, record_story, records_on
from fitglue_registry.store.references import resolve
from fitglue_registry.store.runs import decisions_of
from fitglue_registry.store.source_activity_rows import load_rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sqlalchemy.engine import Connection as Db

    #: Source activity → its name, ``connection/external id``.
    Names = Mapping[int, str]
    Plain = dict[str, Any]


def explain(db: Db, athlete_id: str, reference: str) -> Plain:
    """The story of an activity, or of a record that became none, as plain values; never raises for
    an unknown reference.
    """
    try:
        activity_id = resolve(db, athlete_id, reference)
    except UserMistake as error:
        if error.code == "FG-activity-ambiguous":
            raise
        return _explain_records(db, athlete_id, reference)
    return _explain_activity(db, activity_id, reference)


# -- an activity -----------------------------------------------------------------------------------


def _explain_activity(db: Db, activity_id: str, reference: str) -> Plain:
    found = load_activity(db, activity_id)
    names = {}
    stories = {}
    for member in found.members:
        names[member.id] = f"{member.connection}/{member.external_id}"
        if member.record_id not in stories:
            stories[member.record_id] = _story(db, member.record_id)
    return {
        "reference": reference,
        "activity": {
            "number": found.number,
            "id": found.id,
            "title": found.activity.title,
            "gone_at": found.gone_at,
        },
        "verdict": "deleted at its source" if found.gone_at else "stored",
        "records": list(stories.values()),
        "same_because": _evidence(db, names),
        "apart_from": list(_apart(db, names)),
        "values_from": _values_from(found, names),
        "alternatives": _alternatives(found, names),
    }


def _values_from(found: ActivityDetails, names: Names) -> dict[str, str]:
    """Field → who gives it."""
    givers = {}
    for field, member_id in sorted(found.origins.items()):
        givers[field or "everything else"] = _giver(names, member_id)
    return givers


def _giver(names: Names, member_id: int) -> str:
    if member_id == ATHLETE:
        return "you"
    return names.get(member_id, "?")


def _alternatives(found: ActivityDetails, names: Names) -> list[Plain]:
    """Each field of which the sources say different things: who gave it, and what the others
    say.
    """
    members = _members_that_count(found)
    differing = []
    for field, values in alternatives(members, found.origins).items():
        others = []
        for member_id, value in values:
            others.append({"from": names[member_id], "value": to_builtins(value)})
        origin = found.origins.get(field, found.origins.get("", ATHLETE))
        differing.append(
            {
                "field": field,
                "from": _giver(names, origin),
                "value": _value(found, field, members),
                "others": others,
            }
        )
    return differing


def _members_that_count(found: ActivityDetails) -> list[Member]:
    """Its source activities that are still at their source; of an activity that is gone, all."""
    live = [row for row in found.members if not row.gone]
    members = []
    for row in live or found.members:
        key = (row.connection, row.external_id, row.leg_no)
        members.append(Member(row.id, key, row.activity, stream_types=row.stream_types))
    return members


def _value(found: ActivityDetails, field: str, members: Sequence[Member]) -> Any:
    """What the activity has in a field, as plain values; of its streams, their types."""
    if field != "streams":
        return to_builtins(getattr(found.activity, field))
    giver = found.origins.get(field, found.origins.get(""))
    for member in members:
        if member.id == giver:
            return list(member.stream_types)
    return []


# -- records that became no activity ---------------------------------------------------------------


def _explain_records(db: Db, athlete_id: str, reference: str) -> Plain:
    record_ids = find_records(db, athlete_id, reference)
    if not record_ids:
        record_ids = records_on(db, athlete_id, reference)
    stories = [_story(db, record_id) for record_id in record_ids]
    verdict, fix = _verdict(stories)
    return {
        "reference": reference,
        "activity": None,
        "verdict": verdict,
        "fix": fix,
        "records": stories,
        "same_because": [],
        "apart_from": [],
        "values_from": {},
        "alternatives": [],
    }


def _verdict(stories: Sequence[Plain]) -> tuple[str, str | None]:
    """Where the first of these records stopped, and what to do."""
    if not stories:
        return (
            "no connection has ever listed it",
            "look whether it is at the source, then run `fitglue sync --full`",
        )
    story = stories[0]
    quarantined = story["quarantine"]
    if quarantined:
        return f"in quarantine: {quarantined['what']}", quarantined.get("fix")
    if story["state"] == "stub":
        reason = story["reason"] or {}
        why = reason.get("reason", "the source gives no reason")
        return f"listed, and never delivered: {why}", reason.get("fix")
    if story["state"] == "gone":
        return "deleted at its source", None
    return "listed, and not yet understood", "run `fitglue sync`"


# -- one record ------------------------------------------------------------------------------------


def _story(db: Db, record_id: int) -> Plain:
    story = record_story(db, record_id)
    return {
        **story,
        "hops": _hops(story),
        "decisions": decisions_of(db, [record_id]),
    }


def _hops(story: Plain) -> list[Plain]:
    """Workout's end → at the source → seen here, each with the seconds that it took."""
    moments = {
        "workout ended": _end(story),
        "arrived at the source": _moment(story["at_source"]),
        "seen here": _moment(story["first_seen_at"]),
    }
    hops = []
    before: datetime | None = None
    for name, moment in moments.items():
        if moment is None:
            continue
        took_s = None
        if before is not None:
            took_s = round((moment - before).total_seconds(), 1)
        hops.append({"hop": name, "at": utc_text(moment), "took_s": took_s})
        before = moment
    return hops


def _end(story: Plain) -> datetime | None:
    """When the workout ended, by the first source activity that says when and how long it was."""
    for row in story["source_activities"]:
        start = _moment(row["start_utc"])
        if start is None or row["elapsed_s"] is None:
            continue
        try:
            return start + timedelta(seconds=row["elapsed_s"])
        except OverflowError:
            return None
    return None


def _moment(text: str | None) -> datetime | None:
    if not text:
        return None
    return datetime.fromisoformat(text).astimezone(UTC)


# -- opinions --------------------------------------------------------------------------------------


def _evidence(db: Db, names: Names) -> list[Plain]:
    """What was said of the pairs of these source activities, what the athlete said first."""
    opinions = list(_equal_claims(db, names))
    for row in opinions_between(db, list(names)):
        first = names[row["first_id"]]
        second = names[row["second_id"]]
        opinions.append({"pair": [first, second], **_opinion(row)})
    opinions.sort(key=_athlete_first)
    return opinions


def _athlete_first(opinion: Plain) -> tuple[bool, bool]:
    by_others = opinion["said_by"] != SaidBy.PERSON
    return by_others, opinion["verdict"] != "same"


def _equal_claims(db: Db, names: Names) -> Iterator[Plain]:
    rows = load_rows(db, list(names))
    cards = CandidateCache(db).of(rows.values())
    for edge in claim_edges(cards):
        yield {
            "pair": [names[edge.first], names[edge.second]],
            "verdict": edge.verdict,
            "said_by": "equal claims",
            "reason": edge.reason,
            "probability": None,
            "evidence": [edge.reason],
        }


def _apart(db: Db, names: Names) -> Iterator[Plain]:
    """What was said of pairs with source activities of other activities: what is kept apart, and
    what is asked about.
    """
    across = []
    for row in opinions_about(db, list(names)):
        if (row.first_id in names) != (row.second_id in names):
            across.append(row)
    others = _activities_across(db, across, names)
    for row in sorted(_still_asked(across), key=_questions_first):
        mine, other = row.first_id, row.second_id
        if mine not in names:
            mine, other = other, mine
        activity = others.get(other, {})
        yield {
            "pair": [names[mine], activity.get("name", "?")],
            "activity": activity.get("number"),
            **_opinion(row._mapping),
        }


def _activities_across(db: Db, opinions: Sequence[Any], names: Names) -> dict[int, Plain]:
    """Source activity → its activity, of the far end of each of these opinions."""
    ids: set[int] = set()
    for row in opinions:
        ids.add(row.first_id)
        ids.add(row.second_id)
    ids.difference_update(names)
    rows = load_rows(db, ids, claims_too=False)
    return activities_of(db, rows)


def _still_asked(opinions: Sequence[Any]) -> Iterator[Any]:
    """All but the questions that the athlete has answered."""
    answered = set()
    for row in opinions:
        if row.said_by == SaidBy.PERSON:
            answered.add((row.first_id, row.second_id))
    for row in opinions:
        if row.verdict != "ask" or (row.first_id, row.second_id) not in answered:
            yield row


def _questions_first(row: Any) -> tuple[bool, bool, int, int]:
    settled = row.verdict != "ask"
    by_others = row.said_by != SaidBy.PERSON
    return settled, by_others, row.first_id, row.second_id


def _opinion(row: Mapping[str, Any]) -> Plain:
    evidence = evidence_of(row["reason"])
    return {
        "verdict": row["verdict"],
        "said_by": row["said_by"],
        "reason": "; ".join(evidence["evidence"]),
        **evidence,
    }
