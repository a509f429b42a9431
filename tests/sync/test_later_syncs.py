"""Tests of later syncs: an idle sync costs one request, and late, edited and deleted workouts
arrive.
"""

from __future__ import annotations

from datetime import date

import pytest

from fitglue_intervals.testing import Account, StandIn
from fitglue_registry.sync.events import SyncFinished, WindowListed
from fitglue_registry.sync.options import Options
from fitglue_registry.testing import Fault
from tests.sync.builders import decisions, finished, ids_decided, native, sync


@pytest.fixture
def synced(connected, server, clock):
    """A host an hour after its first sync."""
    finished(connected)
    server.clear_requests()
    clock.move(hours=1)
    return connected


def snapshot(host):
    """Return every row of every table that an idle sync must not change."""
    from fitglue_registry.store.tables import metadata

    with host.workspace.database.read() as db:
        tables = [table for table in metadata.sorted_tables if table.name != "fg_connections"]
        return {table.name: [tuple(row) for row in db.execute(table.select())] for table in tables}


def test_nothing_new_costs_one_request(synced, server):
    """A sync that finds nothing new sends one request."""
    assert finished(synced) == {}
    assert len(server.requests) == 1


def test_nothing_new_updates_one_row_and_nothing_else(synced):
    """A sync that finds nothing new updates the moment of the last check and nothing else."""
    before, checked = snapshot(synced), synced.connections.list()[0].last_checked_at
    finished(synced)
    assert snapshot(synced) == before
    assert synced.connections.list()[0].last_checked_at > checked


def test_a_late_upload_arrives_on_the_next_sync(synced, account):
    """A ride recorded before the last sync but uploaded after it is stored by the next sync."""
    late = account.add("2026-11-02T07:00:00", name="Forgotten on the watch")
    assert finished(synced)["new"] == 1
    assert synced.activities.get(late).activity.title == "Forgotten on the watch"


def test_a_rename_arrives_and_reopens_no_streams(synced, account, server):
    """A new title is part of the list, so the sync fetches it with its one list request."""
    external_id = native(account)[0]
    account.edit(external_id, name="A better name")
    assert finished(synced)["changed"] == 1
    assert synced.activities.get(external_id).activity.title == "A better name"
    assert len(server.requests) == 1


def test_edited_intervals_reopen_detail_and_streams(synced, account, server):
    """If the intervals of a record are edited, the detail and streams of this record are fetched
    again, and no others.
    """
    external_id = next(name for name in native(account) if account.intervals(name)[0])
    account.edit_intervals(external_id)
    finished(synced)
    assert len(server.requests) == 3
    assert len(synced.activities.get(external_id).activity.laps) == len(
        account.intervals(external_id)[0]
    )


def test_a_change_of_volatile_values_is_not_a_change_of_the_record(synced, account):
    """Fitness, weight and resting heart rate of the day change in every row; no record gets a new
    revision because of them.
    """
    account.drift(days=3)
    assert finished(synced) == {}


def test_a_key_that_is_new_in_every_row_reopens_nothing(synced, account, server):
    """A key that is new in every row is stored, and needs no request besides the list."""
    for external_id in native(account):
        account.edit(external_id, icu_brand_new_field=7)
    finished(synced)
    assert len(server.requests) == 1


def test_a_deletion_is_confirmed_by_id_and_becomes_a_tombstone(synced, account):
    """A workout that is no longer listed, and that the source does not have under its id, is no
    longer among the activities.
    """
    external_id = native(account)[3]
    account.delete(external_id)
    assert finished(synced)["gone"] == 1
    assert external_id not in [row["id"] for row in synced.activities()]
    assert synced.why(external_id)["verdict"] == "deleted at its source"


def test_a_deleted_workout_that_is_added_again_has_its_number_again(synced, account):
    """A record that is listed again after its deletion has the same activity, with its id and
    number.
    """
    external_id = native(account)[3]
    row, before = account.row(external_id), synced.activities.get(external_id)
    account.delete(external_id)
    finished(synced)
    account.add_row(row, streams=[])
    finished(synced)
    after = synced.activities.get(external_id)
    assert (after.id, after.number, after.gone_at) == (before.id, before.number, None)


def test_a_changed_start_date_is_no_deletion(synced, account, clock):
    """A workout whose new start date is outside the window is found by its id and kept."""
    external_id = native(account)[0]
    account.edit(
        external_id, start_date="2025-01-02T07:00:00Z", start_date_local="2025-01-02T08:00:00"
    )
    last = sync(synced)
    assert isinstance(last, SyncFinished)
    assert "confirmed" in decisions(synced, external_id)
    assert synced.activities.get(external_id).activity.start_local.year == 2025


