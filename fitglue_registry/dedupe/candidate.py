"""What dedupe compares: one source activity as a candidate for being one workout with others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from fitglue_registry.dedupe.traits import Samples, Traits


def _no_samples() -> Samples | None:
    return None


@dataclass(frozen=True, slots=True)
class Candidate:
    """One source activity as the matcher sees it.

    ``key`` is its natural key (connection, external id, leg), which orders candidates the same in
    every store. ``read_samples`` reads its recording, which is slow.
    """

    id: int
    key: tuple[str, str, int]
    claims: frozenset[str]
    traits: Traits
    read_samples: Callable[[], Samples | None] = _no_samples

    @property
    def account(self) -> str:
        """The connection that lists it."""
        return self.key[0]
