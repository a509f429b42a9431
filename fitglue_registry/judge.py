"""The athlete's word: what is one workout and what is not, and which value is right; remembered,
and taken back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fitglue_registry.library import ME, Library

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fitglue_registry.matching.matcher import Matcher
    from fitglue_registry.store.activity_details import ActivityDetails


class Judge(Library):
    """A library whose activities can be decided about."""

    def merge_activities(self, references: Sequence[str], athlete: str = ME) -> ActivityDetails:
        """These activities are one workout: it is remembered, also for copies to come, and the one
        activity comes back.

        Raises ``UserMistake`` where they are one already, or where that would join what something
        else keeps apart.
        """
        from fitglue_registry.decisions.deciding import say_same

        matcher = self._matcher()
        with self.database.write() as db:
            return say_same(db, matcher, athlete, references, self.now)

    def keep_apart(self, references: Sequence[str], athlete: str = ME) -> list[ActivityDetails]:
        """These activities are different workouts: it is remembered, also for copies to come."""
        from fitglue_registry.decisions.deciding import say_different

        matcher = self._matcher()
        with self.database.write() as db:
            return say_different(db, matcher, athlete, references, self.now)

    def split_activity(
        self, reference: str, source: str | None = None, athlete: str = ME
    ) -> list[ActivityDetails]:
        """Take a source (a connection's name, an external id) out of an activity, or its two
        sources apart; the parts come back.
        """
        from fitglue_registry.decisions.deciding import split

        matcher = self._matcher()
        with self.database.write() as db:
            return split(db, matcher, athlete, reference, source, self.now)

    def edit_activity(
        self,
        reference: str,
        values: Mapping[str, str] | None = None,
        sources: Mapping[str, str] | None = None,
        reset: Sequence[str] = (),
        athlete: str = ME,
    ) -> ActivityDetails:
        """Set fields of an activity (``values``, as typed), say which connection gives them
        (``sources``), or leave them to the rules.

        What was chosen wins over every source, and stays. Raises ``UserMistake`` for a field or a
        value that cannot be one.
        """
        from fitglue_registry.decisions.editing import edit

        matcher = self._matcher()
        with self.database.write() as db:
            return edit(
                db, matcher, athlete, reference, values or {}, sources or {}, reset, self.now
            )

    def undo_verdict(
        self, number: int | None = None, athlete: str = ME
    ) -> tuple[dict[str, Any], list[ActivityDetails]]:
        """Take the last verdict back, or that one of ``verdicts``; it comes back with the
        activities that it was about, as they are now.
        """
        from fitglue_registry.decisions.deciding import take_back

        matcher = self._matcher()
        with self.database.write() as db:
            return take_back(db, matcher, athlete, number, self.now)

    def _matcher(self) -> Matcher:
        from fitglue_registry.matching.matcher import Matcher

        installed = set(self.plugins.names())
        experts = {
            entry.plugin.name for entry in self.catalogue if "fitglue_dedupe" in entry.hooks
        } & installed
        for name in experts:
            self.plugins.info(name)  # imported now, and not while a transaction waits for it
        kinds = {
            entry.id: {datum.path: datum.kind for datum in entry.data}
            for entry in self.catalogue.entries("source")
        }
        return Matcher(self.plugins, experts, self.catalogue.merge_rules, kinds)
