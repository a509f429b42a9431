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
    from collections.abc import Collection

    from fitglue_registry.plugin_api import Part
    from fitglue_registry.sync.deriving.deriver import Derived
    from fitglue_registry.sync.deriving.pool import Pending
    from fitglue_registry.sync.fetching.answers import Derive
    from fitglue_registry.sync.run import Run

_FIX = "nothing was deleted; if this does not end, report it to the plugin's author"


@dataclass(frozen=True, slots=True)
class Doubts:
    """Doubts about the answers for the parts of records that this run knows to exist.

    Attributes:
        run: The run.
        derive_believed: Derives the records of the answers that are believed.
        undated: The external ids of the records whose start is not known.
    """

    run: Run
    derive_believed: Derive
    undated: Collection[str] = ()

    def derive(self, item: Part | Unavailable) -> Derived | Pending | None:
        """Derive the record of an answer, unless the answer is refuted."""
        if self.refute(item) is not None:
            return None
        return self.derive_believed(item)

    def refute(self, item: Part | Unavailable) -> ConnectionStopped | None:
        """Return an error if an answer says that a record is gone, and nothing else does."""
        if not isinstance(item, Unavailable) or item.state != UnavailableState.GONE:
            return None
        place = Place(field=f"{item.part} of {item.external_id}")
        if item.external_id in self.run.listed:
            return ConnectionStopped(
                "FG-listed-but-gone",
                f"the source lists the workout, but does not find it under its id: {item.reason}",
                at=place,
                why="it was deleted a moment ago, or the address of the part has moved",
                fix=_FIX,
            )
        # This run has not listed the days of the record. A full walk does, and asks for the record
        # by id if they have lost it. It never misses a record without a start, such as a row that
        # is not that of a workout.
        is_missed_by_a_walk = item.external_id not in self.undated
        if self.run.context.entry.sync.deletions and is_missed_by_a_walk:
            return ConnectionStopped(
                "FG-listed-but-gone",
                f"the source does not find the workout under its id: {item.reason}",
                at=place,
                why="it was deleted, as the next full walk will find out, or the address of the "
                "part has moved",
                fix=_FIX,
            )
        return None