def test_an_edit_arrives_although_the_clock_was_set_back(synced, account, clock):
    """A summary that is listed later wins over a detail that was fetched before, even if the clock
    was set back.
    """
    external_id = native(account)[0]
    clock.move(days=-2)
    account.edit(external_id, name="A better name")
    finished(synced)
    assert synced.activities.get(external_id).activity.title == "A better name"
    assert ids_decided(list(synced.syncs.rebuild()), "changed") == []


def test_a_changed_start_date_arrives_although_the_clock_was_set_back(synced, account, clock):
    """A detail that is fetched later wins over a summary that was listed before, even if the clock
    was set back.
    """
    external_id = native(account)[0]
    clock.move(days=-2)
    account.edit(
        external_id, start_date="2025-01-02T07:00:00Z", start_date_local="2025-01-02T08:00:00"
    )
    finished(synced)
    assert synced.activities.get(external_id).activity.start_local.year == 2025


def test_a_confirmed_record_is_not_asked_for_again(synced, account, server):
    """A record that was confirmed with a new start date is not requested again by the next sync."""
    account.edit(
        native(account)[0],
        start_date="2025-01-02T07:00:00Z",
        start_date_local="2025-01-02T08:00:00",
    )
    finished(synced)
    server.clear_requests()
    finished(synced)
    assert len(server.requests) == 1


def test_a_strava_fed_workout_is_a_stub_with_its_reason(synced, account):
    """A workout that Strava's terms withhold is kept as a stub with its claim, its reason and a
    fix, never as an empty activity.
    """
    stub = account.add_strava_stub("2026-11-19T06:00:00")
    before = len(synced.activities())
    assert finished(synced)["stub"] == 1
    assert len(synced.activities()) == before
    story = synced.why(stub)
    assert "Strava" in story["verdict"]
    assert story["fix"]
    assert f"strava:{stub}" in story["records"][0]["source_activities"][0]["claims"]


def test_a_native_copy_beside_its_stub_is_one_workout(synced, account):
    """A stub and the native copy with its Strava id are one activity."""
    stub = account.add_strava_stub("2026-11-19T06:00:00")
    finished(synced)
    copy = account.make_native(stub, keep_stub=True)
    finished(synced)
    assert synced.activities.get(copy).id == synced.activities.get(stub).id


def test_a_native_copy_in_place_of_its_stub_is_not_a_deletion(synced, account):
    """A workout stays when a native copy replaces its stub at the source."""
    stub = account.add_strava_stub("2026-11-19T06:00:00")
    finished(synced)
    copy = account.make_native(stub, keep_stub=False)
    finished(synced)
    assert synced.activities.get(copy).gone_at is None
    assert len(synced.activities()) == len(native(account))


def test_a_native_copy_that_is_deleted_and_added_again_has_its_number_again(synced, account):
    """If the native copy of a stub is deleted, the activity is a tombstone, since a stub is not
    a workout; if the copy is listed again, the activity has the same id and number.
    """
    copy = account.make_native(account.add_strava_stub("2026-11-19T06:00:00"), keep_stub=True)
    finished(synced)
    row, before = account.row(copy), synced.activities.get(copy)
    account.delete(copy)
    finished(synced)
    assert synced.activities.get(copy).gone_at is not None
    assert [group["count"] for group in synced.records.stubs()] == [2]
    assert before.id not in [row["id"] for row in synced.activities()]
    account.add_row(row, streams=[])
    finished(synced)
    after = synced.activities.get(copy)
    assert (after.id, after.number, after.gone_at) == (before.id, before.number, None)


def test_a_full_walk_is_due_when_the_last_one_was_in_the_future(synced, account, clock):
    """If the clock was years ahead during a full walk and has been set right since, the next full
    walk is due.
    """
    clock.move(days=2000)
    finished(synced)
    clock.move(days=-2000)
    account.add("2024-03-03T07:00:00", name="Long ago")
    finished(synced)
    assert [row for row in synced.activities() if row["title"] == "Long ago"]


def test_a_full_walk_runs_when_it_is_due(synced, account, server, clock):
    """The complete history is listed again after a week, so an old workout that was uploaded late
    arrives.
    """
    account.add("2024-03-03T07:00:00", name="Long ago")
    finished(synced)
    assert not [row for row in synced.activities() if row["title"] == "Long ago"]
    clock.move(days=8)
    finished(synced)
    assert [row for row in synced.activities() if row["title"] == "Long ago"]


