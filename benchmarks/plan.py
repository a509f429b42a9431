"""How much a run of the benchmark measures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured, and the folder that the parts may write to."""

    scratch: Path
    quick: bool
    count: int | None = None
    rounds: int | None = None

    def size(self, full: int, quick: int) -> int:
        """Return the number of activities."""
        return self.count or (quick if self.quick else full)

    def times(self, full: int, quick: int = 1) -> int:
        """Return the number of repeats."""
        return self.rounds or (quick if self.quick else full)
