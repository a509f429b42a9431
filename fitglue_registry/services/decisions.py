"""What the athlete decides: what is one workout and what is not, and which value is right."""

from __future__ import annotations

from contextlib import contextmanager
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
from fitglue_registry.workspace import ME

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from fitglue_registry.store.activity_details import ActivityDetails
    from fitglue_registry.workspace import Workspace

    Plain = dict[str, Any]


class Decisions:
    """Decisions of athletes about their activities; each is remembered, and can be undone."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def same(self, references: Sequence[str], athlete: str = ME) -> ActivityDetails:
        """These activities are one workout: merge them, and remember it for copies to come.

        Returns the one activity. Raises ``UserMistake`` where they are one already, or where that
        would join what something else keeps apart.
        """
        with self._transaction(athlete) as transaction:
            return decide_same(transaction, references)

    def different(self, references: Sequence[str], athlete: str = ME) -> list[ActivityDetails]:
        """These activities are different workouts: remember it, also for copies to come."""
        with self._transaction(athlete) as transaction:
            return decide_different(transaction, references)

    def split(
        self,
        reference: str,
        source: str | None = None,
        athlete: str = ME,
    ) -> list[ActivityDetails]:
        """Take one source out of an activity, or its only two sources apart.

        ``source`` is the name of a connection or an external id. Returns the activities that the
        one has become.
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
        """Choose values of an activity; what is chosen wins over every source, and stays.

        ``values`` sets fields, as typed; ``sources`` names the connection that gives a field;
        ``reset`` leaves fields to the rules again. Raises ``UserMistake`` for a field or a value
        that cannot be one.
        """
        wanted = Edit(values or {}, sources or {}, reset)
        with self._transaction(athlete) as transaction:
            return edit_activity(transaction, reference, wanted)

    def undo(
        self, number: int | None = None, athlete: str = ME
    ) -> tuple[Plain, list[ActivityDetails]]:
        """Undo the last decision, or the one of that number in ``history``.

        Returns it with the activities that it was about, as they are now.
        """
        with self._transaction(athlete) as transaction:
            return undo(transaction, number)

    def history(self, athlete: str = ME) -> list[Plain]:
        """Every decision of an athlete, newest first, also those that were undone."""
        with self._workspace.database.read() as db:
            return history(db, athlete)

    def pending(self, athlete: str = ME) -> list[Plain]:
        """Each two activities that may be one workout, which nobody has decided about yet.

        They are side by side, with the evidence.
        """
        with self._workspace.database.read() as db:
            return list(pairs_to_decide(db, athlete))

    @contextmanager
    def _transaction(self, athlete: str) -> Iterator[DecisionTransaction]:
        # What the matcher needs is imported before the transaction, and not while others wait.
        matcher = self._workspace.matcher()
        with self._workspace.database.write() as db:
            yield DecisionTransaction(db, matcher, athlete, self._workspace.now)
