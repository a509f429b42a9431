"""Carries out and undoes the decisions that activities are the same workout or different ones."""

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
    """Merge activities that are one workout, and store this decision.

    Args:
        transaction: The transaction in which the athlete decides.
        references: The activities, as a person names them.

    Returns:
        The merged activity.

    Raises:
        UserMistake: The activities do not exist, are one already (FG-one-activity), or cannot be
            merged (FG-merge-refused). The caller's transaction must then be rolled back.
    """
    # Locked before reading, here and below, so that no sync changes the members in between.
    lock_athlete(transaction.db, transaction.athlete_id)
    activities = _distinct(
        transaction, references, "name two or more; `fitglue activities` lists their numbers"
    )
    sides = [_complete_side(transaction, activity) for activity in activities]
    _carry_out(transaction, Verdict.SAME, sides)

    # Clustering may have refused to join them, because of another decision or opinion.
    # Members whose record is gone are in no cluster, so they do not count.
    present: list[int] = []
    for side in sides:
        present += [row.id for row in side.rows if not row.gone]
    activity_ids = {row.activity_id for row in load_rows(transaction.db, present).values()}
    if len(activity_ids) != 1:
        raise UserMistake(
            "FG-merge-refused",
            f"{_numbers_of(activities)} cannot become one activity",
            why="an earlier decision or an opinion keeps two of their sources apart; `fitglue why` "
            "shows which",
            fix="if it is a decision, undo it first: fitglue duplicates undo",
        )
    return load_activity(transaction.db, str(activity_ids.pop()))


def decide_different(
    transaction: DecisionTransaction, references: Sequence[str]
) -> list[ActivityDetails]:
    """Store the decision that activities are different workouts, and return the activities.

    Raises:
        UserMistake: The activities do not exist, or are one activity (FG-one-activity).
    """
    lock_athlete(transaction.db, transaction.athlete_id)
    activities = _distinct(
        transaction, references, f"to split it: fitglue duplicates split {references[0]}"
    )
    sides = [_complete_side(transaction, activity) for activity in activities]
    _carry_out(transaction, Verdict.DIFFERENT, sides)
    return activities


def split(
    transaction: DecisionTransaction,
    reference: str,
    source: str | None,
) -> list[ActivityDetails]:
    """Split one source off an activity, and store this decision.

    Args:
        transaction: The transaction in which the athlete decides.
        reference: The activity, as a person names it.
        source: The connection or the record to split off. It can be left out if the activity has
            only two sources.

    Returns:
        The activities that the one has become, lowest number first.

    Raises:
        UserMistake: The activity does not exist or has only one source (FG-one-source), or the
            source is not clear (FG-split-unclear).
    """
    lock_athlete(transaction.db, transaction.athlete_id)
    activity = transaction.activity(reference)
    sides = []
    for members in _members_by_side(activity, source):
        sides.append(_side(transaction, activity, members))
    ids = _carry_out(transaction, Verdict.DIFFERENT, sides)
    return transaction.activities_of(ids)


def undo(
    transaction: DecisionTransaction, number: int | None
) -> tuple[dict[str, Any], list[ActivityDetails]]:
    """Undo the last decision, or the one with this number.

    Returns:
        The decision as ``history`` lists it, and the activities that it was about, as they are now.

    Raises:
        UserMistake: FG-verdict-unknown if no such decision can be undone.
    """
    lock_athlete(transaction.db, transaction.athlete_id)
    decision = _decision_to_undo(transaction, number)
    ids = undo_decision(transaction, decision)
    transaction.rematch(ids)
    return _as_plain_values(decision), transaction.activities_of(ids)


def history(db: Db, athlete_id: str) -> list[dict[str, Any]]:
    """Return every decision of the athlete, newest first, including those that were undone.

    Each has ``verdict`` (its number), ``said`` (same or different), ``about`` (a line for each
    side), ``said_at`` and ``undone_at``.
    """
    decisions = load_decisions(db, athlete_id)
    return [_as_plain_values(decision) for decision in reversed(decisions)]


