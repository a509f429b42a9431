"""Carries out what the athlete decides: same workout, different workouts, edited values, undo."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any

from fitglue_registry.decisions.editing import Edit, edit_activity
from fitglue_registry.decisions.open_questions import pairs_to_decide
from fitglue_registry.decisions.same_or_different import (
    decide_different,
    decide_same,
    history,
    split,
    undo,
)
from fitglue_registry.decisions.transaction import DecisionTransaction
from fitglue_registry.matching.crowds import crowded_days
from fitglue_registry.services.argument_types import checks_arguments
from fitglue_registry.services.boosting import run_used_boosters
from fitglue_registry.store.activity_details import load_activity
from fitglue_registry.workspace import ME

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from fitglue_registry.store.activity_details import ActivityDetails
    from fitglue_registry.workspace import Workspace

    Plain = dict[str, Any]


@checks_arguments
class Decisions:
    """The decisions of athletes about their activities.

    Each decision is remembered for copies that arrive later. Same and different can be undone, and
    an edit can be reset. Activities are named by a reference, see ``Activities.get``.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def same(self, references: Sequence[str], athlete: str = ME) -> ActivityDetails:
        """Decide that activities are the same workout, and merge them.

        Args:
            references: Two or more activities.
            athlete: The athlete.

        Returns:
            The merged activity.

        Raises:
            UserMistake: FG-activity-unknown, FG-activity-ambiguous, FG-one-activity if they are one
                already, or FG-merge-refused if an earlier decision or an opinion keeps them apart.
        """
        with self._transaction(athlete) as transaction:
            return decide_same(transaction, references)

    def different(self, references: Sequence[str], athlete: str = ME) -> list[ActivityDetails]:
        """Decide that activities are different workouts.

        Args:
            references: Two or more activities.
            athlete: The athlete.

        Returns:
            The activities.

        Raises:
            UserMistake: FG-activity-unknown, FG-activity-ambiguous, or FG-one-activity if all
                references lead to one activity.
        """
        with self._transaction(athlete) as transaction:
            return decide_different(transaction, references)

    def split(
        self,
        reference: str,
        source: str | None = None,
        athlete: str = ME,
    ) -> list[ActivityDetails]:
        """Decide that the records of an activity are different workouts, and split it.

        Args:
            reference: The activity.
            source: The name of a connection, or the external id of a record, that is split off. It
                may be left out if the activity has only two sources.
            athlete: The athlete.

        Returns:
            The resulting activities, lowest number first.

        Raises:
            UserMistake: FG-activity-unknown, FG-activity-ambiguous, FG-one-source if there is only
                one source, or FG-split-unclear if ``source`` does not name a part of the sources.
        """
        with self._transaction(athlete) as transaction:
            return split(transaction, reference, source)

    def edit(
        self,
        reference: str,
        values: Mapping[str, str] | None = None,
        sources: Mapping[str, str] | None = None,
        reset: Sequence[str] = (),
        athlete: str = ME,
    ) -> ActivityDetails:
        """Change values of an activity, permanently and with precedence over every source.

        Args:
            reference: The activity.
            values: Field → its new value as text, in the unit of the field's name; blank text
                clears the field. ``crop`` can be ``true`` or ``false``.
            sources: Field → the connection or record from which the value is taken.
            reset: Fields whose change is removed; ``all`` removes every change. ``crop`` undoes a
                crop that was made at a service, and ``crop`` with the value ``true`` applies it
                again.
            athlete: The athlete.

        Returns:
            The activity with its new values.

        Raises:
            UserMistake: FG-activity-unknown, FG-activity-ambiguous, FG-field-unknown,
                FG-field-twice, FG-value-refused, FG-sport-unknown, FG-source-unknown,
                FG-source-silent, FG-not-cropped or FG-crop-not-stored. Nothing is changed then.
        """
        wanted = Edit(values or {}, sources or {}, reset)
        with self._transaction(athlete) as transaction:
            edited = edit_activity(transaction, reference, wanted)
        with self._workspace.database.read() as db:
            # A booster may have computed something from the new values.
            return load_activity(db, edited.id)

    def undo(
        self, number: int | None = None, athlete: str = ME
    ) -> tuple[Plain, list[ActivityDetails]]:
        """Undo a decision that activities are the same or different.

        Args:
            number: The ``verdict`` of the decision in ``history``, or ``None`` for the last one.
            athlete: The athlete.

        Returns:
            The decision as in ``history``, and the activities that it was about as they are now.

        Raises:
            UserMistake: FG-verdict-unknown if no such decision can be undone.
        """
        with self._transaction(athlete) as transaction:
            return undo(transaction, number)

    def history(self, athlete: str = ME) -> list[Plain]:
        """Return the decisions of an athlete, newest first, including those that were undone.

        Returns:
            Rows with ``verdict`` (the number of the decision), ``said`` (``same`` or
            ``different``), ``about`` (a text for each activity), ``said_at`` and ``undone_at``.
        """
        with self._workspace.database.read() as db:
            return history(db, athlete)

    def pending(self, athlete: str = ME) -> list[Plain]:
        """Return the pairs of activities that may be one workout and are undecided.

        Returns:
            Rows with ``sides`` (the two activities as flat values) and ``asked`` (the opinions that
            are unsure, each with its evidence and its probability).
        """
        with self._workspace.database.read() as db:
            return list(pairs_to_decide(db, athlete))

    def not_compared(self, athlete: str = ME) -> list[Plain]:
        """Return the days whose workouts are so many, or so large, that none of them is compared.

        Args:
            athlete: The id of the athlete.

        Returns:
            Rows with ``day``, a day of the local clock, and ``workouts``, the number of records of
            workouts that start on it.
        """
        always = (datetime.min, datetime.max)  # noqa: DTZ901 - local times without a zone
        with self._workspace.database.read() as db:
            sizes = crowded_days(db, athlete, [always])
        return [{"day": day.isoformat(), "workouts": sizes[day].number} for day in sorted(sizes)]

    @contextmanager
    def _transaction(self, athlete: str) -> Iterator[DecisionTransaction]:
        # Plugins are imported here, before the transaction, because other writers wait for it.
        matcher = self._workspace.matcher()
        with self._workspace.database.write() as db:
            yield DecisionTransaction(db, matcher, athlete, self._workspace.now)
        run_used_boosters(self._workspace, athlete)
