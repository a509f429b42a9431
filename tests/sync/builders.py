"""Helpers for the tests of the sync: run a sync, and read its result."""

from __future__ import annotations

from typing import Any

from fitglue_registry.sync.events import Decided, SyncFinished, SyncStopped
from fitglue_registry.sync.options import Options


def sync(host, **options: Any):
    """Sync the only connection, and return its last event."""
    events = list(host.sync(options=Options(**options)))
    return events[-1]


def finished(host, **options: Any) -> dict[str, int]:
    """Sync the only connection, which must succeed, and return the counts of its decisions."""
    last = sync(host, **options)
    assert isinstance(last, SyncFinished), last
    return dict(last.counts)


def stopped(host, **options: Any):
    """Sync the only connection, which must stop, and return its error."""
    last = sync(host, **options)
    assert isinstance(last, SyncStopped), last
    return last.error


def decisions(host, external_id: str) -> list[str]:
    """Return the decisions about one record, oldest first."""
    return [
        decided["decision"]
        for record in host.why(external_id)["records"]
        for decided in record["decisions"]
    ]


def ids_decided(events, decision: str) -> list[str]:
    """Return the external ids of the records about which a decision was made."""
    return [
        event.external_id
        for event in events
        if isinstance(event, Decided) and event.decision == decision
    ]


def native(account) -> list[str]:
    """Return the ids of the account's rows that are not stubs, newest first."""
    return [external_id for external_id in account.ids() if not account.is_stub(external_id)]
