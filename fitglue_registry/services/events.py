"""The events that the services yield, for interfaces to import.

They are defined in ``sync/events.py`` and ``pipeline/events.py``, because those rooms create them.
"""

from __future__ import annotations

from fitglue_registry.pipeline.events import (
    ActivityDecided,
    DeliveryChanged,
    PipelineEvent,
    PipelineFinished,
    PipelineHeld,
    SentTwice,
)
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
    "ActivityDecided",
    "BacklogCounted",
    "Decided",
    "DeletionsHeld",
    "DeliveryChanged",
    "Event",
    "PartStored",
    "PartsPlanned",
    "PipelineEvent",
    "PipelineFinished",
    "PipelineHeld",
    "SentTwice",
    "SourceConnected",
    "SyncFinished",
    "SyncScope",
    "SyncStarted",
    "SyncStopped",
    "Watching",
    "WindowListed",
    "event_as_json",
]
