"""A secret store in memory, for tests and for applications that keep no secrets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fitglue_registry.secrets.references import missing, new_reference

if TYPE_CHECKING:
    from collections.abc import Mapping


class MemorySecretStore:
    """A secret store in memory, which loses everything when the process ends."""

    def __init__(self) -> None:
        self._values: dict[str, dict[str, str]] = {}

    def get(self, ref: str) -> dict[str, str]:
        """Return a copy of the values."""
        if ref not in self._values:
            raise missing(ref)
        return dict(self._values[ref])

    def put(self, owner: str, values: Mapping[str, str]) -> str:
        """Store a copy of the values, and return their new reference."""
        ref = new_reference("memory", owner)
        self._values[ref] = dict(values)
        return ref

    def delete(self, ref: str) -> None:
        """Delete the values; missing ones are no error."""
        self._values.pop(ref, None)
