"""Says in a dry run which deletions a sync would hold because too many records vanished at once.

A dry run does not ask for single records. So it takes each record that vanished as deleted, and a
sync may find some of them under their ids and hold fewer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fitglue_registry.model.stored import RecordState
from fitglue_registry.store.records import count_existing, records_in_state
from fitglue_registry.sync.events import held_event
from fitglue_registry.sync.listing.vanishing import ALWAYS_ALLOWED, most_deletions

if TYPE_CHECKING:
    from fitglue_registry.store.records import RecordRow
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
    records = {record.id: (record, RecordState(record.state)) for record in known}
    records |= run.vanished
    absent = [row for row in records.values() if row[0].external_id not in run.listed]
    held = _held(absent, most_deletions(existing))
    if held:
        yield held_event(context.name, held, dry_run=True)


def _held(
    absent: list[tuple[RecordRow, RecordState]],
    most: int,
) -> list[RecordRow]:
    """Return the records whose deletion would be held; see ``Confirmation``."""
    held = [record for record, state in absent if state == RecordState.HELD]
    deletable = {record.id for record, _ in absent}
    # Of a list that has lost too many, nothing is deleted.
    if len(held) > ALWAYS_ALLOWED:
        deletable -= {record.id for record in held}
    if len(deletable) > most:
        deletable.clear()
    return [record for record, _ in absent if record.id not in deletable]
