"""The filter of a list of activities.

It is not in ``lists.py``, so that a command can import it for its ``--help`` without SQLAlchemy.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date


@dataclass(frozen=True, slots=True)
class Filter:
    """The conditions that a listed activity meets; ``None`` is no condition.

    Attributes:
        since: The first day. A day is local, or that of UTC where no local time is known.
        until: The last day, which is included.
        sport: The sport, in upper or lower case.
        source: The name of a connection, or the id of a source.
        text: A text that the title contains, in upper or lower case.
        min_distance_m: The smallest distance in meters.
        remarks: Only activities of which a source says that something is missing or in doubt.
        held: Only activities that vanished from their source with many others, and that are kept
            until the athlete confirms their deletion.
        limit: How many activities are listed at most.
    """

    since: date | None = None
    until: date | None = None
    sport: str | None = None
    source: str | None = None
    text: str | None = None
    min_distance_m: float | None = None
    remarks: bool = False
    held: bool = False
    limit: int | None = None
