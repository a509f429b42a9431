"""What the sync's tests say again and again: run a sync, look at what came of it."""

from __future__ import annotations

from typing import Any

from fitglue_registry.sync.events import Decided, SyncFinished, SyncStopped
from fitglue_registry.sync.options import Options


def sync(host, **options: Any):
    """Sync everything; the last event of the only connection comes back."""
    events = list(host.sync(options=Options(**options)))
    return events[-1]


def finished(host, **options: Any) -> dict[str, int]:
    """Sync everything, which has to go well; the counts of its decisions come back."""
    last = sync(host, **options)
    assert isinstance(last, SyncFinished), last
    return dict(last.counts)


def stopped(host, **options: Any):
    """Sync everything, which has to stop; its error comes back."""
    last = sync(host, **options)
    assert isinstance(last, SyncStopped), last
    return last.error


def decisions(host, external_id: str) -> list[str]:
    """The decisions about one record, oldest first."""
    return [
        one["decision"]
        for record in host.why(external_id)["records"]
        for one in record["decisions"]
    ]


def said(events, decision: str) -> list[str]:
    """The external ids that a decision was made about."""
    return [
        event.external_id
        for event in events
        if isinstance(event, Decided) and event.decision == decision
    ]


def native(account) -> list[str]:
    """The ids of an account's rows that are no stubs, newest first."""
    return [external_id for external_id in account.ids() if not account.is_stub(external_id)]
