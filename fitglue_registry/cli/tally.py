"""Counts what the events of one sync of one connection report."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from fitglue_registry.cli.text import short_hashes, short_id
from fitglue_registry.model.stored import RunDecision
from fitglue_registry.services import events

if TYPE_CHECKING:
    from collections.abc import Iterable

#: The exit code if something is in quarantine, was not fetched, or its deletion is held.
_LEFT_OVER = 5


@dataclass
class Tally:
    """The counts and reasons that one sync of one connection has reported so far.

    Attributes:
        connection: The name of the connection.
        quarantined: External id → why the record is in quarantine.
        not_fetched: External id → why a part of the record was not fetched.
        unfinished: Path of a file → why it is not read before a later sync.
        listed: The number of rows that were listed.
        files: How many of them are files, or have one.
        copies: The number of files that are copies of other files.
        parts: Part → how many were stored.
        dry_run: Whether nothing is stored.
        reads_files: Whether the source reads files, instead of asking a service.
        paths: The files and folders that it reads.
        joins: What a dry run would merge, one line each.
        decided: Decision → how often it was made.
        held: The records whose deletion is held, or ``None`` if it is that of no record.
        ended: The last event of the sync, or ``None`` while it runs.
    """

    connection: str
    quarantined: dict[str, str] = field(default_factory=dict)
    not_fetched: dict[str, str] = field(default_factory=dict)
    unfinished: dict[str, str] = field(default_factory=dict)
    listed: int = 0
    files: int = 0
    copies: int = 0
    parts: Counter[str] = field(default_factory=Counter)
    dry_run: bool = False
    reads_files: bool = False
    paths: tuple[str, ...] = ()
    joins: list[str] = field(default_factory=list)
    decided: Counter[str] = field(default_factory=Counter)
    held: events.DeletionsHeld | None = None
    ended: events.SyncFinished | events.SyncStopped | None = None

    @property
    def unread(self) -> set[str]:
        """What could not be read, each file or folder once, with the reason.

        All workouts in a folder that cannot be opened have the same reason.
        """
        return set(self.not_fetched.values()) if self.reads_files else set()

    @property
    def is_left_over(self) -> bool:
        """Whether the sync left something that it could not complete."""
        return bool(self.quarantined or self.not_fetched or self.held)

    def take(
        self,
        event: events.Event,
    ) -> None:
        """Count an event."""
        match event:
            case events.SyncStarted():
                self.dry_run = event.dry_run
                self.reads_files = event.reads_files
                self.paths = event.paths
            case events.Decided():
                self._take_decision(event)
            case events.WindowListed():
                self.listed += event.rows
                self.files += event.files
                self.copies += event.copies
            case events.PartStored():
                self.parts[event.part] += 1
            case events.DeletionsHeld():
                self.held = event
            case events.SyncFinished() | events.SyncStopped():
                self.ended = event

    def _take_decision(
        self,
        event: events.Decided,
    ) -> None:
        self.decided[event.decision] += 1
        reason = event.reason or ""
        match event.decision:
            case events.WOULD_JOIN:
                self.joins.append(f"{short_id(event.external_id)}: {short_hashes(reason)}")
            case RunDecision.QUARANTINED:
                self.quarantined[event.external_id] = reason
            case RunDecision.NOT_FETCHED:
                self.not_fetched[event.external_id] = reason
            case RunDecision.LATER if self.reads_files:
                self.unfinished[event.external_id] = reason


def exit_code(tallies: Iterable[Tally]) -> int:
    """Return the code of the first connection that stopped, else 5 if anything is left over.

    Deletions that are held are left over until somebody has decided about them.
    """
    code = 0
    for tally in tallies:
        if isinstance(tally.ended, events.SyncStopped):
            return tally.ended.error.exit_code
        if tally.is_left_over:
            code = _LEFT_OVER
    return code
