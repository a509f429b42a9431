"""The events of a sync, as the services yield them: what an interface imports to tell them apart.

They are defined where they arise, in ``sync/events.py``.
"""

from __future__ import annotations

from fitglue_registry.sync.events import (
    RECORDS,
    WOULD_JOIN,
    Decided,
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
    "Decided",
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
