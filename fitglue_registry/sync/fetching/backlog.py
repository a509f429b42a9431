"""Counts what is left to be fetched, so that an athlete learns in advance how long it takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fitglue_registry.store.parts import count_wanted
from fitglue_registry.sync.events import BacklogCounted

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fitglue_registry.registry import EntryPart
    from fitglue_registry.sync.context import SyncContext
    from fitglue_registry.sync.events import Events

#: What takes less time is not worth an announcement.
_WORTH_SAYING_S = 120.0


def announce_backlog(context: SyncContext, parts: Iterable[EntryPart]) -> Events:
    """Yield how long the backlog of some parts takes, if that is more than two minutes.

    Args:
        context: The connection, whose session knows the rate limits of the source.
        parts: The parts that will be fetched.
    """
    pace_s = context.view.pace_s
    # A server on this machine has no limits, and a sync that sent no request has no session.
    if not pace_s:
        return
    requests = 0
    with context.database.read() as db:
        for part in parts:
            wanted = count_wanted(db, context.connection_id, part.name)
            requests += -(-wanted // part.bulk)
    seconds = requests * pace_s
    if seconds >= _WORTH_SAYING_S:
        yield BacklogCounted(context.name, requests, seconds, 1 / pace_s)
