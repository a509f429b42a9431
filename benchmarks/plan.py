"""How much a run of the benchmarks measures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is run, and where it may write."""

    scratch: Path
    quick: bool
    count: int | None = None
    rounds: int | None = None

    def size(self, full: int, quick: int) -> int:
        """How many activities."""
        return self.count or (quick if self.quick else full)

    def times(self, full: int, quick: int = 1) -> int:
        """How often."""
        return self.rounds or (quick if self.quick else full)
