"""The activity that goes through a pipeline, with the records that it was merged from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from fitglue_registry.model import SourceActivity, Stream


@dataclass(frozen=True, slots=True)
class Member:
    """One record of an activity."""

    id: int  # the id of its source activity
    connection_id: str
    connection: str  # the name of the connection
    entry: str  # the id of its source
    external_id: str
    is_gone: bool = False
    is_stub: bool = False
    is_echo: bool = False  # it is what a pipeline has sent, and that a source lists now
    leaves_machine: bool = True  # whether the terms of its source allow that it is sent on

    @property
    def name(self) -> str:
        """The name of its record, as screens show it."""
        return f"{self.connection}/{self.external_id}"


class Subject(Protocol):
    """One activity on its way through a pipeline; what takes long is loaded when it is needed."""

    activity_id: str
    number: int
    day: str | None
    members: Sequence[Member]

    def merged_without(self, excluded: Collection[int]) -> SourceActivity | None:
        """Return the activity as it would be without these members; ``None`` if nothing is left."""

    def streams(self, excluded: Collection[int]) -> tuple[Stream, ...]:
        """Return the streams of the activity, which are never those of these members."""

    def stream_types(self, excluded: Collection[int]) -> frozenset[str]:
        """Return the types of these streams."""
