"""Says in a dry run which deletions a sync would hold because too many records vanished at once.

A dry run does not ask for single records. So it takes each record that vanished as deleted, and a
sync may find some of them under their ids and hold fewer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fitglue_registry.model.stored import RecordState
from fitglue_registry.plugin_api import Window
from fitglue_registry.store.records import count_existing, records_in_state
from fitglue_registry.sync.events import held_event
from fitglue_registry.sync.listing.deletion_limit import deletable_records, recent_deletions

if TYPE_CHECKING:
    from fitglue_registry.sync.events import Events
    from fitglue_registry.sync.run import Run

_SUSPECTED = (RecordState.MISSING, RecordState.HELD)


def rehearse_deletions(run: Run) -> Events:
    """Yield how many deletions a sync would hold, if it would hold any.

    Args:
        run: The run, which knows what it has listed, and what has vanished.
    """
    context = run.context
    with context.database.read() as db:
        known = records_in_state(db, context.connection_id, *_SUSPECTED)
        existing = count_existing(db, context.connection_id)
        recent = len(recent_deletions(context, db, Window()))
    records = {record.id: (record, RecordState(record.state)) for record in known}
    records |= run.vanished
    settled = run.listed | run.confirmed
    absent = [row for row in records.values() if row[0].external_id not in settled]
    deletable = deletable_records(absent, existing, recent)
    held = [record for record, _ in absent if record.id not in deletable]
    if held:
        yield held_event(context.name, held, recent=recent, dry_run=True)
