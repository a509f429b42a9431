"""Tells what became of a workout, stage by stage: when it came, what was made of it, or where it
stopped and what to do.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from fitglue_registry.dedupe import ATHLETE, Member, alternatives, claim_edges
from fitglue_registry.errors import UserMistake
from fitglue_registry.model import to_builtins
from fitglue_registry.model.moments import utc_text
from fitglue_registry.store import reading
from fitglue_registry.store.activities import load_rows, opinions_about
from fitglue_registry.store.runs import decisions_of
from fitglue_registry.store.verdicts import PERSON
from fitglue_registry.sync.judging import evidence_of
from fitglue_registry.sync.scoring import Deck

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sqlalchemy.engine import Connection as Db


def explain(db: Db, athlete_id: str, reference: str) -> dict[str, Any]:
    """The story of an activity, or of a record that became none, as plain values; never raises for
    an unknown reference.
    """
    try:
        activity_id = reading.resolve(db, athlete_id, reference)
    except UserMistake as error:
        if error.code == "FG-activity-ambiguous":
            raise
        return _without_activity(db, athlete_id, reference)
    found = reading.load_activity(db, activity_id)
    record_ids = list(dict.fromkeys(member.record_id for member in found.members))
    members = {member.id: f"{member.connection}/{member.external_id}" for member in found.members}
    shown = {
        "number": found.number,
        "id": found.id,
        "title": found.activity.title,
        "gone_at": found.gone_at,
    }
    return {
        "reference": reference,
        "activity": shown,
        "verdict": "deleted at its source" if found.gone_at else "stored",
        "records": [_story(db, record_id) for record_id in record_ids],
        "same_because": list(_evidence(db, list(members), members)),
        "apart_from": list(_apart(db, list(members), members)),
        "values_from": {
            field or "everything else": _giver(members, number)
            for field, number in sorted(found.origins.items())
        },
        "alternatives": _alternatives(found, members),
    }


def _giver(names: dict[int, str], number: int) -> str:
    return "you" if number == ATHLETE else names.get(number, "?")


def _alternatives(found: reading.Found, names: dict[int, str]) -> list[dict[str, Any]]:
    """Each field of which the sources say different things: who gave it, and what the others
    say.
    """
    live = [member for member in found.members if not member.gone] or found.members
    members = [
        Member(
            one.id,
            (one.connection, one.external_id, one.leg_no),
            one.activity,
            stream_types=one.stream_types,
        )
        for one in live
    ]
    return [
        {
            "field": field,
            "from": _giver(names, found.origins.get(field, found.origins.get("", ATHLETE))),
            "value": _plain(found, field, members),
            "others": [
                {"from": names[number], "value": to_builtins(value)} for number, value in others
            ],
        }
        for field, others in alternatives(members, found.origins).items()
    ]


def _plain(found: reading.Found, field: str, members: list[Member]) -> Any:
    if field != "streams":
        return to_builtins(getattr(found.activity, field))
    giver = found.origins.get(field, found.origins.get(""))
    return next((list(member.stream_types) for member in members if member.id == giver), [])


def _without_activity(db: Db, athlete_id: str, reference: str) -> dict[str, Any]:
    record_ids = reading.find_records(db, athlete_id, reference) or reading.records_on(
        db, athlete_id, reference
    )
    stories = [_story(db, record_id) for record_id in record_ids]
    verdict, fix = _verdict(stories[0] if stories else None)
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


def _verdict(story: dict[str, Any] | None) -> tuple[str, str | None]:
    if story is None:
        return (
            "no connection has ever listed it",
            "look whether it is at the source, then run `fitglue sync --full`",
        )
    if story["quarantine"]:
        return f"in quarantine: {story['quarantine']['what']}", story["quarantine"].get("fix")
    if story["state"] == "stub":
        reason = story["reason"] or {}
        return (
            f"listed, and never delivered: {reason.get('reason', 'the source gives no reason')}",
            reason.get("fix"),
        )
    if story["state"] == "gone":
        return "deleted at its source", None
    return "listed, and not yet understood", "run `fitglue sync`"


def _story(db: Db, record_id: int) -> dict[str, Any]:
    story = reading.record_story(db, record_id)
    return {**story, "hops": _hops(story), "decisions": decisions_of(db, [record_id])}


def _hops(story: dict[str, Any]) -> list[dict[str, Any]]:
    """Workout's end → at the source → seen here, each with the seconds that it took."""
    moments: list[tuple[str, datetime | None]] = [
        ("workout ended", _end(story)),
        ("arrived at the source", _moment(story["at_source"])),
        ("seen here", _moment(story["first_seen_at"])),
    ]
    known = [(name, moment) for name, moment in moments if moment]
    took = [
        None,
        *(
            round((later - earlier).total_seconds(), 1)
            for (_, earlier), (_, later) in pairwise(known)
        ),
    ]
    return [
        {"hop": name, "at": utc_text(moment), "took_s": seconds}
        for (name, moment), seconds in zip(known, took, strict=False)
    ]


def _end(story: dict[str, Any]) -> datetime | None:
    for one in story["source_activities"]:
        start = _moment(one["start_utc"])
        if start and one["elapsed_s"] is not None:
            try:
                return start + timedelta(seconds=one["elapsed_s"])
            except OverflowError:
                return None
    return None


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text).astimezone(UTC) if text else None


def _evidence(db: Db, ids: list[int], names: dict[int, str]) -> list[dict[str, Any]]:
    rows = load_rows(db, ids)
    cards = Deck(db).of(rows.values())
    said = [
        {
            "pair": [names[edge.first], names[edge.second]],
            "verdict": edge.verdict,
            "said_by": "equal claims",
            "reason": edge.reason,
            "probability": None,
            "evidence": [edge.reason],
        }
        for edge in claim_edges(cards)
    ]
    said += [
        {"pair": [names[one["first_id"]], names[one["second_id"]]], **_opinion(one)}
        for one in reading.opinions_between(db, ids)
    ]
    return sorted(said, key=lambda one: (one["said_by"] != PERSON, one["verdict"] != "same"))


def _apart(db: Db, ids: list[int], names: dict[int, str]) -> Iterator[dict[str, Any]]:
    """What was said of pairs with source activities of other activities: what is kept apart, and
    what is asked about.
    """
    about = [
        one
        for one in opinions_about(db, ids)
        if (one.first_id in names) != (one.second_id in names)
    ]
    rows = load_rows(
        db,
        {number for one in about for number in (one.first_id, one.second_id)} - names.keys(),
        claims_too=False,
    )
    others = reading.activities_of(db, rows)
    decided = {(one.first_id, one.second_id) for one in about if one.said_by == PERSON}
    about = [
        one for one in about if one.verdict != "ask" or (one.first_id, one.second_id) not in decided
    ]
    for one in sorted(
        about,
        key=lambda one: (one.verdict != "ask", one.said_by != PERSON, one.first_id, one.second_id),
    ):
        mine, other = (
            (one.first_id, one.second_id)
            if one.first_id in names
            else (one.second_id, one.first_id)
        )
        yield {
            "pair": [names[mine], others.get(other, {}).get("name", "?")],
            "activity": others.get(other, {}).get("number"),
            **_opinion(one._mapping),
        }


def _opinion(one: Mapping[str, Any]) -> dict[str, Any]:
    told = evidence_of(one["reason"])
    return {
        "verdict": one["verdict"],
        "said_by": one["said_by"],
        "reason": "; ".join(told["evidence"]),
        **told,
    }
