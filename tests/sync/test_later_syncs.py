"""Later syncs: nothing new costs one request; what is late, edited, deleted or Strava-fed arrives
all the same.
"""

from __future__ import annotations

from datetime import date

import pytest

from fitglue_intervals.testing import Account, StandIn
from fitglue_registry.sync.events import SyncFinished, WindowListed
from fitglue_registry.sync.options import Options
from fitglue_registry.testing import Fault
from tests.sync.builders import decisions, finished, native, said, sync


@pytest.fixture
def synced(connected, server, clock):
    """The host after its first sync, an hour later."""
    finished(connected)
    server.clear_requests()
    clock.move(hours=1)
    return connected


def snapshot(host):
    """Every row of every table that an idle sync must leave alone."""
    from fitglue_registry.store.tables import metadata

    with host.workspace.database.read() as db:
        others = [table for table in metadata.sorted_tables if table.name != "fg_connections"]
        return {table.name: [tuple(row) for row in db.execute(table.select())] for table in others}


def test_nothing_new_costs_one_request(synced, server):
    """A second sync with nothing new asks once."""
    assert finished(synced) == {}
    assert len(server.requests) == 1


def test_nothing_new_updates_one_row_and_nothing_else(synced):
    """An idle sync writes when it looked, and nothing besides."""
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
    """A new title is in the list already: it costs the one list request."""
    external_id = native(account)[0]
    account.edit(external_id, name="A better name")
    assert finished(synced)["changed"] == 1
    assert synced.activities.get(external_id).activity.title == "A better name"
    assert len(server.requests) == 1


def test_edited_intervals_reopen_detail_and_streams(synced, account, server):
    """What the source analysed anew is fetched anew, for that record alone."""
    external_id = next(one for one in native(account) if account.intervals(one)[0])
    account.edit_intervals(external_id)
    finished(synced)
    assert len(server.requests) == 3
    assert len(synced.activities.get(external_id).activity.laps) == len(
        account.intervals(external_id)[0]
    )


def test_what_drifts_by_itself_is_no_change(synced, account):
    """Fitness, weight and resting heart rate of the day move on every row; no record is a new
    revision for it.
    """
    account.drift(days=3)
    assert finished(synced) == {}


def test_a_key_that_is_new_on_every_row_reopens_nothing(synced, account, server):
    """Schema drift is stored, and costs no request beside the list."""
    for external_id in native(account):
        account.edit(external_id, icu_brand_new_field=7)
    finished(synced)
    assert len(server.requests) == 1


def test_a_deletion_is_confirmed_by_id_and_becomes_a_tombstone(synced, account):
    """A workout that is no longer listed, and is not there when asked for, leaves the list of
    activities.
    """
    external_id = native(account)[3]
    account.delete(external_id)
    assert finished(synced)["gone"] == 1
    assert external_id not in [row["id"] for row in synced.activities()]
    assert synced.why(external_id)["verdict"] == "deleted at its source"


def test_a_deleted_workout_that_comes_back_has_its_number_again(synced, account):
    """A re-added record revives its activity, under the same id and number."""
    external_id = native(account)[3]
    row, before = account.row(external_id), synced.activities.get(external_id)
    account.delete(external_id)
    finished(synced)
    account.add_row(row, streams=[])
    finished(synced)
    after = synced.activities.get(external_id)
    assert (after.id, after.number, after.gone_at) == (before.id, before.number, None)


def test_a_changed_start_date_is_no_deletion(synced, account, clock):
    """A workout moved out of the window is found by its id and kept."""
    external_id = native(account)[0]
    account.edit(
        external_id, start_date="2025-01-02T07:00:00Z", start_date_local="2025-01-02T08:00:00"
    )
    last = sync(synced)
    assert isinstance(last, SyncFinished)
    assert "confirmed" in decisions(synced, external_id)
    assert synced.activities.get(external_id).activity.start_local.year == 2025


def test_an_edit_arrives_although_the_clock_was_set_back(synced, account, clock):
    """What is listed later wins over what was fetched before, whatever the clock says."""
    external_id = native(account)[0]
    clock.move(days=-2)
    account.edit(external_id, name="A better name")
    finished(synced)
    assert synced.activities.get(external_id).activity.title == "A better name"
    assert said(list(synced.syncs.rebuild()), "changed") == []


def test_a_changed_start_date_arrives_although_the_clock_was_set_back(synced, account, clock):
    """What is asked for by id later wins over what was listed before, whatever the clock says."""
    external_id = native(account)[0]
    clock.move(days=-2)
    account.edit(
        external_id, start_date="2025-01-02T07:00:00Z", start_date_local="2025-01-02T08:00:00"
    )
    finished(synced)
    assert synced.activities.get(external_id).activity.start_local.year == 2025


def test_a_confirmed_record_is_not_asked_for_again(synced, account, server):
    """Once its new start date is known, the next sync is idle again."""
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
    """What Strava's terms withhold is kept as a stub with its claim and what to do, never as an
    empty activity.
    """
    stub = account.add_strava_stub("2026-11-19T06:00:00")
    before = len(synced.activities())
    assert finished(synced)["stub"] == 1
    assert len(synced.activities()) == before
    told = synced.why(stub)
    assert "Strava" in told["verdict"]
    assert told["fix"]
    assert f"strava:{stub}" in told["records"][0]["source_activities"][0]["claims"]


