"""Describes a store by its natural keys, to compare it with another store.

Two stores are the same if these values are equal: runs, times and surrogate ids are left out.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from typing import Any

import msgspec
import sqlalchemy as sa

from fitglue_registry.store import tables as t


def natural(host) -> dict[str, Any]:
    """Return everything in a store except runs, times and surrogate ids, by natural keys."""
    with host.workspace.database.read() as db:
        account = {row.id: row.account_id for row in db.execute(sa.select(t.connections))}
        key = {
            row.id: (account[row.connection_id], row.external_id)
            for row in db.execute(sa.select(t.records))
        }
        sources = {
            row.id: (*key[row.record_id], row.leg_no)
            for row in db.execute(sa.select(t.source_activities))
        }
        groups = defaultdict(set)
        for row in db.execute(
            sa.select(t.source_activities.c.id, t.source_activities.c.activity_id)
        ):
            groups[row.activity_id].add(sources[row.id])
        return {
            "connections": sorted(
                (row.account_id, row.state, row.full_walk_at is not None)
                for row in db.execute(sa.select(t.connections))
            ),
            "windows": db.execute(sa.select(sa.func.count()).select_from(t.windows)).scalar(),
            "records": {
                key[row.id]: (row.state, row.revision, row.start_local, row.at_source, row.reason)
                for row in db.execute(sa.select(t.records))
            },
            "parts": {
                (key[row.record_id], row.part): (row.state, row.code)
                for row in db.execute(sa.select(t.parts))
            },
            "raw": sorted(
                (key[row.record_id], row.part, row.sha256) for row in db.execute(sa.select(t.raw))
            ),
            "source_activities": {
                sources[row.id]: row.document for row in db.execute(sa.select(t.source_activities))
            },
            "streams": {
                sources[row.source_activity_id]: hashlib.sha256(row.content).hexdigest()
                for row in db.execute(sa.select(t.streams))
            },
            "claims": sorted(
                (sources[row.source_activity_id], row.claim)
                for row in db.execute(sa.select(t.claims))
            ),
            "opinions": sorted(
                (*sorted((sources[row.first_id], sources[row.second_id])), row.verdict)
                for row in db.execute(sa.select(t.opinions))
            ),
            "quarantine": {
                key[row.record_id]: row.code for row in db.execute(sa.select(t.quarantine))
            },
            "activities": {
                frozenset(groups[row.id]): (
                    row.document,
                    row.gone_at is not None,
                    sorted(
                        (field, sources.get(number, "the athlete"))
                        for field, number in msgspec.json.decode(row.origins).items()
                    ),
                )
                for row in db.execute(sa.select(t.activities))
            },
        }
