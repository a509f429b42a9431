"""Stores the quarantine: records that could not be normalized, each with the reason."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import sqlalchemy as sa

from fitglue_registry.model.stored import QuarantineStage
from fitglue_registry.store.joins import QUARANTINE
from fitglue_registry.store.json_text import json_text
from fitglue_registry.store.record_starts import START_COLUMNS, shown_start
from fitglue_registry.store.records import Attempt, RecordRow, select_records
from fitglue_registry.store.statements import IDS, Statement
from fitglue_registry.store.tables import connections, quarantine, records

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sqlalchemy.engine import Connection as Db

_RELEASE = Statement(
    sa.delete(quarantine).where(quarantine.c.record_id.in_(IDS)).returning(quarantine.c.record_id)
)


def put_in_quarantine(
    db: Db,
    record_id: int,
    error: Mapping[str, Any],
    attempt: Attempt,
) -> bool:
    """Put a record into quarantine, or count one more attempt if it is there already.

    Args:
        db: A transaction that may write.
        record_id: The record. Its raw parts stay, so it can be normalized again later.
        error: The parts of the error; ``code`` is required.
        attempt: The plugin that failed, and when.

    Returns:
        Whether this is new: the record was not in quarantine, or was there with another error.
    """
    values = {
        "stage": QuarantineStage.NORMALIZE,
        "error": json_text(error),
        "code": error["code"],
        "plugin": attempt.plugin,
        "plugin_version": attempt.plugin_version,
    }
    of_record = quarantine.c.record_id == record_id
    before = db.scalar(sa.select(quarantine.c.error).where(of_record))
    if before is None:
        values |= {
            "record_id": record_id,
            "since": attempt.at,
            "tries": 1,
        }
        db.execute(sa.insert(quarantine).values(values))
        return True
    one_more = quarantine.c.tries + 1
    db.execute(sa.update(quarantine).where(of_record).values(tries=one_more, **values))
    return bool(before != values["error"])


def release(db: Db, record_ids: Iterable[int]) -> set[int]:
    """Remove records from quarantine, and return the ids of those that were there."""
    return set(_RELEASE.each_scalar(db, record_ids))


def quarantined(
    db: Db,
    connection_id: str,
    *,
    not_version: str | None = None,
    not_code: str | None = None,
) -> list[RecordRow]:
    """Return the records of a connection that are in quarantine.

    Args:
        db: A transaction.
        connection_id: The connection.
        not_version: Leave out the records that this version of the plugin rejected, because it
            would reject them again.
        not_code: Leave out the records that are there with this code.
    """
    record_ids = sa.select(quarantine.c.record_id)
    if not_version is not None:
        version = quarantine.c.plugin_version
        record_ids = record_ids.where(sa.or_(version.is_(None), version != not_version))
    if not_code is not None:
        record_ids = record_ids.where(quarantine.c.code != not_code)
    query = select_records().where(
        records.c.id.in_(record_ids),
        records.c.connection_id == connection_id,
    )
    return [RecordRow(*row) for row in db.execute(query)]


def external_ids_with_code(
    db: Db,
    connection_id: str,
    code: str,
) -> set[str]:
    """Return the external ids of the records of a connection that are in quarantine with a code."""
    query = (
        sa.select(records.c.external_id)
        .join(quarantine, quarantine.c.record_id == records.c.id)
        .where(records.c.connection_id == connection_id, quarantine.c.code == code)
    )
    return set(db.scalars(query))


def list_quarantine(db: Db, athlete_id: str) -> list[dict[str, Any]]:
    """Return the records of an athlete that are in quarantine, the longest there first."""
    query = (
        sa.select(
            quarantine,
            records.c.external_id,
            records.c.start_local,
            *START_COLUMNS,
            connections.c.name,
        )
        .select_from(QUARANTINE)
        .where(connections.c.athlete_id == athlete_id)
        .order_by(quarantine.c.since)
    )
    return [_described(row) for row in db.execute(query)]


def _described(row: Any) -> dict[str, Any]:
    return {
        "connection": row.name,
        "external_id": row.external_id,
        **shown_start(row),
        "stage": row.stage,
        "since": row.since,
        "tries": row.tries,
        "plugin": row.plugin,
        "plugin_version": row.plugin_version,
        **msgspec.json.decode(row.error),
    }
