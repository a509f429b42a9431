"""Which activities somebody asks for; it imports no database library, as commands need it early."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date


@dataclass(frozen=True, slots=True)
class Filter:
    """Which activities; days are local and both included."""

    since: date | None = None
    until: date | None = None
    sport: str | None = None
    source: str | None = None  # a connection's name, or a source's id
    text: str | None = None
    min_distance_m: float | None = None
    limit: int | None = None
