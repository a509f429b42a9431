"""Refuses to believe that a record is gone while the list of its source says otherwise.

The address of a part can move, and then answers "not found" for every record. Only the list decides
that a record has vanished, wherever it can.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fitglue_registry.errors import ConnectionStopped, Place
from fitglue_registry.plugin_api import Unavailable, UnavailableState

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fitglue_registry.plugin_api import Part
    from fitglue_registry.sync.deriving.deriver import Derived
    from fitglue_registry.sync.deriving.pool import Pending
    from fitglue_registry.sync.fetching.answers import Derive
    from fitglue_registry.sync.run import Run

#: The code of the error.
LISTED_BUT_GONE = "FG-listed-but-gone"
_FIX = "nothing was deleted; if this does not end, report it to the plugin's author"


@dataclass(frozen=True, slots=True)
class Doubts:
    """Doubts about the answers for the parts of records that this run knows to exist.

    Attributes:
        run: The run.
        derive_believed: Derives the records of the answers that are believed.
    """

    run: Run
    derive_believed: Derive

    def derive(
        self,
        item: Part | Unavailable,
        others: Sequence[Part],
    ) -> Derived | Pending | None:
        """Derive the record of an answer, unless the answer is refuted."""
        if self.refute(item) is not None:
            return None
        return self.derive_believed(item, others)

    def refute(self, item: Part | Unavailable) -> ConnectionStopped | None:
        """Return an error if an answer says that a record is gone, and nothing else does.

        A record that this run has not listed becomes a suspect, see ``settle_suspects``.
        """
        if not isinstance(item, Unavailable) or item.state != UnavailableState.GONE:
            return None
        place = Place(field=f"{item.part} of {item.external_id}")
        if item.external_id in self.run.listed:
            return ConnectionStopped(
                LISTED_BUT_GONE,
                f"the source lists the workout, but does not find it under its id: {item.reason}",
                at=place,
                why="it was deleted a moment ago, or the address of the part has moved",
                fix=_FIX,
            )
        # An earlier run has listed the record. It may have been deleted since, and it may not.
        if self.run.context.entry.sync.deletions:
            error = ConnectionStopped(
                LISTED_BUT_GONE,
                f"the source does not find the workout under its id: {item.reason}",
                at=place,
                why="it was deleted, or the address of the part has moved",
                fix=_FIX,
            )
            self.run.suspects[item.external_id] = (item.part, error)
            return error
        return None
