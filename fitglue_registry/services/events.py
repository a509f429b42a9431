"""The events that the services yield, for interfaces to import.

They are defined in ``sync/events.py``, because the sync creates them.
"""

from __future__ import annotations

from fitglue_registry.sync.events import (
    RECORDS,
    WOULD_JOIN,
    BacklogCounted,
    Decided,
    DeletionsHeld,
    Event,
    PartsPlanned,
    PartStored,
    SourceConnected,
    SyncFinished,
    SyncScope,
    SyncStarted,
    SyncStopped,
    Watching,
    WindowListed,
    event_as_json,
)

__all__ = [
    "RECORDS",
    "WOULD_JOIN",
    "BacklogCounted",
    "Decided",
    "DeletionsHeld",
    "Event",
    "PartStored",
    "PartsPlanned",
    "SourceConnected",
    "SyncFinished",
    "SyncScope",
    "SyncStarted",
    "SyncStopped",
    "Watching",
    "WindowListed",
    "event_as_json",
]
