"""Tests of counting the records and parts of a connection."""

from __future__ import annotations

from datetime import datetime

from fitglue_registry.store.counts import connection_counts
from fitglue_registry.store.parts import want_parts


def at(text):
    return datetime.fromisoformat(text)


def test_a_connection_is_counted_by_states(library):
    """The counts of a connection contain its records by state, its records in quarantine, and its
    wanted parts.
    """
    connection = library.connection()
    for state in ("listed", "listed", "stub"):
        record = library.record(connection, state=state)
        want_parts(library.db, {record: ["detail"]})
    assert connection_counts(library.db, connection) == {
        "listed": 2,
        "stub": 1,
        "quarantine": 0,
        "wanted": 2,
        "failed": 0,
        "unreadable": 0,
        "windows": 0,
    }
