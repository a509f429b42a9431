"""Records and parts of a connection are counted by their states."""

from __future__ import annotations

from datetime import datetime

from fitglue_registry.store.counts import connection_counts
from fitglue_registry.store.parts import want_parts


def at(text):
    return datetime.fromisoformat(text)


def test_a_connection_is_counted_by_states(library):
    """Listed, quarantined and still wanted, in one answer."""
    connection = library.connection()
    for state in ("listed", "listed", "stub"):
        record = library.record(connection, state=state)
        want_parts(library.db, record, ["detail"])
    assert connection_counts(library.db, connection) == {
        "listed": 2,
        "stub": 1,
        "quarantine": 0,
        "wanted": 2,
        "failed": 0,
    }
