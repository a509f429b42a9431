"""What the matcher takes into account of the decisions that the athlete made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fitglue_registry.decisions.edited_values import edits_of_groups, ids_with_edits
from fitglue_registry.decisions.pair_decisions import recall_decisions
from fitglue_registry.dedupe import Choice

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.engine import Connection as Db

    from fitglue_registry.store.source_activity_rows import SourceActivityRow


class RememberedDecisions:
    """The decisions of athletes, read from the store that is matched.

    It is the ``Remembered`` of the room matching, which is below this one.
    """

    def recall(
        self,
        db: Db,
        athlete_id: str,
        rows: Sequence[SourceActivityRow],
        now: str,
    ) -> None:
        """Write the opinions that follow from decisions about these source activities."""
        recall_decisions(db, athlete_id, rows, now)

    def edits(
        self,
        db: Db,
        athlete_id: str,
        groups: Sequence[Sequence[SourceActivityRow]],
    ) -> list[list[Choice]]:
        """The values that the athlete chose for each group, oldest first."""
        chosen = []
        for edits in edits_of_groups(db, athlete_id, groups):
            chosen.append([Choice(edit.field, edit.value, edit.giver) for edit in edits])
        return chosen

    def edited(
        self,
        db: Db,
        athlete_id: str,
        ids: Sequence[int],
    ) -> set[int]:
        """Those of these source activities whose activity may have edited values."""
        return ids_with_edits(db, athlete_id, ids)
