"""Asks once a day for the parts of the newest records again whose edits the list does not show.

Some services list neither every value of a workout nor the time of its last edit. The entry of such
a source says for how many days a part is fetched again (``sync.fetch_again_days``). Each record of
these days then takes one more request a day, however often the athlete syncs.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from fitglue_registry.plugin_api import Window
from fitglue_registry.store.parts import records_with_part, want_parts

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fitglue_registry.registry import EntryPart
    from fitglue_registry.sync.context import SyncContext


def want_again(context: SyncContext, parts: Iterable[EntryPart]) -> None:
    """Mark parts as wanted again, if this is the first sync of a day.

    Args:
        context: The connection.
        parts: The parts that are fetched.
    """
    days_of = context.entry.sync.fetch_again_days
    if not days_of or not _is_first_of_day(context):
        return
    for part in parts:
        if part.name in days_of:
            _want_again(context, part, days_of[part.name])


def _is_first_of_day(context: SyncContext) -> bool:
    """Return whether the last complete sync was on another day, in UTC."""
    last = context.connection.last_checked_at
    # A first sync, and one that continues it, fetches everything anyway.
    if last is None:
        return False
    return datetime.fromisoformat(last).date() != context.clock.now().date()


def _want_again(
    context: SyncContext,
    part: EntryPart,
    days: int,
) -> None:
    oldest = context.clock.now().date() - timedelta(days=days)
    window = Window(oldest)
    # Asked in a read transaction first, because a write would wait for other writers.
    with context.database.read() as db:
        record_ids = records_with_part(db, context.connection_id, part.name, window)
    if record_ids:
        with context.database.write() as db:
            want_parts(db, dict.fromkeys(record_ids, (part.name,)))
