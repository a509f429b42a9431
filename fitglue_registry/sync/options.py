"""What somebody asks of a sync; it imports nothing, since the command reads it for its help."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date


@dataclass(frozen=True, slots=True)
class Options:
    """What somebody asked of a sync; days are the athlete's local ones, both included."""

    since: date | None = None
    until: date | None = None
    full: bool = False
    streams: bool = True
    files: bool = False
    dry_run: bool = False

    def wants(self, part_option: str | None, *, default: bool) -> bool:
        """Whether a part of the entry is wanted of records that were never asked for it."""
        if default:
            return True
        return bool(part_option and getattr(self, part_option, False))
