"""Everything derived again: on every core where that pays, and nothing written that says the
same.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing

import pytest
import sqlalchemy as sa

from fitglue_registry.store.tables import source_activities
from fitglue_registry.sync.deriving import workers
from fitglue_registry.sync.events import SyncStopped
from tests.sync.builders import finished, said
from tests.sync.natural import natural


@pytest.fixture
def on_every_core(monkeypatch):
    """Few records are worth a process, and how many were derived there is counted."""
    there = []
    plain = workers._on_every_core

    def counted(context, batches, processes):
        for label, derived in plain(context, batches, processes):
            there.extend(derived)
            yield label, derived

    monkeypatch.setattr(workers, "_MIN_RECORDS", 1)
    monkeypatch.setattr(workers, "_on_every_core", counted)
    return there


def spoil(host, **values):
    """Let the store say what nobody said."""
    with host.workspace.database.write() as db:
        db.execute(sa.update(source_activities).values(**values))


def test_other_processes_make_the_same_of_a_record(connected, account, on_every_core):
    """What was lost is derived again in processes of their own, and the store is what the sync made
    of it.
    """
    finished(connected)
    expected = natural(connected)
    spoil(connected, document='{"sport": "Run", "start_local": "2026-01-01T00:00:00"}')
    events = list(connected.syncs.rebuild())
    assert len(on_every_core) == len(account.ids())
    assert sorted(said(events, "changed")) == sorted(account.ids())
    assert natural(connected) == expected


def test_what_says_the_same_is_not_written_again(connected, account):
    """A second rebuild writes nothing but that it was there."""
    finished(connected)
    spoil(connected, normalized_at="before")
    assert said(list(connected.syncs.rebuild()), "changed") == []
    with connected.workspace.database.read() as db:
        assert set(db.scalars(sa.select(source_activities.c.normalized_at))) == {"before"}


def test_what_another_version_of_the_plugin_made_is_signed_anew(connected):
    """The same words of a new version are its own."""
    finished(connected)
    spoil(connected, plugin_version="0.0.1")
    assert said(list(connected.syncs.rebuild()), "changed") == []
    with connected.workspace.database.read() as db:
        assert "0.0.1" not in set(db.scalars(sa.select(source_activities.c.plugin_version)))


def test_an_activity_that_was_lost_is_made_anew(connected, account):
    """What only damage can do: the source activity is there, its activity is not."""
    finished(connected)
    with (
        closing(sqlite3.connect(connected.workspace.database.path)) as db,
        db,
    ):  # which holds no foreign keys
        db.execute("DELETE FROM fg_activities WHERE number = 3")
    before = len(connected.activities())
    list(connected.syncs.rebuild())
    assert len(connected.activities()) == before + 1


def test_what_is_gone_and_was_never_understood_stays_out_of_quarantine(connected, account):
    """A row that was not understood leaves quarantine after its list no longer has it."""
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


def test_a_process_that_dies_is_told_as_the_plugins_fault(connected, on_every_core, monkeypatch):
    """A plugin that ends its process ends the rebuild, and not ours."""
    finished(connected)
    monkeypatch.setattr(workers, "derive_in_worker", lambda *_: os._exit(1))
    last = list(connected.syncs.rebuild())[-1]
    assert isinstance(last, SyncStopped)
    assert last.error.code == "FG-plugin-died"
