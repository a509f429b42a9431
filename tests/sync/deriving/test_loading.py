"""Tests that the parts of records are loaded in batches that fit into memory."""

from __future__ import annotations

import pytest

from fitglue_registry.store.raw_parts import RawStore
from fitglue_registry.sync.deriving import loading
from tests.sync.builders import finished
from tests.sync.natural import natural


@pytest.fixture
def loads(monkeypatch):
    """The numbers of records whose parts were loaded at once."""
    counts = []
    newest = RawStore.newest

    def counted(self, db, record_ids, only=None):
        record_ids = list(record_ids)
        if only is None:
            counts.append(len(record_ids))
        return newest(self, db, record_ids, only)

    monkeypatch.setattr(RawStore, "newest", counted)
    return counts


@pytest.mark.parametrize("most_bytes", [1, 10_000_000])
def test_records_are_loaded_as_many_as_fit(connected, account, monkeypatch, loads, most_bytes):
    """A sync, a later sync of changed rows and a rebuild load as many records at once as have parts
    that fit, and at least one, and the results are the same.
    """
    monkeypatch.setattr(loading, "_MOST_BYTES", most_bytes)
    finished(connected)
    for external_id in account.ids():
        if not account.is_stub(external_id):
            account.edit(external_id, name="renamed")
    finished(connected)
    expected = natural(connected)
    list(connected.syncs.rebuild())
    assert (max(loads) == 1) == (most_bytes == 1)
    assert natural(connected) == expected
    assert {activity["title"] for activity in connected.activities()} == {"renamed"}
