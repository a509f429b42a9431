"""Derives everything again from the raw parts, without the network, and says what changed: the plugin got better, so does the history."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import sqlalchemy as sa

from fitglue_registry.store.records import Known, chunks
from fitglue_registry.store.runs import RunLog
from fitglue_registry.store.tables import records, source_activities, streams
from fitglue_registry.sync import events
from fitglue_registry.sync.fetching import derive_again
from fitglue_registry.sync.lock import connection_lock

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fitglue_registry.sync.context import Context


def rebuild_connection(context: Context) -> Iterator[events.Event]:
    """Normalize every record of a connection again; the last event is ``SyncFinished`` with how many changed."""
    connected = context.connected
    with connection_lock(context.database, context.home, connected.id, connected.name, context.now):
        log = RunLog(connected.athlete_id, connected.id, "rebuild", context.now, {})
        with context.database.read() as db:
            query = sa.select(records.c.id, records.c.external_id, records.c.state, records.c.revision, records.c.start_local)
            known = [Known(*row) for row in db.execute(query.where(records.c.connection_id == connected.id).order_by(records.c.id))]
        yield events.PartsPlanned(connected.name, "records", len(known))
        done = changed = quarantined = 0
        for some in chunks(known):
            before = _documents(context, some)
            for event in derive_again(context, log, some, "rebuilt"):
                done += 1
                if isinstance(event, events.Decided) and event.decision == "quarantined":
                    quarantined += 1
                    yield event
                yield events.PartStored(connected.name, "records", getattr(event, "external_id", ""), done, len(known))
            after = _documents(context, some)
            for key in sorted(before.keys() | after.keys()):
                if before.get(key) != after.get(key):
                    changed += 1
                    yield events.Decided(connected.name, key[0], "changed", f"leg {key[1]}" if key[1] else None)
        log.counts = {"records": len(known), "changed": changed, "quarantined": quarantined}
        with context.database.write() as db:
            log.end(db, context.now, "complete")
        yield events.SyncFinished(connected.name, log.counts)


def _documents(context: Context, some: Sequence[Known]) -> dict[tuple[str, int], tuple[str, bytes | None]]:
    """What each leg's document and streams are now."""
    query = sa.select(records.c.external_id, source_activities.c.leg_no, source_activities.c.document, streams.c.content).join(
        records, records.c.id == source_activities.c.record_id).outerjoin(streams, streams.c.source_activity_id == source_activities.c.id)
    found = {}
    with context.database.read() as db:
        for row in db.execute(query.where(records.c.id.in_([one.id for one in some]))):
            found[row.external_id, row.leg_no] = (row.document, hashlib.sha256(row.content).digest() if row.content else None)
    return found
