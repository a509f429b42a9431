"""Stores pipelines with their versions, and how far each of them has read the changes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec
import sqlalchemy as sa

from fitglue_registry.model.stored import DeliveryState, PipelineState
from fitglue_registry.store.activity_changes import newest_change
from fitglue_registry.store.athletes import ensure_athlete, lock_athlete
from fitglue_registry.store.pipeline_tables import (
    deliveries,
    offers,
    pipeline_versions,
    pipelines,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.engine import Connection as Db

_WITH_DOCUMENT = (
    sa.select(pipelines, pipeline_versions.c.document)
    .join(
        pipeline_versions,
        sa.and_(
            pipeline_versions.c.pipeline_id == pipelines.c.id,
            pipeline_versions.c.version == pipelines.c.version,
        ),
    )
    .order_by(pipelines.c.created_at, pipelines.c.id)
)


@dataclass(frozen=True, slots=True)
class PipelineRow:
    """One pipeline with its newest document."""

    id: str
    athlete_id: str
    name: str
    state: PipelineState
    version: int
    after_change: int  # the id of the last change that it has seen
    document: str  # JSON
    created_at: str
    updated_at: str

    @property
    def is_active(self) -> bool:
        """Whether it may send anything."""
        return self.state == PipelineState.ACTIVE


@dataclass(frozen=True, slots=True)
class PipelineVersion:
    """One version of a pipeline."""

    version: int
    document: str  # JSON
    at: str


def list_pipelines(db: Db, athlete_id: str) -> list[PipelineRow]:
    """Return the pipelines of an athlete that were not deleted, oldest first."""
    query = _WITH_DOCUMENT.where(
        pipelines.c.athlete_id == athlete_id,
        pipelines.c.state != PipelineState.DELETED,
    )
    return [_row(row) for row in db.execute(query)]


def pipeline_of(db: Db, pipeline_id: str) -> PipelineRow | None:
    """Return the pipeline with this id, or ``None`` if it was deleted or never existed."""
    query = _WITH_DOCUMENT.where(
        pipelines.c.id == pipeline_id,
        pipelines.c.state != PipelineState.DELETED,
    )
    row = db.execute(query).first()
    return None if row is None else _row(row)


def names_of_pipelines(db: Db, ids: Sequence[str]) -> dict[str, str]:
    """Return id → name of these pipelines; one that was deleted has the name that it had last."""
    query = (
        sa.select(pipelines.c.id, pipelines.c.name, pipeline_versions.c.document)
        .join(
            pipeline_versions,
            sa.and_(
                pipeline_versions.c.pipeline_id == pipelines.c.id,
                pipeline_versions.c.version == pipelines.c.version,
            ),
        )
        .where(pipelines.c.id.in_(ids))
    )
    return {row.id: row.name or _name_in(row) for row in db.execute(query)}


def _name_in(row: Any) -> str:
    """Return the name in the last document of a pipeline, or its id if that is damaged."""
    try:
        return str(msgspec.json.decode(row.document)["name"])
    except (msgspec.DecodeError, KeyError, TypeError):
        return str(row.id)


def add_pipeline(
    db: Db,
    row: PipelineRow,
) -> None:
    """Store a new pipeline, which begins with the next change of the athlete's activities.

    Args:
        db: A transaction that may write.
        row: The pipeline; its ``after_change`` is determined here.
    """
    ensure_athlete(db, row.athlete_id, row.created_at)
    # A transaction that is about to write a change must see the pipeline, or end before it begins.
    lock_athlete(db, row.athlete_id)
    values = {
        "id": row.id,
        "athlete_id": row.athlete_id,
        "name": row.name,
        "state": row.state,
        "version": row.version,
        "after_change": newest_change(db),
        "created_at": row.created_at,
        "updated_at": row.updated_at,
    }
    db.execute(sa.insert(pipelines).values(values))
    _add_version(db, row.id, row.version, row.document, row.created_at)


def add_version(
    db: Db,
    row: PipelineRow,
    name: str,
    document: str,
    now: str,
) -> int:
    """Store a new version of a pipeline, and return its number.

    Args:
        db: A transaction that may write.
        row: The pipeline as it is.
        name: Its name in the new document.
        document: The new document, as JSON.
        now: The moment that is stored.
    """
    version = row.version + 1
    values = {"name": name, "version": version, "updated_at": now}
    db.execute(sa.update(pipelines).where(pipelines.c.id == row.id).values(values))
    _add_version(db, row.id, version, document, now)
    return version


def _add_version(
    db: Db,
    pipeline_id: str,
    version: int,
    document: str,
    now: str,
) -> None:
    values = {
        "pipeline_id": pipeline_id,
        "version": version,
        "document": document,
        "at": now,
    }
    db.execute(sa.insert(pipeline_versions).values(values))


def versions_of(db: Db, pipeline_id: str) -> list[PipelineVersion]:
    """Return every version of a pipeline, newest first."""
    query = (
        sa.select(
            pipeline_versions.c.version,
            pipeline_versions.c.document,
            pipeline_versions.c.at,
        )
        .where(pipeline_versions.c.pipeline_id == pipeline_id)
        .order_by(pipeline_versions.c.version.desc())
    )
    return [PipelineVersion(*row) for row in db.execute(query)]


def set_pipeline_state(
    db: Db,
    pipeline_id: str,
    state: PipelineState,
    now: str,
) -> None:
    """Store that a pipeline is active or paused from now on."""
    values = {"state": state, "updated_at": now}
    db.execute(sa.update(pipelines).where(pipelines.c.id == pipeline_id).values(values))


def delete_pipeline(db: Db, pipeline_id: str, now: str) -> None:
    """Delete a pipeline and everything that it has not sent yet.

    Its row, its versions and what it has sent stay, so that what it sent is still recognized when
    it returns. Another pipeline may have its name.
    """
    values = {"state": PipelineState.DELETED, "name": None, "updated_at": now}
    db.execute(sa.update(pipelines).where(pipelines.c.id == pipeline_id).values(values))
    db.execute(sa.delete(offers).where(offers.c.pipeline_id == pipeline_id))
    never_sent = (
        deliveries.c.pipeline_id == pipeline_id,
        deliveries.c.state == DeliveryState.PLANNED,
        deliveries.c.sent_at.is_(None),
    )
    db.execute(sa.delete(deliveries).where(*never_sent))


def move_on(db: Db, pipeline_id: str, after_change: int) -> None:
    """Store that a pipeline has seen the changes up to this one."""
    this = pipelines.c.id == pipeline_id
    db.execute(sa.update(pipelines).where(this).values(after_change=after_change))


def _row(row: Any) -> PipelineRow:
    return PipelineRow(
        id=row.id,
        athlete_id=row.athlete_id,
        name=row.name,
        state=PipelineState(row.state),
        version=row.version,
        after_change=row.after_change,
        document=row.document,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )
