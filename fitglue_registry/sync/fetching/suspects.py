"""Asks the list about records that a fetch did not find and that this run has not listed.

Their days were listed by an earlier run, and they may have been deleted since. One request for the
list of these days decides that at once, and not only the next full walk.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from fitglue_registry.model.stored import FETCHABLE, RecordState, RunDecision
from fitglue_registry.plugin_api import Window
from fitglue_registry.store.records import known_records, update_record
from fitglue_registry.sync.events import Decided
from fitglue_registry.sync.fetching.store_answers import note_failure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import date

    from fitglue_registry.store.records import RecordRow
    from fitglue_registry.sync.events import Events
    from fitglue_registry.sync.run import Run

#: Days that are closer together than this are listed with one request.
_GAP = timedelta(days=31)
#: The longest range of days that is listed with one request.
_LONGEST = timedelta(days=366)


def settle_suspects(run: Run, list_window: Callable[[Window], Events]) -> Events:
    """List the days of the records that were not found, and decide about each of them.

    A record that is listed was not found by mistake: the attempt to fetch its part has failed. Any
    other record is missing, and to be confirmed by its id.

    Args:
        run: The run.
        list_window: Lists a window, and stores it.
    """
    if not run.suspects:
        return
    with run.context.database.read() as db:
        known = known_records(db, run.context.connection_id, run.suspects)
    for window in _windows(record.day for record in known.values()):
        yield from list_window(window)
    # Read again: the windows have changed the states of records that they lost.
    with run.context.database.read() as db:
        known = known_records(db, run.context.connection_id, run.suspects)
    yield from _note_failures(run, [known[name] for name in known if name in run.listed])
    lost = [record for name, record in known.items() if name not in run.listed]
    _mark_as_missing(run, [record for record in lost if record.state in FETCHABLE])
    run.suspects.clear()


def _windows(days: Iterable[date | None]) -> Iterator[Window]:
    """Yield windows that cover the days, newest first."""
    newest: date | None = None
    oldest: date | None = None
    for day in sorted({day for day in days if day is not None}, reverse=True):
        if newest is not None and oldest is not None:
            if oldest - day <= _GAP and newest - day <= _LONGEST:
                oldest = day
                continue
            yield Window(oldest, newest)
        newest = day
        oldest = day
    if newest is not None:
        yield Window(oldest, newest)


def _note_failures(run: Run, found: Sequence[RecordRow]) -> Events:
    if not found:
        return
    with run.transaction() as transaction:
        for record in found:
            part, error = run.suspects[record.external_id]
            note_failure(transaction, part, record.id, error)
    for record in found:
        part, error = run.suspects[record.external_id]
        reason = f"{part}: {error.what}"
        yield Decided(run.context.name, record.external_id, RunDecision.NOT_FETCHED, reason)


def _mark_as_missing(run: Run, lost: Sequence[RecordRow]) -> None:
    """Mark records that no window was expected to show, such as those with an edited start."""
    if not lost:
        return
    with run.transaction() as transaction:
        for record in lost:
            _, error = run.suspects[record.external_id]
            update_record(transaction.db, record.id, state=RecordState.MISSING)
            transaction.decide(RunDecision.MISSING, record.id, error.what)
