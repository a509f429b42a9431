"""The class ``Candidate``: a source activity that may be one workout with others."""

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

    Attributes:
        id: The id of the source activity in its store.
        key: The natural key: account, external id, number of the leg. Ids differ between stores
            that hold the same records, so every order is by key.
        claims: The identities that the source activity asserts, such as ``strava:987``.
        traits: The values that are compared.
        read_samples: Reads the recording, or returns ``None`` if the store has none. It is slow,
            so it is called only for pairs that are in doubt.
    """

    id: int
    key: tuple[str, str, int]
    claims: frozenset[str]
    traits: Traits
    read_samples: Callable[[], Samples | None] = _no_samples

    @property
    def account(self) -> str:
        """The account whose connection lists the source activity."""
        return self.key[0]
