"""Tests of sources that list by change: each sync asks for what has changed since the last full
walk, whatever its day, and nothing is missing because it has not changed.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from fitglue_registry.plugin_api import Split, Unavailable, Window
from fitglue_registry.sync.events import DeletionsHeld, SyncFinished
from fitglue_registry.sync.options import Options
from tests.sync.builders import ids_decided
from tests.sync.small import DETAIL, START, STREAMS, Small, small_host

SYNC = "{deletions: true, by_change: true, full_walk_days: 7}"


class Changing(Small):
    """An account whose service lists by change, and reports deletions as rows."""

    def __init__(self) -> None:
        super().__init__()
        self.changed: dict[str, datetime] = {}
        self.deleted: dict[str, datetime] = {}
        self.windows: list[Window] = []

    def list(self, connection, window):
        """Yield the rows of a window, or the changes since a moment."""
        self.windows.append(window)
        if window.changed_since is None:
            yield from super().list(connection, window)
            return
        for external_id, moment in self.changed.items():
            if moment >= window.changed_since and external_id in self.rows:
                yield self.row(external_id)
        for external_id, moment in self.deleted.items():
            if moment >= window.changed_since:
                gone = Unavailable(external_id, "summary", "gone", "FG-deleted", "deleted there")
                yield self.row(external_id, unavailable=gone)

    def edit(self, external_id: str, moment: datetime) -> None:
        """Edit a workout."""
        self.rows[external_id] += 1
        self.changed[external_id] = moment

    def delete(self, external_id: str, moment: datetime) -> None:
        """Delete a workout."""
        del self.rows[external_id]
        self.deleted[external_id] = moment


@pytest.fixture
def small():
    account = Changing()
    account.add(100)
    return account


def run(host, **options):
    events = list(host.sync(options=Options(**options)))
    assert isinstance(events[-1], SyncFinished), events[-1]
    return events


def test_an_edit_of_any_day_arrives_with_the_next_sync(small, tmp_path):
    """A workout that was edited arrives although its day was long ago, and nothing else counts as
    missing; a sync without a change makes one request.
    """
    with small_host(tmp_path, small.plugin(), sync=SYNC) as host:
        clock = host.workspace.clock
        run(host)
        clock.move(hours=1)
        assert run(host)[-1].counts == {}
        small.edit("w99", clock.now())
        clock.move(hours=1)
        assert ids_decided(run(host), "changed") == ["w99"]
        assert run(host)[-1].counts == {}
        assert len(host.activities()) == 100
    assert small.asked["list"] == 1


def test_the_changes_are_those_since_the_last_full_walk_began(small, tmp_path):
    """A change that happened while a sync was running, or with a clock that is some hours behind,
    is not missed; the next full walk moves the moment.
    """
    with small_host(tmp_path, small.plugin(), sync=SYNC) as host:
        clock = host.workspace.clock
        began = clock.now()
        run(host)
        clock.move(days=3)
        run(host)
        assert small.windows[-1] == Window(None, None, began - timedelta(days=1))
        clock.move(days=5)
        run(host)
        assert small.windows[-1] == Window()
        clock.move(days=-3)
        run(host)
        assert small.windows[-1].changed_since == clock.now() - timedelta(days=1)


def test_a_walk_that_was_stopped_is_resumed_with_the_changes_since_its_beginning(small, tmp_path):
    """Records of days that a stopped full walk has listed, and that have changed since, arrive when
    it is resumed.
    """
    split = Split(
        (
            Window((START - timedelta(days=49)).date(), START.date()),
            Window((START - timedelta(days=99)).date(), (START - timedelta(days=50)).date()),
        )
    )

    def list_(connection, window):
        if window == Window():
            yield split
        else:
            yield from small.list(connection, window)

    with small_host(tmp_path, small.plugin(list=list_), sync=SYNC) as host:
        events = host.sync()
        next(event for event in events if type(event).__name__ == "WindowListed")
        events.close()
        small.edit("w3", host.workspace.clock.now())
        host.workspace.clock.move(days=2)
        events = run(host)
        assert ids_decided(events, "changed") == ["w3"]
        assert len(host.activities()) == 100
    assert [window.changed_since is None for window in small.windows] == [True, False, True]


@pytest.mark.parametrize("parts", [DETAIL, STREAMS], ids=["confirming part", "no confirming part"])
def test_a_deletion_that_is_listed_as_a_change_is_carried_out(small, tmp_path, parts):
    """A row that says that its record was deleted makes it a tombstone; the row may be repeated,
    and may be about a record that nobody knows.
    """
    with small_host(tmp_path, small.plugin(), parts=parts, sync=SYNC) as host:
        clock = host.workspace.clock
        run(host)
        small.delete("w80", clock.now())
        small.deleted["w500"] = clock.now()
        assert ids_decided(run(host), "gone") == ["w80"]
        assert run(host)[-1].counts == {}
        assert len(host.activities()) == 99


def test_a_deletion_that_is_listed_although_the_record_exists_is_none(small, tmp_path):
    """If the record is found by its id, the row that says otherwise deletes nothing."""
    with small_host(tmp_path, small.plugin(), sync=SYNC) as host:
        run(host)
        small.deleted["w80"] = host.workspace.clock.now()
        assert ids_decided(run(host), "confirmed") == ["w80"]
        assert len(host.activities()) == 100


@pytest.mark.parametrize("parts", [DETAIL, STREAMS], ids=["confirming part", "no confirming part"])
def test_many_deletions_that_are_listed_as_changes_are_held(small, tmp_path, parts):
    """If the service lists more than a tenth of the workouts as deleted, they are held."""
    with small_host(tmp_path, small.plugin(), parts=parts, sync=SYNC) as host:
        clock = host.workspace.clock
        run(host)
        for number in range(11):
            small.delete(f"w{number}", clock.now())
        for _ in range(2):
            [event] = [event for event in run(host) if isinstance(event, DeletionsHeld)]
            assert event.records == 11
        assert len(host.activities()) == 100
        assert len(ids_decided(run(host, confirm_deletions=True), "gone")) == 11


def test_a_window_with_a_local_moment_is_an_error_of_the_plugin(small, tmp_path):
    """A plugin that splits a window must keep the moment in UTC."""

    def list_(connection, window):
        yield Split((Window(None, None, datetime(2026, 1, 1)),))  # noqa: DTZ001

    with small_host(tmp_path, small.plugin(list=list_), sync=SYNC) as host:
        assert list(host.sync())[-1].error.code == "FG-plugin-answer"
    assert Window(changed_since=datetime(2026, 1, 1, tzinfo=UTC)).oldest is None
