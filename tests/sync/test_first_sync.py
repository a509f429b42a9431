"""The first sync of an account: everything, in few requests, usable soon."""

from __future__ import annotations

from datetime import date

from fitglue_registry.sync.events import PartStored, WindowListed
from fitglue_registry.sync.fetching import parts as fetching
from fitglue_registry.sync.options import Options
from fitglue_registry.testing import Fault
from tests.sync.builders import finished, native, sync


def test_first_sync_stores_every_workout_with_its_streams(connected, account):
    """After the first sync every row that the source delivers is an activity, with the streams that
    the source has.
    """
    finished(connected)
    assert len(connected.activities()) == len(native(account))
    for external_id in native(account):
        found = connected.activities.get(external_id)
        assert {stream.type for stream in connected.activities.streams(found)} >= (
            {"time"} if account.streams(external_id) else set()
        )


def test_first_sync_asks_little(connected, server, account):
    """One request sizes the windows, one lists each, one fetches 100 details, one the streams of
    each activity.
    """
    finished(connected)
    assert len(server.requests) == 1 + 1 + 1 + len(native(account))


def test_every_summary_is_stored_before_the_first_detail(connected):
    """The list stands before anything is fetched, so the account can be used within seconds."""
    events = list(connected.sync())
    last_window = max(
        index for index, event in enumerate(events) if isinstance(event, WindowListed)
    )
    first_part = min(index for index, event in enumerate(events) if isinstance(event, PartStored))
    assert last_window < first_part


def test_parts_are_fetched_newest_first(connected, account):
    """The workouts that somebody looks at first have their streams first."""
    stored = [
        event.external_id
        for event in connected.sync()
        if isinstance(event, PartStored) and event.part == "detail"
    ]
    assert stored == native(account)


def test_since_leaves_the_older_history_out_and_says_so(connected, account):
    """`--since` on the first sync is remembered: later syncs do not fetch the older history behind
    one's back.
    """
    starts = sorted(account.row(external_id)["start_date_local"] for external_id in native(account))
    middle = starts[len(starts) // 2][:10]
    last = sync(connected, since=date.fromisoformat(middle))
    assert middle in last.note
    assert {row["start_local"] >= middle for row in connected.activities()} == {True}
    assert finished(connected) == {}


def test_full_takes_what_since_left_out(connected, account):
    """`--full` without `--since` walks the whole history and forgets the limit."""
    finished(connected, since=date(2026, 11, 15))
    finished(connected, full=True)
    assert len(connected.activities()) == len(native(account))


def test_without_streams_none_are_fetched_until_they_are_wanted(connected, server, account):
    """`--no-streams` leaves the streams for a later sync, which fetches them."""
    finished(connected, streams=False)
    assert not [request for request in server.requests if "streams" in request.path]
    finished(connected)
    assert len([request for request in server.requests if "streams" in request.path]) == len(
        native(account)
    )


def test_files_are_fetched_when_asked_for(connected, account):
    """`--files` keeps the original file, byte for byte, and its hash becomes a claim."""
    finished(connected, files=True)
    external_id = next(one for one in native(account) if account.row(one).get("file_type") == "fit")
    found = connected.activities.get(external_id)
    assert dict(connected.activities.original_files(found))[external_id] == account.file(
        external_id
    )
    assert any(claim.startswith("file:sha256:") for claim in found.activity.claims)


def test_a_dry_run_writes_nothing(connected, account):
    """`--dry-run` tells what a sync would do, and leaves the store as it was."""
    events = list(connected.sync(options=Options(dry_run=True)))
    assert sum(event.new for event in events if isinstance(event, WindowListed)) == len(
        native(account)
    )
    assert connected.activities() == []


def test_a_history_longer_than_a_page_is_fetched_whole(connected, server, account, monkeypatch):
    """What waits is looked up a page at a time, and what fails on one page keeps no other
    waiting.
    """
    monkeypatch.setattr(fetching, "_PAGE", 3)
    ids = native(account)
    server.fault(f"*/activity/{ids[1]}/streams*", Fault.status(500), times=None)
    finished(connected)
    asked = [one.path.split("/")[-2] for one in server.requests if "/streams" in one.path]
    assert set(asked) == set(ids)
    assert [one for one in ids if asked.count(one) > 1] == [ids[1]]
