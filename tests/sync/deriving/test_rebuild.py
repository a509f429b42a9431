"""Tests of rebuilds: records are derived on every core, and only changed results are stored."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest
import sqlalchemy as sa

from fitglue_registry.store.tables import source_activities
from fitglue_registry.sync.deriving import batches
from tests.sync.builders import finished, ids_decided
from tests.sync.natural import natural


@pytest.fixture
def on_every_core(monkeypatch):
    """The results that worker processes derive; a few records are enough to use them."""
    results = []
    plain = batches.results_of

    def counted(context, records, work):
        derived = plain(context, records, work)
        results.extend(derived)
        return derived

    monkeypatch.setattr(batches, "_MIN_RECORDS", 1)
    monkeypatch.setattr(batches, "results_of", counted)
    return results


def overwrite(host, **values):
    """Overwrite columns of every source activity."""
    with host.workspace.database.write() as db:
        db.execute(sa.update(source_activities).values(**values))


def test_worker_processes_derive_the_same_as_a_sync(connected, account, on_every_core):
    """A rebuild in worker processes restores overwritten documents to what the sync had stored."""
    finished(connected)
    expected = natural(connected)
    overwrite(connected, document='{"sport": "Run", "start_local": "2026-01-01T00:00:00"}')
    events = list(connected.syncs.rebuild())
    assert len(on_every_core) == len(account.ids())
    assert sorted(ids_decided(events, "changed")) == sorted(account.ids())
    assert natural(connected) == expected


def test_an_unchanged_result_is_not_stored_again(connected, account):
    """A rebuild does not write records whose result is the same."""
    finished(connected)
    overwrite(connected, normalized_at="before")
    assert ids_decided(list(connected.syncs.rebuild()), "changed") == []
    with connected.workspace.database.read() as db:
        assert set(db.scalars(sa.select(source_activities.c.normalized_at))) == {"before"}


def test_a_result_of_another_version_of_the_plugin_gets_the_new_version(connected):
    """If a new version of the plugin derives the same document, its version is stored, and no
    change is reported.
    """
    finished(connected)
    overwrite(connected, plugin_version="0.0.1")
    assert ids_decided(list(connected.syncs.rebuild()), "changed") == []
    with connected.workspace.database.read() as db:
        assert "0.0.1" not in set(db.scalars(sa.select(source_activities.c.plugin_version)))


def test_an_activity_that_was_lost_is_made_again(connected, account):
    """If damage removed an activity but not its source activity, a rebuild makes an activity for
    it.
    """
    finished(connected)
    with (
        closing(sqlite3.connect(connected.workspace.database.path)) as db,
        db,
    ):
        # A plain connection does not enforce foreign keys.
        db.execute("DELETE FROM fg_activities WHERE number = 3")
    before = len(connected.activities())
    list(connected.syncs.rebuild())
    assert len(connected.activities()) == before + 1


def test_a_deleted_record_that_was_never_normalized_leaves_quarantine(connected, account):
    """A record that cannot be normalized leaves quarantine when it is deleted, and a rebuild
    does not put it there again.
    """
    account.add_row(
        {
            "id": "i77",
            "start_date_local": "2026-11-01T08:00:00",
            "type": "Ride",
            "elapsed_time": "an hour",
        }
    )
    finished(connected)
    account.delete("i77")
    finished(connected)
    assert not connected.records.quarantine()
    list(connected.syncs.rebuild())
    assert not connected.records.quarantine()
