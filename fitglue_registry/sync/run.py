"""One run of work on a connection, with the transactions that carry out what it decides."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.engine import Connection as Db

    from fitglue_registry.store.runs import RunLog
    from fitglue_registry.sync.context import SyncContext


@dataclass(frozen=True, slots=True)
class Transaction:
    """An open transaction of a run: all that is decided in it is stored together, or nothing."""

    context: SyncContext
    log: RunLog
    db: Db

    def decide(
        self,
        decision: str,
        record_id: int,
        reason: str | None = None,
    ) -> None:
        """Write down a decision about a record, in the transaction that carries it out."""
        self.log.decide(self.db, self.context.now, str(decision), record_id, reason)


@dataclass(frozen=True, slots=True)
class Run:
    """One run: what it works with, and the log of what it decides."""

    context: SyncContext
    log: RunLog

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """A transaction that carries out decisions.

        Where it is rolled back, the run has not decided, and the store has not learnt.
        """
        known = self.log.id
        counts = dict(self.log.counts)
        try:
            with self.context.database.write() as db:
                yield Transaction(self.context, self.log, db)
        except BaseException:
            self.log.rolled_back(known, counts)
            self.context.raws.forget_dictionaries()
            raise

    @contextmanager
    def rehearsal(self) -> Iterator[Transaction]:
        """A transaction that is rolled back when it ends, whatever was decided in it."""
        known = self.log.id
        counts = dict(self.log.counts)
        try:
            with self.context.database.write() as db:
                yield Transaction(self.context, self.log, db)
                db.rollback()
        finally:
            self.log.rolled_back(known, counts)
            self.context.raws.forget_dictionaries()
