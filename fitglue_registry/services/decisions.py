"""What the athlete decides: what is one workout and what is not, and which value is right."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fitglue_registry.decisions import deciding, editing
from fitglue_registry.workspace import ME

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fitglue_registry.store.activity_details import ActivityDetails
    from fitglue_registry.workspace import Workspace


class Decisions:
    """Decisions of athletes about their activities; each is remembered, and can be undone."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def same(self, references: Sequence[str], athlete: str = ME) -> ActivityDetails:
        """These activities are one workout: merge them, and remember it for copies to come.

        Returns the one activity. Raises ``UserMistake`` where they are one already, or where that
        would join what something else keeps apart.
        """
        matcher = self._workspace.matcher()
        with self._workspace.database.write() as db:
            return deciding.say_same(db, matcher, athlete, references, self._workspace.now)

    def different(self, references: Sequence[str], athlete: str = ME) -> list[ActivityDetails]:
        """These activities are different workouts: remember it, also for copies to come."""
        matcher = self._workspace.matcher()
        with self._workspace.database.write() as db:
            return deciding.say_different(db, matcher, athlete, references, self._workspace.now)

    def split(
        self, reference: str, source: str | None = None, athlete: str = ME
    ) -> list[ActivityDetails]:
        """Take one source out of an activity, or its only two sources apart.

        ``source`` is the name of a connection or an external id. Returns the activities that the
        one has become.
        """
        matcher = self._workspace.matcher()
        with self._workspace.database.write() as db:
            return deciding.split(db, matcher, athlete, reference, source, self._workspace.now)

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
        matcher = self._workspace.matcher()
        now = self._workspace.now
        with self._workspace.database.write() as db:
            return editing.edit(
                db, matcher, athlete, reference, values or {}, sources or {}, reset, now
            )

    def undo(
        self, number: int | None = None, athlete: str = ME
    ) -> tuple[dict[str, Any], list[ActivityDetails]]:
        """Undo the last decision, or the one of that number in ``history``.

        Returns it with the activities that it was about, as they are now.
        """
        matcher = self._workspace.matcher()
        with self._workspace.database.write() as db:
            return deciding.take_back(db, matcher, athlete, number, self._workspace.now)

    def history(self, athlete: str = ME) -> list[dict[str, Any]]:
        """Every decision of an athlete, newest first, also those that were undone."""
        with self._workspace.database.read() as db:
            return deciding.history(db, athlete)

    def pending(self, athlete: str = ME) -> list[dict[str, Any]]:
        """Each two activities that may be one workout, which nobody has decided about yet.

        They are side by side, with the evidence.
        """
        with self._workspace.database.read() as db:
            return list(deciding.pairs_to_decide(db, athlete))