def test_a_row_that_makes_no_sense_goes_to_quarantine(synced, account):
    """A record that cannot be normalized is kept in quarantine with the reason, and the other
    records are stored.
    """
    account.add_row(
        {
            "id": "i99",
            "start_date_local": "2026-11-18T10:00:00",
            "type": "Run",
            "moving_time": {"odd": 1},
            "name": "?",
        }
    )
    good = account.add("2026-11-18T07:00:00")
    counts = finished(synced)
    assert (counts["new"], counts["quarantined"]) == (2, 1)
    in_quarantine = synced.records.quarantine()
    assert [record["external_id"] for record in in_quarantine] == ["i99"]
    assert "moving_time" in str(in_quarantine[0])
    assert synced.activities.get(good)


def test_a_corrected_record_is_released_from_quarantine(synced, account):
    """A record that was corrected at the source leaves quarantine with the next sync."""
    account.add_row(
        {
            "id": "i99",
            "start_date": "2026-11-18T09:00:00Z",
            "start_date_local": "2026-11-18T10:00:00",
            "type": "Run",
            "moving_time": {"odd": 1},
        }
    )
    finished(synced)
    account.edit("i99", moving_time=600)
    finished(synced)
    assert synced.records.quarantine() == []
    assert synced.activities.get("i99").activity.moving_s == 600


def test_rebuild_without_changes_changes_nothing(synced):
    """A rebuild derives the same documents from the raw parts."""
    events = list(synced.syncs.rebuild())
    assert ids_decided(events, "changed") == []
    assert events[-1].counts["changed"] == 0


def test_why_lists_each_hop_of_the_delay(synced, account):
    """`why` lists when a workout ended, when it arrived at the source, and when it was seen
    here.
    """
    external_id = next(name for name in native(account) if account.row(name).get("created"))
    hops = [hop["hop"] for hop in synced.why(external_id)["records"][0]["hops"]]
    assert hops == ["workout ended", "arrived at the source", "seen here"]


def test_a_record_that_no_window_shows_is_confirmed_once_per_full_walk(
    synced, account, server, clock
):
    """A record whose start is outside every window is confirmed once; later syncs are idle until
    the next full walk confirms it again.
    """
    account.edit(
        native(account)[0],
        start_date="2099-01-02T07:00:00Z",
        start_date_local="2099-01-02T08:00:00",
    )
    assert finished(synced)["confirmed"] == 1
    server.clear_requests()
    assert finished(synced) == {}
    assert len(server.requests) == 1
    clock.move(days=8)
    assert finished(synced)["confirmed"] == 1


def test_since_limits_a_full_walk_that_was_stopped(host):
    """`--since` after a first sync that was stopped limits the remaining history, and is
    remembered.
    """
    with StandIn(
        Account.generate(count=450, seed=3, until=date(2026, 11, 20), distinct_streams=1)
    ) as server:
        host.connect("intervals", {"api_key": server.api_key, "base_url": server.url})
        events = host.sync(options=Options(streams=False))
        next(event for event in events if isinstance(event, WindowListed))
        events.close()
        last = sync(host, since=date(2026, 11, 15), streams=False)
    assert "2026-11-15" in last.note
    assert host.connections.list()[0].horizon == date(2026, 11, 15)


def test_a_file_that_was_fetched_is_kept_up_to_date_without_asking_again(synced, account):
    """A file that was fetched once with `--files` is fetched again after an edit, also by a sync
    without the option.
    """
    finished(synced, files=True)
    external_id = next(
        name for name in native(account) if account.row(name).get("file_type") == "fit"
    )
    account.edit_intervals(external_id)
    finished(synced)
    assert synced.connections.health(synced.connections.list()[0])["wanted"] == 0


@pytest.fixture
def without_streams(connected, server, account):
    """The id of an activity that has been synced and whose streams the source does not have."""
    lacking = native(account)[0]
    server.fault(f"*/activity/{lacking}/streams*", Fault.status(404), times=None)
    finished(connected)
    return lacking


def test_the_reason_of_a_missing_part_is_in_the_activity(connected, without_streams):
    """The reason why a part is missing is stored in the activity, and a rebuild changes nothing."""
    assert "streams" in connected.activities.get(without_streams).activity.completeness.missing
    assert ids_decided(list(connected.syncs.rebuild()), "changed") == []


def test_a_rename_keeps_the_reason_of_a_missing_part(connected, without_streams, account):
    """The reason why a part is missing stays in the activity when another part changes."""
    account.edit(without_streams, name="Renamed")
    finished(connected)
    assert "streams" in connected.activities.get(without_streams).activity.completeness.missing
    assert ids_decided(list(connected.syncs.rebuild()), "changed") == []