def test_a_native_copy_beside_its_stub_is_one_workout(synced, account):
    """A stub and the native copy with its strava id are one activity."""
    stub = account.add_strava_stub("2026-11-19T06:00:00")
    finished(synced)
    copy = account.make_native(stub, keep_stub=True)
    finished(synced)
    assert synced.activities.get(copy).id == synced.activities.get(stub).id


def test_a_native_copy_in_place_of_its_stub_is_no_deletion(synced, account):
    """The workout stays when its stub gives way to a native copy."""
    stub = account.add_strava_stub("2026-11-19T06:00:00")
    finished(synced)
    copy = account.make_native(stub, keep_stub=False)
    finished(synced)
    assert synced.activities.get(copy).gone_at is None
    assert len(synced.activities()) == len(native(account))


def test_a_native_copy_that_is_deleted_beside_its_stub_comes_back_with_its_number(synced, account):
    """The stub that is left is no workout: the activity is a tombstone, and the same one when the
    copy is there again.
    """
    copy = account.make_native(account.add_strava_stub("2026-11-19T06:00:00"), keep_stub=True)
    finished(synced)
    row, before = account.row(copy), synced.activities.get(copy)
    account.delete(copy)
    finished(synced)
    assert synced.activities.get(copy).gone_at is not None
    assert [one["count"] for one in synced.records.stubs()] == [2]
    assert before.id not in [one["id"] for one in synced.activities()]
    account.add_row(row, streams=[])
    finished(synced)
    after = synced.activities.get(copy)
    assert (after.id, after.number, after.gone_at) == (before.id, before.number, None)


def test_a_full_walk_is_due_when_the_last_one_was_in_the_future(synced, account, clock):
    """A clock that was years ahead during a walk, and was set right, does not put off the next one
    for years.
    """
    clock.move(days=2000)
    finished(synced)
    clock.move(days=-2000)
    account.add("2024-03-03T07:00:00", name="Long ago")
    finished(synced)
    assert [row for row in synced.activities() if row["title"] == "Long ago"]


def test_a_full_walk_comes_when_it_is_due(synced, account, server, clock):
    """After a week the whole history is listed again, so an edit from before the window arrives."""
    account.add("2024-03-03T07:00:00", name="Long ago")
    finished(synced)
    assert not [row for row in synced.activities() if row["title"] == "Long ago"]
    clock.move(days=8)
    finished(synced)
    assert [row for row in synced.activities() if row["title"] == "Long ago"]


def test_an_odd_row_goes_to_quarantine_and_the_rest_goes_on(synced, account):
    """A record that makes no sense is kept with the reason; the others are stored."""
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
    held = synced.records.quarantine()
    assert [one["external_id"] for one in held] == ["i99"]
    assert "moving_time" in str(held[0])
    assert synced.activities.get(good)


def test_quarantine_is_released_when_the_record_makes_sense(synced, account):
    """A corrected record leaves quarantine with the sync that brings it."""
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
    """Deriving everything again from the raw parts gives the same documents."""
    events = list(synced.syncs.rebuild())
    assert said(events, "changed") == []
    assert events[-1].counts["changed"] == 0


def test_each_hop_of_the_way_is_measured(synced, account):
    """`why` tells when the workout ended, when it was at the source, and when it was seen here."""
    external_id = next(one for one in native(account) if account.row(one).get("created"))
    hops = [hop["hop"] for hop in synced.why(external_id)["records"][0]["hops"]]
    assert hops == ["workout ended", "arrived at the source", "seen here"]


def test_a_record_that_no_window_shows_costs_one_confirmation_a_walk(
    synced, account, server, clock
):
    """A start beyond every window is confirmed once; the syncs in between are idle, the next walk
    asks again.
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


def test_since_limits_a_walk_that_was_interrupted(host):
    """`--since` after a first sync that was stopped limits what is left, and is remembered."""
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
    """`--files` once is enough for the records that it fetched: a new version of a file comes with
    a plain sync.
    """
    finished(synced, files=True)
    external_id = next(one for one in native(account) if account.row(one).get("file_type") == "fit")
    account.edit_intervals(external_id)
    finished(synced)
    assert synced.connections.health(synced.connections.list()[0])["wanted"] == 0


@pytest.fixture
def without_streams(connected, server, account):
    """An account in which the source has no streams of one activity, which has been synced."""
    lacking = native(account)[0]
    server.fault(f"*/activity/{lacking}/streams*", Fault.status(404), times=None)
    finished(connected)
    return lacking


def test_what_will_not_come_is_said_in_the_activity(connected, without_streams):
    """The reason for a missing part stands with the workout, and a rebuild finds nothing to
    change.
    """
    assert "streams" in connected.activities.get(without_streams).activity.completeness.missing
    assert said(list(connected.syncs.rebuild()), "changed") == []


def test_a_rename_keeps_the_reason_of_a_missing_part(connected, without_streams, account):
    """A change of one part forgets nothing that is known of another."""
    account.edit(without_streams, name="Renamed")
    finished(connected)
    assert "streams" in connected.activities.get(without_streams).activity.completeness.missing
    assert said(list(connected.syncs.rebuild()), "changed") == []
