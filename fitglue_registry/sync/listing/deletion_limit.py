"""Says how many records may be deleted without a question, in one sync and in the weeks before it.

A mistake of a service need not lose many records at once: a list that shows only the newest records
loses a few more with each sync. So the deletions of the last days count, too, unless the athlete
has confirmed them. They are read from the tombstones in the store.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from fitglue_registry.model.moments import clock_text
from fitglue_registry.model.stored import RecordState
from fitglue_registry.store.records import records_gone_since
from fitglue_registry.sync.reasons import is_confirmed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy.engine import Connection as Db

    from fitglue_registry.plugin_api import Window
    from fitglue_registry.store.records import RecordRow
    from fitglue_registry.sync.context import SyncContext

#: So many records may vanish, however few there are. Somebody deletes a week of workouts.
ALWAYS_ALLOWED = 5
#: One in so many of the records that were expected may vanish.
_ONE_IN = 10
#: Deletions count for so long. Most sources are walked through completely each week, and older
#: records are found to be missing only then, so the time has to span several full walks.
_COUNTED = timedelta(days=30)


def most_deletions(expected: int) -> int:
    """Return how many of so many records may be deleted without a confirmation."""
    return max(ALWAYS_ALLOWED, expected // _ONE_IN)


def recent_deletions(
    context: SyncContext,
    db: Db,
    window: Window,
) -> list[RecordRow]:
    """Return the tombstones of a window that count towards the limit.

    Args:
        context: The connection.
        db: The store.
        window: The days in which the records started; a window without days for all of them.
    """
    since = clock_text(context.clock.now() - _COUNTED)
    gone = records_gone_since(db, context.connection_id, since, window)
    return [record for record in gone if not is_confirmed(record.reason)]


def deletable_records(
    vanished: Iterable[tuple[RecordRow, RecordState]],
    existing: int,
    recent: int,
) -> set[int]:
    """Return the ids of the records that may be deleted if the source does not have them.

    These are all records that are missing, or none of them if they are too many: in this run, or
    together with those that were deleted in the last days.

    A window that lost too many records has marked all of them as held. But most of them may exist
    under their ids. If only a few are left, they are treated like missing ones. A record whose
    deletion was reported as held waits for the athlete.

    Args:
        vanished: The records whose deletion nobody has confirmed, each with its state: missing, or
            held. Those that could not be asked for count, too: the next sync may find them gone.
        existing: How many records have not been deleted.
        recent: How many deletions of the last days count.
    """
    deletable = set()
    held = []
    for record, state in vanished:
        if state == RecordState.HELD:
            held.append(record)
        else:
            deletable.add(record.id)
    if recent + len(held) <= ALWAYS_ALLOWED:
        deletable.update(record.id for record in held if not record.is_reported)
    most = most_deletions(existing + recent)
    return deletable if recent + len(deletable) <= most else set()
