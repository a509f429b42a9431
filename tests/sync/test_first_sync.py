"""Tests of the first sync of an account: it is complete, sends few requests, and is usable
early.
"""

from __future__ import annotations

from datetime import date
from itertools import repeat

from fitglue_registry.sync.events import PartStored, WindowListed
from fitglue_registry.sync.fetching import in_turn
from fitglue_registry.sync.options import Options
from fitglue_registry.testing import Fault
from tests.sync.builders import finished, native, sync


def test_first_sync_stores_every_workout_with_its_streams(connected, account):
    """After the first sync, every row that the source delivers is an activity with the streams that
    the source has.
    """
    finished(connected)
    assert len(connected.activities()) == len(native(account))
    for external_id in native(account):
        activity = connected.activities.get(external_id)
        assert {stream.type for stream in connected.activities.streams(activity)} >= (
            {"time"} if account.streams(external_id) else set()
        )


def test_first_sync_sends_few_requests(connected, server, account):
    """A first sync sends one request to choose the windows, one for each window, one for every 100
    details, and one for the streams of each activity.
    """
    finished(connected)
    assert len(server.requests) == 1 + 1 + 1 + len(native(account))


def test_every_summary_is_stored_before_the_first_detail(connected):
    """Every summary is stored before the first part is fetched, so the account can be used within
    seconds.
    """
    events = list(connected.sync())
    last_window = max(
        index for index, event in enumerate(events) if isinstance(event, WindowListed)
    )
    first_part = min(index for index, event in enumerate(events) if isinstance(event, PartStored))
    assert last_window < first_part


def test_parts_are_fetched_newest_first(connected, account):
    """Parts are fetched for the newest workouts first, because people look at those first."""
    stored = [
        event.external_id
        for event in connected.sync()
        if isinstance(event, PartStored) and event.part == "detail"
    ]
    assert stored == native(account)


def test_since_leaves_out_the_older_history_and_reports_it(connected, account):
    """`--since` in the first sync is remembered, so later syncs leave out the older history too,
    and a note reports it.
    """
    starts = sorted(account.row(external_id)["start_date_local"] for external_id in native(account))
    middle = starts[len(starts) // 2][:10]
    last = sync(connected, since=date.fromisoformat(middle))
    assert middle in last.note
    assert {row["start_local"] >= middle for row in connected.activities()} == {True}
    assert finished(connected) == {}


def test_full_includes_what_since_left_out(connected, account):
    """`--full` syncs the complete history after a first sync with `--since`, and forgets the
    limit.
    """
    finished(connected, since=date(2026, 11, 15))
    finished(connected, full=True)
    assert len(connected.activities()) == len(native(account))


def test_no_streams_leaves_the_streams_for_a_later_sync(connected, server, account):
    """A sync with `--no-streams` fetches no streams, and the next sync without it fetches them."""
    finished(connected, streams=False)
    assert not [request for request in server.requests if "streams" in request.path]
    finished(connected)
    assert len([request for request in server.requests if "streams" in request.path]) == len(
        native(account)
    )


def test_files_are_fetched_when_asked_for(connected, account):
    """`--files` stores the original file byte for byte, and its hash becomes a claim."""
    finished(connected, files=True)
    external_id = next(
        name for name in native(account) if account.row(name).get("file_type") == "fit"
    )
    activity = connected.activities.get(external_id)
    files = dict(connected.activities.original_files(activity))
    assert files[external_id] == account.file(external_id)
    assert any(claim.startswith("file:sha256:") for claim in activity.activity.claims)


def test_a_dry_run_writes_nothing(connected, account):
    """`--dry-run` reports what a sync would do, and leaves the store as it was."""
    events = list(connected.sync(options=Options(dry_run=True)))
    assert sum(event.new for event in events if isinstance(event, WindowListed)) == len(
        native(account)
    )
    assert connected.activities() == []


def test_a_history_longer_than_a_page_is_fetched_completely(
    connected, server, account, monkeypatch
):
    """The backlog is read a page at a time, and a part that fails is requested once and does not
    hold up the following pages.
    """
    monkeypatch.setattr(in_turn, "_sizes", lambda _: repeat(3))
    ids = native(account)
    server.fault(f"*/activity/{ids[1]}/streams*", Fault.status(500), times=None)
    finished(connected)
    paths = [request.path for request in server.requests if "/streams" in request.path]
    requested = [path.split("/")[-2] for path in paths]
    assert set(requested) == set(ids)
    assert [name for name in ids if requested.count(name) > 1] == [ids[1]]
