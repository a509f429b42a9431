"""A destination of a pipeline, with the entry and the connection that it stands for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fitglue_registry.registry.entry import DeliveryTerms

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fitglue_registry.pipeline.document import DestinationStep
    from fitglue_registry.pipeline.subject import Member
    from fitglue_registry.registry import Entry

_NOTHING = DeliveryTerms(takes=())


@dataclass(frozen=True, slots=True)
class Target:
    """A destination of a pipeline."""

    step: DestinationStep
    entry: Entry
    connection_id: str | None = None  # None: it has no account

    @property
    def name(self) -> str:
        """The name of the step."""
        return self.step.name

    @property
    def terms(self) -> DeliveryTerms:
        """What it takes, and what it can do."""
        return self.entry.delivery or _NOTHING

    def excluded(self, members: Iterable[Member]) -> dict[int, str]:
        """Return the members whose data it must not get, with the reason for each.

        What was sent to it, or to another destination, never comes back to it as a better value.
        """
        excluded = {}
        for member in members:
            reason = self._reason(member)
            if reason is not None:
                excluded[member.id] = reason
        return excluded

    def _reason(self, member: Member) -> str | None:
        if member.is_echo:
            return f"{member.name} is what a pipeline has sent"
        if member.entry in self.terms.refuses:
            return f"{self.entry.name} must not get what came from {member.entry}"
        if self.terms.leaves_machine and not member.leaves_machine:
            return f"the terms of {member.entry} do not allow that it leaves this machine"
        return None

    def own_record(self, members: Iterable[Member]) -> Member | None:
        """Return the record of the activity that this account has already, if it has one.

        A record that a pipeline has sent does not count: its delivery knows it.
        """
        for member in members:
            is_here = member.connection_id == self.connection_id and not member.is_gone
            if is_here and not member.is_echo and not member.is_stub:
                return member
        return None
