"""The athlete's word on what is one workout: the pairs to decide, verdicts that are carried out and
remembered, and taken back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fitglue_registry.decisions import verdicts
from fitglue_registry.dedupe import Scorer, claim_edges, learned_weights
from fitglue_registry.dedupe.cluster import questions as left_to_ask
from fitglue_registry.dedupe.sentences import sentence
from fitglue_registry.errors import Place, UserMistake
from fitglue_registry.matching.scoring import Deck, edge_of_opinion, reason_of_text
from fitglue_registry.store.activity_details import load_activity
from fitglue_registry.store.athletes import lock_athlete
from fitglue_registry.store.opinions import opinions_about
from fitglue_registry.store.references import resolve
from fitglue_registry.store.source_activity_rows import load_rows
from fitglue_registry.store.source_activity_search import members_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from sqlalchemy.engine import Connection as Db

    from fitglue_registry.dedupe import Card
    from fitglue_registry.matching.matcher import Matcher
    from fitglue_registry.store.activity_details import ActivityDetails, MemberRow
    from fitglue_registry.store.source_activity_rows import SourceActivityRow

#: What is told of each side of a pair.
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
    """Each two activities that may be one workout, side by side, with who asks and the evidence;
    newest first.
    """
    asked: dict[frozenset[str], list[Any]] = {}
    for question in _undecided(db, verdicts.open_questions(db, athlete_id)):
        asked.setdefault(frozenset((question.first_activity, question.second_activity)), []).append(
            question
        )
    for questions in asked.values():
        ids = {questions[0].first_activity, questions[0].second_activity}
        sides = sorted(
            (load_activity(db, activity_id) for activity_id in ids),
            key=lambda found: found.number,
        )
        if not any(found.gone_at for found in sides):
            yield {
                "sides": [_side(found) for found in sides],
                "asked": [_question(question) for question in questions],
            }


def _undecided(db: Db, questions: Sequence[Any]) -> list[Any]:
    """Without those of two activities of which another pair is known to be different: nobody need
    be asked.
    """
    if not questions:
        return []
    rows = load_rows(
        db,
        members_of(
            db,
            {
                one
                for question in questions
                for one in (question.first_activity, question.second_activity)
            },
        ),
    )
    cards = Deck(db).of(rows.values())
    groups: dict[str | None, list[Card]] = {}
    for card in cards:
        groups.setdefault(rows[card.id].activity_id, []).append(card)
    known = [
        said for said in opinions_about(db, rows) if {said.first_id, said.second_id} <= rows.keys()
    ]
    edges = claim_edges(cards) + [edge_of_opinion(said) for said in known]
    left = {
        (edge.first, edge.second)
        for edge in left_to_ask(list(groups.values()), edges, Scorer(learned_weights()).may_be_one)
    }
    return [one for one in questions if (one.first_id, one.second_id) in left]


def _side(found: ActivityDetails) -> dict[str, Any]:
    values = {name: getattr(found.activity, name, None) for name in SHOWN}
    device = found.activity.device
    return {
        **values,
        "number": found.number,
        "id": found.id,
        "device": device.name or device.product if device else None,
        "sources": [
            f"{member.connection}/{member.external_id}"
            for member in found.members
            if not member.gone
        ],
    }


def _question(question: Any) -> dict[str, Any]:
    return {"said_by": question.said_by, **evidence_of(question.reason)}


def evidence_of(reason: str) -> dict[str, Any]:
    """The probability, where one is told, and the lines of evidence: a reason is a sentence, or
    what the score keeps as JSON.
    """
    said = reason_of_text(reason)
    if said is None:
        return {"probability": None, "evidence": [reason]}
    lines = [f"{sentence(line, level)} ({bits:+.1f})" for line, level, bits in said.lines]
    return {
        "probability": said.probability,
        "evidence": lines + ([f"but {said.rule}"] if said.rule else []),
    }


def say_same(
    db: Db, matcher: Matcher, athlete_id: str, references: Sequence[str], now: str
) -> ActivityDetails:
    """These activities are one workout: merge them, and remember it; raises ``UserMistake``."""
    lock_athlete(db, athlete_id)
    found = _distinct(
        db, athlete_id, references, "name two or more; `fitglue activities` lists their numbers"
    )
    sides = _sides(db, found)
    verdicts.put_verdict(db, athlete_id, "same", sides, [_told(one) for one in found], now)
    _place(db, matcher, athlete_id, sides, now)
    homes = {
        row.activity_id
        for row in load_rows(
            db, [row.id for side in sides for row in side if not row.gone]
        ).values()
    }
    if len(homes) != 1:
        raise UserMistake(
            "FG-merge-refused",
            f"{_listed(found)} cannot become one activity",
            why="it would join two workouts that something else keeps apart; `fitglue why` says "
            "what",
            fix="take that verdict back first: fitglue duplicates undo",
        )
    return load_activity(db, str(homes.pop()))


def say_different(
    db: Db, matcher: Matcher, athlete_id: str, references: Sequence[str], now: str
) -> list[ActivityDetails]:
    """These activities are different workouts: remember it; raises ``UserMistake``."""
    lock_athlete(db, athlete_id)
    found = _distinct(
        db, athlete_id, references, f"take it apart: fitglue duplicates split {references[0]}"
    )
    sides = _sides(db, found)
    verdicts.put_verdict(db, athlete_id, "different", sides, [_told(one) for one in found], now)
    _place(db, matcher, athlete_id, sides, now)
    return found


def split(
    db: Db, matcher: Matcher, athlete_id: str, reference: str, source: str | None, now: str
) -> list[ActivityDetails]:
    """Take what a source says out of an activity, or both sources apart; what it parted into comes
    back, lowest number first.
    """
    lock_athlete(db, athlete_id)
    found = load_activity(db, resolve(db, athlete_id, reference))
    parts = _parted(found, source)
    rows = load_rows(db, [member.id for part in parts for member in part])
    sides = [[rows[member.id] for member in part] for part in parts]
    about = [_told(found, part) for part in parts]
    verdicts.put_verdict(db, athlete_id, "different", sides, about, now)
    _place(db, matcher, athlete_id, sides, now)
    return _activities_of(db, rows)


def take_back(
    db: Db, matcher: Matcher, athlete_id: str, number: int | None, now: str
) -> tuple[dict[str, Any], list[ActivityDetails]]:
    """Undo the last verdict, or that one: what it was, and the activities that it was about as they
    are now; raises ``UserMistake``.
    """
    lock_athlete(db, athlete_id)
    standing = [one for one in verdicts.load_verdicts(db, athlete_id) if one.undone_at is None]
    chosen = [one for one in standing if one.id == number] if number is not None else standing[-1:]
    if not chosen:
        known = ", ".join(str(one.id) for one in standing)
        raise UserMistake(
            "FG-verdict-unknown",
            f"there is no verdict {'' if number is None else f'{number} '}to undo",
            why=f"these stand: {known}" if known else None,
            fix="fitglue duplicates history",
        )
    ids = verdicts.undo(db, athlete_id, chosen[0], now)
    matcher.place(db, athlete_id, ids, now)
    return told(chosen[0]), _activities_of(db, ids)


def history(db: Db, athlete_id: str) -> list[dict[str, Any]]:
    """Every verdict of the athlete, newest first."""
    return [told(one) for one in reversed(verdicts.load_verdicts(db, athlete_id))]


def told(one: verdicts.Verdict) -> dict[str, Any]:
    """A verdict as plain values."""
    return {
        "verdict": one.id,
        "said": one.verdict,
        "about": list(one.about),
        "said_at": one.said_at,
        "undone_at": one.undone_at,
    }


def _distinct(
    db: Db, athlete_id: str, references: Sequence[str], fix: str
) -> list[ActivityDetails]:
    ids = list(dict.fromkeys(resolve(db, athlete_id, reference) for reference in references))
    if len(ids) < 2:
        raise UserMistake(
            "FG-one-activity",
            f"{' and '.join(references)} {'are' if len(references) > 1 else 'is'} one activity",
            at=Place(field="activity"),
            fix=fix,
        )
    return [load_activity(db, activity_id) for activity_id in ids]


def _sides(db: Db, found: Iterable[ActivityDetails]) -> list[list[SourceActivityRow]]:
    return [list(load_rows(db, [member.id for member in one.members]).values()) for one in found]


def _place(
    db: Db,
    matcher: Matcher,
    athlete_id: str,
    sides: Iterable[Sequence[SourceActivityRow]],
    now: str,
) -> None:
    matcher.place(db, athlete_id, [row.id for side in sides for row in side], now)


def _activities_of(db: Db, ids: Iterable[int]) -> list[ActivityDetails]:
    homes = {row.activity_id for row in load_rows(db, ids).values() if row.activity_id}
    return sorted((load_activity(db, one) for one in homes), key=lambda found: found.number)


def _parted(found: ActivityDetails, source: str | None) -> list[list[MemberRow]]:
    """The members on either side of a split; raises ``UserMistake`` where there is nothing to part,
    or it is not clear what.
    """
    names = {member.id: f"{member.connection}/{member.external_id}" for member in found.members}
    if len(found.members) < 2:
        raise UserMistake(
            "FG-one-source",
            f"activity {found.number} has one source, {next(iter(names.values()), 'none')}",
            fix="only what was merged can be split",
        )
    live = [member for member in found.members if not member.gone]
    if source is None and len(live) == 2:
        return [[member] for member in live]
    taken = [member for member in found.members if source and member.is_meant_by(source)]
    rest = [member for member in found.members if member not in taken]
    if taken and rest:
        return [rest, taken]
    what = (
        f"activity {found.number} has {len(names)} sources"
        if source is None
        else f"{source!r} is not one of its sources"
        if rest
        else (f"all of activity {found.number} is from {source}")
    )
    raise UserMistake(
        "FG-split-unclear",
        what,
        why=f"it is made of {', '.join(names.values())}",
        fix=f"name the one to take out: fitglue duplicates split {found.number} "
        f"{list(names.values())[-1]}",
    )


def _told(found: ActivityDetails, part: Sequence[MemberRow] | None = None) -> str:
    sources = " + ".join(
        f"{member.connection}/{member.external_id}" for member in part or found.members
    )
    start = found.activity.start_local or found.activity.start_utc
    day = f", {start:%Y-%m-%d %H:%M}" if start else ""
    return f"{found.number} {found.activity.title or 'untitled'}{day} ({sources})"


def _listed(found: Iterable[ActivityDetails]) -> str:
    return " and ".join(str(one.number) for one in found)
