"""The transaction in which an athlete decides, with everything that a decision needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fitglue_registry.store.activity_details import load_activity
from fitglue_registry.store.references import resolve
from fitglue_registry.store.source_activity_rows import load_rows

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy.engine import Connection as Db

    from fitglue_registry.matching.matcher import Matcher
    from fitglue_registry.store.activity_details import ActivityDetails


@dataclass(frozen=True, slots=True)
class DecisionTransaction:
    """An open write transaction and the athlete who decides in it.

    A decision is stored and applied in one transaction, so that a process that is killed leaves
    both or neither.

    Attributes:
        db: The transaction.
        matcher: The matcher that applies the decision.
        athlete_id: The athlete.
        now: The time of the decision, as the store writes it.
    """

    db: Db
    matcher: Matcher
    athlete_id: str
    now: str

    def activity(self, reference: str) -> ActivityDetails:
        """Load the activity that a reference names; raise ``UserMistake`` if none does."""
        return load_activity(self.db, resolve(self.db, self.athlete_id, reference))

    def activities_of(self, ids: Iterable[int]) -> list[ActivityDetails]:
        """Load the activities to which these source activities belong, lowest number first."""
        rows = load_rows(self.db, ids).values()
        activity_ids = {row.activity_id for row in rows if row.activity_id}
        activities = [load_activity(self.db, activity_id) for activity_id in activity_ids]
        return sorted(activities, key=lambda activity: activity.number)

    def rematch(self, ids: Iterable[int]) -> None:
        """Match these source activities again."""
        self.matcher.rematch(self.db, self.athlete_id, ids, self.now)
