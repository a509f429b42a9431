"""Passes the stored decisions of athletes to the matcher."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fitglue_registry.decisions.edited_values import edits_of_groups, ids_with_edits
from fitglue_registry.decisions.pair_decisions import recall_decisions
from fitglue_registry.dedupe import Choice

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.engine import Connection as Db

    from fitglue_registry.store.source_activity_rows import SourceActivityRow


class StoredDecisions:
    """The decisions of athletes, read from the store that is being matched.

    It implements the protocol ``fitglue_registry.matching.matcher.AthleteDecisions``.
    """

    def recall(
        self,
        db: Db,
        athlete_id: str,
        rows: Sequence[SourceActivityRow],
        now: str,
    ) -> None:
        """Store the opinions that follow from decisions about these source activities."""
        recall_decisions(db, athlete_id, rows, now)

    def edits(
        self,
        db: Db,
        athlete_id: str,
        groups: Sequence[Sequence[SourceActivityRow]],
    ) -> list[list[Choice]]:
        """Return the athlete's choices of values for each group, oldest first."""
        choices_by_group = []
        for edits in edits_of_groups(db, athlete_id, groups):
            choices_by_group.append(
                [Choice(edit.field, edit.value, edit.account) for edit in edits]
            )
        return choices_by_group

    def ids_with_edits(
        self,
        db: Db,
        athlete_id: str,
        ids: Sequence[int],
    ) -> set[int]:
        """Return those of these source activities whose activity may have edited values."""
        return ids_with_edits(db, athlete_id, ids)
