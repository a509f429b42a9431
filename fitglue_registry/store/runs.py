"""Stores the runs, and what each of them decided and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec
import sqlalchemy as sa

from fitglue_registry._version import __version__
from fitglue_registry.model.stored import RunKind
from fitglue_registry.store.json_text import json_text
from fitglue_registry.store.rows import insert_many, insert_one
from fitglue_registry.store.tables import decisions, runs

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy.engine import Connection as Db

    from fitglue_registry.model.stored import RunOutcome


@dataclass(frozen=True, slots=True)
class Decision:
    """One decision of a run.

    Attributes:
        decision: A value of ``RunDecision``, or ``no-`` with the name of a part.
        record_id: The record that it is about.
        reason: Why, for people to read.
    """

    decision: str
    record_id: int | None = None
    reason: str | None = None


class RunLog:
    """One run that is going on.

    Its row is written together with its first decision, so a run that finds nothing writes nothing.

    Args:
        athlete_id: The athlete.
        connection_id: The connection, or ``None`` for a run over all of them.
        kind: A value of ``RunKind``.
        started_at: The moment when it began.
        options: What the user asked for, as plain values.

    Attributes:
        id: The id of its row, or ``None`` until its first decision.
        counts: Decision → how many times it was made.
    """

    def __init__(
        self,
        athlete_id: str,
        connection_id: str | None,
        kind: RunKind,
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
        made: Sequence[Decision],
    ) -> None:
        """Store decisions, inside the transaction that carries them out.

        Args:
            db: That transaction.
            at: The moment.
            made: The decisions, in their order.
        """
        if not made:
            return
        self._begin(db)
        rows = []
        for decision in made:
            row = {
                "run_id": self.id,
                "record_id": decision.record_id,
                "at": at,
                "decision": decision.decision,
                "reason": decision.reason,
            }
            rows.append(row)
            self.counts[decision.decision] = self.counts.get(decision.decision, 0) + 1
        insert_many(db, decisions, rows)

    def end(
        self,
        db: Db,
        at: str,
        outcome: RunOutcome,
        error: Mapping[str, Any] | None = None,
    ) -> None:
        """Store how the run ended; a run that decided nothing and did not fail leaves no row."""
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

    def rolled_back(self, run_id: int | None, counts: dict[str, int]) -> None:
        """Restore ``id`` and ``counts`` to what they were before a transaction was rolled back."""
        self.id = run_id
        self.counts = counts

    def _begin(self, db: Db) -> None:
        if self.id is None:
            self.id = insert_one(db, runs, **self._values)


def last_runs(
    db: Db,
    athlete_id: str,
    limit: int = 10,
) -> list[dict[str, Any]]:
    """Return the newest runs of an athlete as plain values, newest first."""
    query = (
        sa.select(runs)
        .where(runs.c.athlete_id == athlete_id)
        .order_by(runs.c.id.desc())
        .limit(limit)
    )
    return [_plain(row._mapping) for row in db.execute(query)]


def runs_of_pipeline(
    db: Db,
    athlete_id: str,
    name: str,
    limit: int = 10,
) -> list[dict[str, Any]]:
    """Return the newest runs of the pipeline with this name as plain values, newest first."""
    query = (
        sa.select(runs)
        .where(runs.c.athlete_id == athlete_id, runs.c.kind == RunKind.PIPELINE)
        .order_by(runs.c.id.desc())
    )
    found: list[dict[str, Any]] = []
    with db.execute(query) as rows:
        for row in rows:
            run = _plain(row._mapping)
            if (run["options"] or {}).get("pipeline") == name:
                found.append(run)
            if len(found) == limit:
                break
    return found


def _plain(row: Mapping[Any, Any]) -> dict[str, Any]:
    plain = dict(row)
    for name in ("counts", "options", "error"):
        text = plain[name]
        plain[name] = msgspec.json.decode(text) if text else None
    return plain


def decisions_of(db: Db, record_ids: list[int]) -> list[dict[str, Any]]:
    """Return all decisions about these records, oldest first."""
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
