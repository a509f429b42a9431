"""Finds the records that vanished from a window, and decides whether they are too many to delete.

A record that is not listed where it was may have been deleted, or its start may have been edited.
If many records vanish at once, neither is likely: the service, or the plugin, makes a mistake.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fitglue_registry.model.stored import RecordState
from fitglue_registry.plugin_api import UnavailableState, Window
from fitglue_registry.store.records import count_existing, known_records, records_in
from fitglue_registry.sync.listing.deletion_limit import most_deletions, recent_deletions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.engine import Connection as Db

    from fitglue_registry.plugin_api import Listing
    from fitglue_registry.store.records import RecordRow
    from fitglue_registry.sync.run import Run

_SUSPECTED = (RecordState.MISSING, RecordState.HELD)


@dataclass(frozen=True, slots=True)
class Vanished:
    """The records that a window does not show, although they started in it.

    Attributes:
        missing: Those that were there until now.
        suspected: Those that were not there before either, and whose state changes because fewer or
            more records are missing than before. A deletion that was reported as held stays held.
        state: The state that all of them get: missing, or held if they are too many.
    """

    missing: Sequence[RecordRow] = ()
    suspected: Sequence[RecordRow] = ()
    state: RecordState = RecordState.MISSING

    def __bool__(self) -> bool:
        return bool(self.missing or self.suspected)


def is_deleted(row: Listing) -> bool:
    """Return whether a row says that its record was deleted."""
    return row.unavailable is not None and row.unavailable.state == UnavailableState.GONE


def find_vanished(
    run: Run,
    db: Db,
    window: Window,
    deleted: Sequence[str],
) -> Vanished:
    """Return the records that vanished from a window.

    Args:
        run: The run, which knows the records that it has listed, in this window or another one.
        db: The store.
        window: The window that was listed.
        deleted: The external ids of the rows that say that their records were deleted.

    Returns:
        The records. For a source whose listings do not reveal deletions, and for a window that
        lists changes, these are only those of ``deleted``.
    """
    context = run.context
    of_rows = known_records(db, context.connection_id, deleted).values()
    absent = {record.id: record for record in of_rows if record.state != RecordState.GONE}
    # The days among whose records so many may vanish; without days, the whole history.
    days = Window()
    expected = count_existing(db, context.connection_id) if absent else 0
    if context.entry.sync.deletions and window.changed_since is None:
        days = window
        in_window = records_in(db, context.connection_id, window)
        absent |= {record.id: record for record in in_window}
        expected = len(in_window)
    vanished = [row for row in absent.values() if _is_open(run, row)]
    if not vanished:
        return Vanished()
    recent = len(recent_deletions(context, db, days))
    # The decision is stored with the window. So it is the same if the process is killed before the
    # source is asked for the records.
    is_too_many = len(vanished) + recent > most_deletions(expected + recent)
    return _in_state(vanished, RecordState.HELD if is_too_many else RecordState.MISSING)


def _is_open(
    run: Run,
    record: RecordRow,
) -> bool:
    """Return whether a record may have been deleted, and nobody has decided about that yet."""
    return record.external_id not in run.listed and record.external_id not in run.confirmed


def _in_state(
    vanished: Sequence[RecordRow],
    state: RecordState,
) -> Vanished:
    """Return the records, divided into those that have vanished now and those that had before."""
    missing = []
    suspected = []
    for record in vanished:
        if record.state not in _SUSPECTED:
            missing.append(record)
        elif record.state != state and not record.is_reported:
            suspected.append(record)
    return Vanished(missing, suspected, state)