def _carry_out(
    transaction: DecisionTransaction,
    verdict: Verdict,
    sides: Sequence[DecidedSide],
) -> list[int]:
    """Store a decision, match its source activities again, and return their ids."""
    # Matching recalls the decision from the store, so it is stored first.
    put_decision(transaction, verdict, sides)
    ids: list[int] = []
    for side in sides:
        ids += [row.id for row in side.rows]
    transaction.rematch(ids)
    return ids


def _decision_to_undo(transaction: DecisionTransaction, number: int | None) -> PairDecision:
    """Return the decision to undo; raise ``UserMistake`` if it does not exist or was
    undone before.
    """
    decisions = load_decisions(transaction.db, transaction.athlete_id)
    in_force = [decision for decision in decisions if decision.undone_at is None]
    # Decisions come oldest first.
    if number is None and in_force:
        return in_force[-1]
    for decision in in_force:
        if decision.id == number:
            return decision

    what = "there is no decision to undo"
    if number is not None:
        what = f"decision {number} does not exist or was undone before"
    known = ", ".join(str(decision.id) for decision in in_force)
    raise UserMistake(
        "FG-verdict-unknown",
        what,
        why=f"these decisions can be undone: {known}" if known else None,
        fix="fitglue duplicates history",
    )


def _as_plain_values(decision: PairDecision) -> dict[str, Any]:
    """Return a decision in the form that ``history`` lists."""
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
    """Load the activities of these references; raise ``UserMistake`` if they are only one."""
    # Two references may name one activity: by its number, and by the id of a record.
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


def _complete_side(transaction: DecisionTransaction, activity: ActivityDetails) -> DecidedSide:
    return _side(transaction, activity, activity.members)


def _side(
    transaction: DecisionTransaction,
    activity: ActivityDetails,
    members: Sequence[MemberRow],
) -> DecidedSide:
    """Return the side of a decision that consists of these members."""
    rows = load_rows(transaction.db, [member.id for member in members])
    return DecidedSide(list(rows.values()), _described(activity, members))


def _described(activity: ActivityDetails, members: Sequence[MemberRow]) -> str:
    """Return a line of text that describes an activity and the sources that are meant."""
    # The text is stored, because the activity may have another title, or be gone, later.
    start = activity.activity.start_local or activity.activity.start_utc
    day = f", {start:%Y-%m-%d %H:%M}" if start else ""
    if start and start.tzinfo:
        day += " UTC"
    title = activity.activity.title or "untitled"
    sources = " + ".join(member.name for member in members)
    return f"{activity.number} {title}{day} ({sources})"


def _members_by_side(activity: ActivityDetails, source: str | None) -> list[Sequence[MemberRow]]:
    """Return the members on each side of a split: those that stay, and those to split off.

    Raise ``UserMistake`` if there is nothing to split, or if it is not clear what to split off.
    """
    names = [member.name for member in activity.members]
    if len(names) < 2:
        only = names[0] if names else "none"
        raise UserMistake(
            "FG-one-source",
            f"activity {activity.number} has only one source, {only}",
            fix="only an activity that has several sources can be split",
        )
    # Members whose record is gone do not count: the athlete does not see them.
    present = [member for member in activity.members if not member.gone]
    if source is None and len(present) == 2:
        return [[member] for member in present]

    split_off: list[MemberRow] = []
    remaining: list[MemberRow] = []
    for member in activity.members:
        is_meant = bool(source) and member.is_meant_by(str(source))
        (split_off if is_meant else remaining).append(member)
    if split_off and remaining:
        return [remaining, split_off]
    raise UserMistake(
        "FG-split-unclear",
        _unclear_split(activity, source, is_any_left=bool(remaining)),
        why=f"its sources are {', '.join(names)}",
        fix=f"name the one to split off: fitglue duplicates split {activity.number} {names[-1]}",
    )


def _unclear_split(
    activity: ActivityDetails,
    source: str | None,
    *,
    is_any_left: bool,
) -> str:
    """Return why it is not clear what to split off."""
    if source is None:
        return f"activity {activity.number} has {len(activity.members)} sources"
    if is_any_left:
        return f"{source!r} is not one of its sources"
    return f"all of activity {activity.number} is from {source}"


def _numbers_of(activities: Iterable[ActivityDetails]) -> str:
    return " and ".join(str(activity.number) for activity in activities)
