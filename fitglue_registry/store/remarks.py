"""Finds the activities of which something is missing or in doubt, as their sources say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import sqlalchemy as sa

from fitglue_registry.model import Completeness
from fitglue_registry.model.stored import RecordState, RunDecision
from fitglue_registry.store.joins import SOURCE_ACTIVITIES
from fitglue_registry.store.locations import unreadable_ids
from fitglue_registry.store.statements import chunks
from fitglue_registry.store.tables import connections, decisions, records, source_activities

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.engine import Connection as Db

#: Only documents with this text can have a remark. The text keeps a search from decoding the
#: others, which are nearly all.
_HAS_REASONS = source_activities.c.document.like('%"missing":{%')


class _Document(msgspec.Struct):
    """The only part of a document that is decoded here."""

    completeness: Completeness = Completeness()


def activities_with_remarks(db: Db, athlete_id: str) -> set[str]:
    """Return the ids of the activities of an athlete with at least one remark.

    A file that could not be read is missing, too. Records that are gone do not count.
    """
    query = (
        sa.select(source_activities.c.activity_id, source_activities.c.document)
        .select_from(SOURCE_ACTIVITIES)
        .where(
            connections.c.athlete_id == athlete_id,
            records.c.state != RecordState.GONE,
            source_activities.c.activity_id.is_not(None),
            _HAS_REASONS,
        )
    )
    return set(_with_remarks(db, query)) | _without_unreadable_file(db, athlete_id)


def _without_unreadable_file(db: Db, athlete_id: str) -> set[str]:
    """Return the ids of the activities that are made without a file that could not be read."""
    owned = sa.select(connections.c.id).where(connections.c.athlete_id == athlete_id)
    found: set[str] = set()
    for connection_id in db.scalars(owned).all():
        external_ids = sorted(unreadable_ids(db, connection_id))
        for chunk in chunks(external_ids):
            query = (
                sa.select(source_activities.c.activity_id)
                .select_from(SOURCE_ACTIVITIES)
                .where(
                    records.c.connection_id == connection_id,
                    records.c.external_id.in_(chunk),
                    records.c.state != RecordState.GONE,
                    source_activities.c.activity_id.is_not(None),
                )
            )
            found.update(db.scalars(query))
    return found


def count_new_with_remarks(db: Db, run_id: int) -> int:
    """Return how many records that a run stored as new have at least one remark."""
    is_new = sa.select(decisions.c.record_id).where(
        decisions.c.run_id == run_id,
        decisions.c.decision == RunDecision.NEW,
    )
    query = sa.select(source_activities.c.record_id, source_activities.c.document).where(
        source_activities.c.record_id.in_(is_new),
        _HAS_REASONS,
    )
    return len(set(_with_remarks(db, query)))


def _with_remarks(db: Db, query: sa.Select[Any]) -> Iterator[Any]:
    """Yield the key of each row of a query for key and document, if the document has remarks."""
    for key, document in db.execute(query):
        if msgspec.json.decode(document, type=_Document).completeness.remarks:
            yield key
