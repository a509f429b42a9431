"""The transaction in which an athlete decides, with what every decision needs."""

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
    """An open write transaction, the athlete who decides in it, and the moment."""

    db: Db
    matcher: Matcher
    athlete_id: str
    now: str

    def activity(self, reference: str) -> ActivityDetails:
        """Load the activity that a reference names; raises ``UserMistake``."""
        return load_activity(self.db, resolve(self.db, self.athlete_id, reference))

    def activities_of(self, ids: Iterable[int]) -> list[ActivityDetails]:
        """Load the activities that these source activities belong to, lowest number first."""
        rows = load_rows(self.db, ids).values()
        activity_ids = {row.activity_id for row in rows if row.activity_id}
        activities = [load_activity(self.db, activity_id) for activity_id in activity_ids]
        return sorted(activities, key=lambda activity: activity.number)

    def place(self, ids: Iterable[int]) -> None:
        """Match these source activities anew."""
        self.matcher.place(self.db, self.athlete_id, ids, self.now)
