"""The transactions of one run, each of which stores decisions together with their effects."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from fitglue_registry.store.athletes import lock_athlete
from fitglue_registry.store.runs import Decision

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.engine import Connection as Db

    from fitglue_registry.errors import FitglueError
    from fitglue_registry.model.stored import RecordState
    from fitglue_registry.store.records import RecordRow
    from fitglue_registry.store.runs import RunLog
    from fitglue_registry.sync.context import SyncContext


@dataclass(frozen=True, slots=True)
class Transaction:
    """An open transaction of a run; everything that is decided in it is committed together."""

    context: SyncContext
    log: RunLog
    db: Db
    decisions: list[Decision] = field(default_factory=list)

    def decide(
        self,
        decision: str,
        record_id: int,
        reason: str | None = None,
    ) -> None:
        """Note a decision about a record, which is stored at the end of the transaction.

        Args:
            decision: A value of ``RunDecision``, or ``no-`` with the name of a part.
            record_id: The record.
            reason: Why, for people to read.
        """
        self.decisions.append(Decision(str(decision), record_id, reason))

    def store_decisions(self) -> None:
        """Store the decisions that were made so far, all with one statement."""
        self.log.decide(self.db, self.context.now, self.decisions)


@dataclass(frozen=True, slots=True)
class Run:
    """One run: the context that it works in, and the log of its decisions.

    Attributes:
        context: The context.
        log: The log.
        listed: The external ids that the source has listed in this run. None of these records is
            deleted in it, whatever the source answers for one of their parts.
        confirmed: The external ids of the records whose deletion the athlete has confirmed: those
            whose deletion an earlier run has held and reported. Records that vanish in this run are
            not among them.
        suspects: External id → the name of a part that the source did not find, and the error, for
            records that this run has not listed. The list decides about them.
        vanished: The records that vanished in a dry run, by their ids, each with the state that a
            sync would give it: missing, or held.
    """

    context: SyncContext
    log: RunLog
    listed: set[str] = field(default_factory=set)
    confirmed: set[str] = field(default_factory=set)
    suspects: dict[str, tuple[str, FitglueError]] = field(default_factory=dict)
    vanished: dict[int, tuple[RecordRow, RecordState]] = field(default_factory=dict)

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Open a transaction that carries out decisions, and commit it at the end of the block.

        An exception in the block rolls the transaction back. The log in memory and the cached
        dictionaries are then restored too, so that they match the database.
        """
        run_id = self.log.id
        counts = dict(self.log.counts)
        try:
            with self.context.database.write() as db:
                lock_athlete(db, self.context.athlete_id)
                transaction = Transaction(self.context, self.log, db)
                yield transaction
                transaction.store_decisions()
        # Ctrl-C and GeneratorExit roll the transaction back as well. Without this, the log would
        # keep the id of a row that the rollback removed, and the next decision would refer to
        # it.
        except BaseException:
            self.log.rolled_back(run_id, counts)
            self.context.raws.forget_dictionaries()
            raise

    @contextmanager
    def dry_run_transaction(self) -> Iterator[Transaction]:
        """Open a transaction that is always rolled back at the end of the block."""
        run_id = self.log.id
        counts = dict(self.log.counts)
        try:
            with self.context.database.write() as db:
                lock_athlete(db, self.context.athlete_id)
                yield Transaction(self.context, self.log, db)
                db.rollback()
        finally:
            self.log.rolled_back(run_id, counts)
            self.context.raws.forget_dictionaries()
