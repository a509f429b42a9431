"""Runs and their decisions in the store: what was done, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import sqlalchemy as sa

from fitglue_registry._version import __version__
from fitglue_registry.store.json_text import json_text
from fitglue_registry.store.statements import insert_one, insert_row
from fitglue_registry.store.tables import decisions, runs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.engine import Connection as Db


class RunLog:
    """One run.

    Its row is written with the first decision, so a run that finds nothing writes nothing.
    """

    def __init__(
        self,
        athlete_id: str,
        connection_id: str | None,
        kind: str,
        started_at: str,
        options: Mapping[str, Any],
    ) -> None:
        self.id: int | None = None
        self.counts: dict[str, int] = {}
        self._values = {
            "athlete_id": athlete_id,
            "connection_id": connection_id,
            "kind": kind,
            "started_at": started_at,
            "host_version": __version__,
            "options": msgspec.json.encode(dict(options)).decode(),
        }

    def decide(
        self,
        db: Db,
        at: str,
        decision: str,
        record_id: int | None = None,
        reason: str | None = None,
    ) -> None:
        """Write one decision inside the transaction that carries it out."""
        self._begin(db)
        insert_row(
            db,
            decisions,
            run_id=self.id,
            record_id=record_id,
            at=at,
            decision=decision,
            reason=reason,
        )
        self.counts[decision] = self.counts.get(decision, 0) + 1

    def end(
        self,
        db: Db,
        at: str,
        outcome: str,
        error: Mapping[str, Any] | None = None,
    ) -> None:
        """Say how the run ended; one that decided nothing and did not fail leaves no row."""
        if self.id is None and error is None:
            return
        self._begin(db)
        values = {
            "ended_at": at,
            "outcome": outcome,
            "counts": msgspec.json.encode(self.counts).decode(),
            "error": json_text(error) if error else None,
        }
        db.execute(sa.update(runs).where(runs.c.id == self.id).values(values))

    def rolled_back(self, known: int | None, counts: dict[str, int]) -> None:
        """A transaction was undone: the run is what it was before it."""
        self.id = known
        self.counts = counts

    def _begin(self, db: Db) -> None:
        if self.id is None:
            self.id = insert_one(db, runs, **self._values)


def last_runs(
    db: Db,
    athlete_id: str,
    limit: int = 10,
) -> list[dict[str, Any]]:
    """The newest runs of an athlete as plain values."""
    query = (
        sa.select(runs)
        .where(runs.c.athlete_id == athlete_id)
        .order_by(runs.c.id.desc())
        .limit(limit)
    )
    return [_plain(row._mapping) for row in db.execute(query)]


def _plain(row: Mapping[Any, Any]) -> dict[str, Any]:
    plain = dict(row)
    for name in ("counts", "options", "error"):
        text = plain[name]
        plain[name] = msgspec.json.decode(text) if text else None
    return plain


def decisions_of(db: Db, record_ids: list[int]) -> list[dict[str, Any]]:
    """All decisions about these records, oldest first."""
    query = (
        sa.select(
            decisions.c.record_id,
            decisions.c.run_id,
            decisions.c.at,
            decisions.c.decision,
            decisions.c.reason,
        )
        .where(decisions.c.record_id.in_(record_ids))
        .order_by(decisions.c.id)
    )
    return [dict(row._mapping) for row in db.execute(query)]
