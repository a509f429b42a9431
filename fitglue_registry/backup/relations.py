"""Checks that rows which name other rows without a foreign key name rows that exist.

SQLite's own check covers the foreign keys.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from fitglue_registry.backup.finding import DERIVE_AGAIN, Finding, first_few
from fitglue_registry.errors import Place, StoreFailed
from fitglue_registry.model.stored import PartState
from fitglue_registry.store.blobs import FETCH_AGAIN
from fitglue_registry.store.tables import (
    activities,
    aliases,
    parts,
    raw,
    records,
    source_activities,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.engine import Connection as Db


@dataclass(frozen=True, slots=True)
class _Relation:
    """One relation that is checked."""

    name: str
    holds: str  # what is reported if nothing is wrong
    broken: str  # what the rows that the query finds are
    query: sa.Select[Any]
    fix: str


_HAS_MEMBER = sa.exists().where(source_activities.c.activity_id == activities.c.id)
_HAS_ACTIVITY = sa.exists().where(activities.c.id == source_activities.c.activity_id)
_LEADS_TO_ACTIVITY = sa.exists().where(activities.c.id == aliases.c.activity_id)
_HAS_RAW = sa.exists().where(raw.c.id == parts.c.raw_id)

_RELATIONS = (
    _Relation(
        "activities",
        "every activity has a source activity",
        "activities have no source activity",
        sa.select(activities.c.id).where(~_HAS_MEMBER),
        DERIVE_AGAIN,
    ),
    _Relation(
        "source activities",
        "every source activity is in an activity that exists",
        "source activities are in an activity that does not exist",
        sa.select(source_activities.c.id).where(
            source_activities.c.activity_id.is_not(None), ~_HAS_ACTIVITY
        ),
        DERIVE_AGAIN,
    ),
    _Relation(
        "aliases",
        "every old id leads to an activity",
        "old ids lead to no activity",
        sa.select(aliases.c.id).where(~_LEADS_TO_ACTIVITY),
        DERIVE_AGAIN,
    ),
    _Relation(
        "parts",
        "every downloaded part is stored",
        "downloaded parts are not stored",
        sa.select(records.c.external_id + " " + parts.c.part)
        .select_from(parts)
        .join(records, records.c.id == parts.c.record_id)
        .where(parts.c.state == PartState.HAVE, ~_HAS_RAW),
        FETCH_AGAIN,
    ),
)
_WITHOUT_RAW = (
    sa.select(parts.c.record_id, parts.c.part)
    .where(parts.c.state == PartState.HAVE, ~_HAS_RAW)
    .order_by(parts.c.record_id, parts.c.part)
)


def check_relations(db: Db, where: Place) -> Iterator[Finding]:
    """Check each relation, and yield a finding for it."""
    for relation in _RELATIONS:
        wrong = [str(key) for key in db.scalars(relation.query)]
        if not wrong:
            yield Finding(relation.name, relation.holds)
            continue
        error = StoreFailed(
            "FG-store-inconsistent",
            f"{len(wrong):,} {relation.broken}",
            at=where,
            why=first_few(wrong),
            fix=relation.fix,
        )
        yield Finding(relation.name, first_few(wrong), error)


def parts_without_raw(db: Db) -> list[tuple[int, str]]:
    """Return the record id and the name of each part whose state is "have" but has no raw part."""
    return [(row.record_id, row.part) for row in db.execute(_WITHOUT_RAW)]
