"""Decisions that activities are the same workout or different ones: carried out, and undone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fitglue_registry.decisions.pair_decisions import (
    DecidedSide,
    load_decisions,
    put_decision,
    undo_decision,
)
from fitglue_registry.errors import Place, UserMistake
from fitglue_registry.model.stored import Verdict
from fitglue_registry.store.activity_details import load_activity
from fitglue_registry.store.athletes import lock_athlete
from fitglue_registry.store.source_activity_rows import load_rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy.engine import Connection as Db

    from fitglue_registry.decisions.pair_decisions import PairDecision
    from fitglue_registry.decisions.transaction import DecisionTransaction
    from fitglue_registry.store.activity_details import ActivityDetails, MemberRow


def decide_same(transaction: DecisionTransaction, references: Sequence[str]) -> ActivityDetails:
    """Merge these activities, which are one workout, and remember it.

    Returns the one activity; raises ``UserMistake``.
    """
    lock_athlete(transaction.db, transaction.athlete_id)
    activities = _distinct(
        transaction, references, "name two or more; `fitglue activities` lists their numbers"
    )
    sides = [_whole_side(transaction, activity) for activity in activities]
    _carry_out(transaction, Verdict.SAME, sides)

    present: list[int] = []
    for side in sides:
        present += [row.id for row in side.rows if not row.gone]
    activity_ids = {row.activity_id for row in load_rows(transaction.db, present).values()}
    if len(activity_ids) != 1:
        raise UserMistake(
            "FG-merge-refused",
            f"{_numbers_of(activities)} cannot become one activity",
            why="it would join two workouts that something else keeps apart; `fitglue why` says "
            "what",
            fix="take that verdict back first: fitglue duplicates undo",
        )
    return load_activity(transaction.db, str(activity_ids.pop()))


def decide_different(
    transaction: DecisionTransaction, references: Sequence[str]
) -> list[ActivityDetails]:
    """Remember that these activities are different workouts; raises ``UserMistake``."""
    lock_athlete(transaction.db, transaction.athlete_id)
    activities = _distinct(
        transaction, references, f"take it apart: fitglue duplicates split {references[0]}"
    )
    sides = [_whole_side(transaction, activity) for activity in activities]
    _carry_out(transaction, Verdict.DIFFERENT, sides)
    return activities


def split(
    transaction: DecisionTransaction,
    reference: str,
    source: str | None,
) -> list[ActivityDetails]:
    """Take what a source says out of an activity, or its only two sources apart.

    Returns the activities that it has become, lowest number first; raises ``UserMistake``.
    """
    lock_athlete(transaction.db, transaction.athlete_id)
    activity = transaction.activity(reference)
    sides = [
        _side(transaction, activity, members) for members in _members_by_side(activity, source)
    ]
    ids = _carry_out(transaction, Verdict.DIFFERENT, sides)
    return transaction.activities_of(ids)


def undo(
    transaction: DecisionTransaction, number: int | None
) -> tuple[dict[str, Any], list[ActivityDetails]]:
    """Undo the last decision, or the one of that number.

    Returns what it was, and the activities that it was about as they are now; raises
    ``UserMistake``.
    """
    lock_athlete(transaction.db, transaction.athlete_id)
    decision = _to_undo(transaction, number)
    ids = undo_decision(transaction, decision)
    transaction.place(ids)
    return _as_plain_values(decision), transaction.activities_of(ids)


def history(db: Db, athlete_id: str) -> list[dict[str, Any]]:
    """Every decision of the athlete, newest first."""
    decisions = load_decisions(db, athlete_id)
    return [_as_plain_values(decision) for decision in reversed(decisions)]


def _carry_out(
    transaction: DecisionTransaction,
    verdict: Verdict,
    sides: Sequence[DecidedSide],
) -> list[int]:
    """Remember a decision and match what it is about anew; returns those source activities."""
    put_decision(transaction, verdict, sides)
    ids: list[int] = []
    for side in sides:
        ids += [row.id for row in side.rows]
    transaction.place(ids)
    return ids


def _to_undo(transaction: DecisionTransaction, number: int | None) -> PairDecision:
    decisions = load_decisions(transaction.db, transaction.athlete_id)
    in_force = [decision for decision in decisions if decision.undone_at is None]
    if number is None and in_force:
        return in_force[-1]
    for decision in in_force:
        if decision.id == number:
            return decision

    named = "" if number is None else f"{number} "
    known = ", ".join(str(decision.id) for decision in in_force)
    raise UserMistake(
        "FG-verdict-unknown",
        f"there is no verdict {named}to undo",
        why=f"these stand: {known}" if known else None,
        fix="fitglue duplicates history",
    )


def _as_plain_values(decision: PairDecision) -> dict[str, Any]:
    return {
        "verdict": decision.id,
        "said": decision.verdict,
        "about": list(decision.about),
        "said_at": decision.said_at,
        "undone_at": decision.undone_at,
    }


def _distinct(
    transaction: DecisionTransaction,
    references: Sequence[str],
    fix: str,
) -> list[ActivityDetails]:
    """Load the activities of these references; raises ``UserMistake`` where they are only one."""
    activities = {}
    for reference in references:
        activity = transaction.activity(reference)
        activities[activity.id] = activity
    if len(activities) < 2:
        verb = "are" if len(references) > 1 else "is"
        raise UserMistake(
            "FG-one-activity",
            f"{' and '.join(references)} {verb} one activity",
            at=Place(field="activity"),
            fix=fix,
        )
    return list(activities.values())


def _whole_side(transaction: DecisionTransaction, activity: ActivityDetails) -> DecidedSide:
    return _side(transaction, activity, activity.members)


def _side(
    transaction: DecisionTransaction,
    activity: ActivityDetails,
    members: Sequence[MemberRow],
) -> DecidedSide:
    rows = load_rows(transaction.db, [member.id for member in members])
    return DecidedSide(list(rows.values()), _described(activity, members))


def _described(activity: ActivityDetails, members: Sequence[MemberRow]) -> str:
    """One line of text for an activity, with those of its sources that are meant."""
    start = activity.activity.start_local or activity.activity.start_utc
    day = f", {start:%Y-%m-%d %H:%M}" if start else ""
    title = activity.activity.title or "untitled"
    sources = " + ".join(member.name for member in members)
    return f"{activity.number} {title}{day} ({sources})"


def _members_by_side(activity: ActivityDetails, source: str | None) -> list[Sequence[MemberRow]]:
    """The members on either side of a split.

    Raises ``UserMistake`` where there is nothing to split, or where it is not clear what to take
    out.
    """
    names = [member.name for member in activity.members]
    if len(names) < 2:
        only = names[0] if names else "none"
        raise UserMistake(
            "FG-one-source",
            f"activity {activity.number} has one source, {only}",
            fix="only what was merged can be split",
        )
    present = [member for member in activity.members if not member.gone]
    if source is None and len(present) == 2:
        return [[member] for member in present]

    taken: list[MemberRow] = []
    rest: list[MemberRow] = []
    for member in activity.members:
        is_taken = bool(source) and member.is_meant_by(str(source))
        (taken if is_taken else rest).append(member)
    if taken and rest:
        return [rest, taken]
    raise UserMistake(
        "FG-split-unclear",
        _what_is_unclear(activity, source, has_rest=bool(rest)),
        why=f"it is made of {', '.join(names)}",
        fix=f"name the one to take out: fitglue duplicates split {activity.number} {names[-1]}",
    )


def _what_is_unclear(
    activity: ActivityDetails,
    source: str | None,
    *,
    has_rest: bool,
) -> str:
    if source is None:
        return f"activity {activity.number} has {len(activity.members)} sources"
    if has_rest:
        return f"{source!r} is not one of its sources"
    return f"all of activity {activity.number} is from {source}"


def _numbers_of(activities: Iterable[ActivityDetails]) -> str:
    return " and ".join(str(activity.number) for activity in activities)
