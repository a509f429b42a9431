"""Tests of the limit on deletions: a record that is listed is never deleted, and if many records
vanish at once, they are kept until the athlete confirms their deletion.
"""

from __future__ import annotations

import re
from datetime import date

import pytest

from fitglue_intervals.testing import Account, StandIn
from fitglue_registry.plugin_api import Listing, Unavailable
from fitglue_registry.sync.events import DeletionsHeld, SyncFinished, SyncStopped
from fitglue_registry.sync.options import Options
from fitglue_registry.testing import Fault
from tests.sync.builders import finished, ids_decided, native, stopped
from tests.sync.conftest import UNTIL
from tests.sync.small import DETAIL, STREAMS, SYNC, Small, in_small_windows, small_host

LIST = re.compile(r"/activities\?")
BY_ID = re.compile(r"/activit(y|ies)/")


@pytest.fixture
def small():
    return Small()


def run(host, **options):
    """Sync the only connection, which must finish, and return its events."""
    events = list(host.sync(options=Options(**options)))
    assert isinstance(events[-1], SyncFinished), events[-1]
    return events


def held(events) -> list[DeletionsHeld]:
    return [event for event in events if isinstance(event, DeletionsHeld)]


# -- a record that is listed -----------------------------------------------------------------------


def test_listed_workouts_whose_parts_are_not_found_are_kept(connected, server, account):
    """Two workouts that were edited and are listed are not deleted if their details and streams
    answer 404; the sync reports them, and the next sync fetches their parts.
    """
    finished(connected)
    edited = [name for name in native(account) if account.intervals(name)[0]][:2]
    for external_id in edited:
        account.edit_intervals(external_id)
        server.fault(f"*/activity/{external_id}*", Fault.status(404), times=None)
        server.fault(f"*/activities/*{external_id}*", Fault.status(404), times=None)
    counts = finished(connected)
    assert counts["not-fetched"] == 2
    assert "gone" not in counts
    assert [connected.activities.get(name).gone_at for name in edited] == [None, None]
    server.clear_faults()
    assert "not-fetched" not in finished(connected)


def test_a_moved_address_of_details_stops_the_connection_and_deletes_nothing(connected, server):
    """If no detail of the listed workouts is found any more, the sync stops like in an outage, and
    the workouts stay.
    """
    server.fault(BY_ID, Fault.status(404), times=None)
    assert stopped(connected).code == "FG-listed-but-gone"
    before = len(connected.activities())
    assert stopped(connected).code == "FG-listed-but-gone"
    assert len(connected.activities()) == before == 11


def test_a_workout_outside_the_listed_days_is_not_deleted_because_of_a_part(small, tmp_path):
    """A workout whose days this sync does not list stays if one of its parts is not found, because
    only a list shows whether it was deleted.
    """
    small.add(4)
    with small_host(tmp_path, small.plugin(), parts=f"{DETAIL}\n{STREAMS}") as host:
        run(host, streams=False)
        small.finds = False
        events = list(host.sync(options=Options(since=date(2026, 11, 20))))
        assert isinstance(events[-1], SyncStopped)
        assert len(host.activities()) == 4
        del small.rows["w3"]
        small.finds = True
        assert ids_decided(run(host, full=True), "gone") == ["w3"]


@pytest.mark.parametrize("count", [1, 4])
def test_workouts_that_were_deleted_long_before_their_parts_arrive_are_deleted_at_once(
    small, tmp_path, count
):
    """If a part of workouts that this sync does not list is not found, the list of their days
    shows that they were deleted, and the next sync has nothing to do.
    """
    small.add(80)
    with small_host(tmp_path, small.plugin(), parts=f"{DETAIL}\n{STREAMS}") as host:
        run(host, streams=False)
        for number in range(70, 70 + count):
            del small.rows[f"w{number}"]
        events = run(host)
        assert len(ids_decided(events, "gone")) == count
        assert ids_decided(events, "not-fetched") == []
        small.asked.clear()
        assert run(host)[-1].counts == {}
        assert small.asked == {"list": 1}


def test_a_part_that_is_not_found_of_a_workout_that_is_still_there_is_not_fetched(small, tmp_path):
    """If a part of one workout is not found, and the list of its day still has it, the part counts
    as not fetched.
    """
    small.add(80)

    def fetch(connection, part, ids):
        for item in small.fetch(connection, part, ids):
            is_lost = part == "streams" and item.external_id == "w75"
            yield Unavailable("w75", part, "gone", "FG-not-at-source", "404") if is_lost else item

    with small_host(tmp_path, small.plugin(fetch=fetch), parts=f"{DETAIL}\n{STREAMS}") as host:
        run(host, streams=False)
        events = run(host)
        assert ids_decided(events, "not-fetched") == ["w75"]
        assert len(host.activities()) == 80


def test_a_row_that_is_not_ready_proves_that_its_record_exists(small, tmp_path):
    """A record is not deleted while the list says that it is being processed."""
    small.add(3)
    later = Unavailable("w1", "summary", "later", "FG-not-ready", "it is being analyzed")

    def list_(connection, window):
        for row in small.list(connection, window):
            is_waiting = row.external_id == "w1" and not small.finds
            yield small.row("w1", unavailable=later, start_local=None) if is_waiting else row

    with small_host(tmp_path, small.plugin(list=list_)) as host:
        run(host)
        small.finds = False
        assert ids_decided(run(host), "gone") == []
        assert len(host.activities()) == 3


def test_a_record_that_vanished_and_is_listed_as_not_ready_is_not_deleted(small, tmp_path):
    """A record that could not be asked for when it vanished is not deleted while the list says
    that it is being processed.
    """
    small.add(3)
    later = Unavailable("w1", "summary", "later", "FG-not-ready", "it is being analyzed")
    steps = iter(["listed", "lost", "not ready"])
    step = ""

    def list_(connection, window):
        nonlocal step
        step = next(steps)
        for row in small.list(connection, window):
            if row.external_id != "w1" or step == "listed":
                yield row
            elif step == "not ready":
                yield small.row("w1", unavailable=later)

    def fetch(connection, part, ids):
        if step == "lost":
            raise RuntimeError("not now")
        small.finds = step != "not ready"
        yield from small.fetch(connection, part, ids)

    with small_host(tmp_path, small.plugin(list=list_, fetch=fetch)) as host:
        run(host)
        list(host.sync())
        assert ids_decided(run(host), "gone") == []
        assert len(host.activities()) == 3


def test_a_listed_workout_of_a_source_that_reveals_no_deletions_is_kept(small, tmp_path):
    """If the list does not reveal deletions, a listed workout whose part is not found stays, too;
    one that is not listed is deleted once it is not found under its id.
    """
    small.add(3)
    parts = f"{DETAIL}\n{STREAMS}"
    with small_host(tmp_path, small.plugin(), parts=parts, sync="{deletions: false}") as host:
        run(host, streams=False)
        small.finds = False
        events = list(host.sync())
        assert events[-1].error.code == "FG-listed-but-gone"
        assert ids_decided(events, "gone") == []
        del small.rows["w2"]
        small.finds = True
        assert ids_decided(run(host), "gone") == ["w2"]
        assert len(host.activities()) == 2


def test_a_row_without_a_start_is_deleted_once_it_is_neither_listed_nor_found(small, tmp_path):
    """A row that some mistake of the service has listed, and that no window must show, does not
    stay forever.
    """
    small.add(3)

    def list_(connection, window):
        yield from small.list(connection, window)
        if not small.finds:
            yield Listing("someone", b'{"id": "someone"}')

    with small_host(tmp_path, small.plugin(list=list_)) as host:
        run(host)
        small.finds = False
        assert "someone" in ids_decided(list(host.sync()), "new")
        small.finds = True
        assert ids_decided(run(host), "gone") == ["someone"]
        assert len(host.activities()) == 3


# -- many at once ----------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [12, 41])
def test_an_empty_list_and_404s_delete_nothing(host, count):
    """If the list is empty and no workout is found under its id, all of them stay, and the sync
    says how many deletions are held.
    """
    account = Account.generate(count=count, seed=3, until=UNTIL, strava_stubs=0, distinct_streams=1)
    with StandIn(account) as server:
        host.connect("intervals", {"api_key": server.api_key, "base_url": server.url})
        finished(host, streams=False)
        server.fault(LIST, Fault.shape([]), times=None)
        server.fault(BY_ID, Fault.status(404), times=None)
        events = run(host, streams=False)
        assert len(host.activities()) == count
        [event] = held(events)
        days = sorted(account.row(name)["start_date_local"][:10] for name in account.ids())
        assert event.records == count
        assert (str(event.oldest), str(event.newest)) == (days[0], days[-1])
        assert set(event.external_ids) <= set(account.ids())
        server.clear_faults()
        assert held(run(host, streams=False)) == []
        assert len(host.activities()) == count


@pytest.mark.parametrize(("count", "deleted"), [(12, 5), (80, 8)])
def test_few_deletions_are_carried_out_at_once(small, tmp_path, count, deleted):
    """Five workouts, or a tenth of the listed days, are deleted without a question."""
    small.add(count)
    with small_host(tmp_path, small.plugin(), sync=SYNC.replace("60", "100")) as host:
        run(host)
        for number in range(deleted):
            del small.rows[f"w{number}"]
        events = run(host)
        assert len(ids_decided(events, "gone")) == deleted
        assert held(events) == []


@pytest.mark.parametrize("parts", [DETAIL, STREAMS], ids=["confirming part", "no confirming part"])
@pytest.mark.parametrize(("count", "deleted"), [(12, 6), (80, 9), (6, 6)])
def test_many_deletions_are_held_until_they_are_confirmed(small, tmp_path, parts, count, deleted):
    """More deletions are held, whether or not a part can confirm them, until a sync is told to
    carry them out.
    """
    small.add(count)
    with small_host(tmp_path, small.plugin(), parts=parts, sync=SYNC.replace("60", "100")) as host:
        run(host)
        for number in range(deleted):
            del small.rows[f"w{number}"]
        first, second = run(host), run(host)
        assert [event.records for event in (*held(first), *held(second))] == [deleted, deleted]
        assert len(host.activities()) == count
        confirmed = run(host, confirm_deletions=True)
        assert len(ids_decided(confirmed, "gone")) == deleted
        assert held(confirmed) == []
        assert len(host.activities()) == count - deleted


@pytest.mark.parametrize(("deleted", "would_be_held"), [(5, []), (6, [6]), (12, [12])])
def test_a_dry_run_says_what_would_be_held(small, tmp_path, deleted, would_be_held):
    """A dry run says how many deletions the sync would hold, stores nothing, and says the same as
    the sync after it.
    """
    small.add(12)
    with small_host(tmp_path, small.plugin()) as host:
        run(host)
        for number in range(deleted):
            del small.rows[f"w{number}"]
        for _ in range(2):
            rehearsed = held(run(host, dry_run=True))
            assert [event.records for event in rehearsed] == would_be_held
            assert all(event.dry_run for event in rehearsed)
        rehearsed = held(run(host, dry_run=True, confirm_deletions=True))
        assert [event.records for event in rehearsed] == would_be_held
        assert len(host.activities()) == 12
        assert [event.records for event in held(run(host))] == would_be_held
        assert [event.records for event in held(run(host, dry_run=True))] == would_be_held
        assert held(run(host, dry_run=True, confirm_deletions=True)) == []


def test_a_dry_run_of_small_windows_counts_them_together(small, tmp_path):
    """Windows that each lose a few records are too many together in a dry run, too."""
    small.add(40)
    with small_host(tmp_path, small.plugin(list=in_small_windows(small)), parts=STREAMS) as host:
        run(host, full=True)
        small.lists = False
        events = run(host, full=True, dry_run=True)
        assert [event.records for event in held(events)] == [40]
        assert len(host.activities()) == 40


def test_held_records_are_asked_for_once_until_the_next_full_walk(small, tmp_path):
    """A held record costs one request by its id, and another one after a full walk."""
    small.add(12)
    with small_host(tmp_path, small.plugin()) as host:
        run(host)
        small.asked.clear()
        small.lists = small.finds = False
        run(host)
        run(host)
        assert small.asked == {"list": 2, "detail": 12}
        run(host, full=True)
        assert small.asked["detail"] == 24


def test_records_that_exist_under_their_ids_are_not_held(small, tmp_path):
    """If the list is empty and the records are found by their ids, nothing is held."""
    small.add(12)
    with small_host(tmp_path, small.plugin()) as host:
        run(host)
        small.lists = False
        events = run(host)
        assert held(events) == []
        assert len(ids_decided(events, "confirmed")) == 12


def test_the_few_deletions_among_many_moved_workouts_are_carried_out(small, tmp_path):
    """If most of the records that vanished exist under their ids, the few others are deleted."""
    small.add(12)
    with small_host(tmp_path, small.plugin()) as host:
        run(host)
        small.lists = False
        del small.rows["w3"], small.rows["w4"]
        events = run(host)
        assert ids_decided(events, "gone") == ["w3", "w4"]
        assert held(events) == []


def test_held_records_that_are_listed_again_are_as_before(small, tmp_path):
    """Held records that the source lists again need no confirmation and no request."""
    small.add(12)
    with small_host(tmp_path, small.plugin()) as host:
        run(host)
        small.lists = small.finds = False
        run(host)
        small.lists = small.finds = True
        small.asked.clear()
        events = run(host)
        assert held(events) == []
        assert len(ids_decided(events, "back")) == 12
        assert small.asked == {"list": 1}
        assert host.connections.health(host.connections.list()[0])["listed"] == 12


def test_a_confirmation_deletes_nothing_that_is_listed_again(small, tmp_path):
    """A confirmation lists the days of held records once more, also of those that lie before the
    days of the sync.
    """
    small.add(100)
    with small_host(tmp_path, small.plugin(), parts=STREAMS) as host:
        run(host)
        small.lists = False
        run(host, full=True)
        small.lists = True
        assert held(run(host, until=date(2026, 11, 20), since=date(2026, 11, 19)))
        confirmed = run(host, confirm_deletions=True)
        assert ids_decided(confirmed, "gone") == []
        assert len(host.activities()) == 100


def test_many_small_windows_must_not_lose_too_many_together(small, tmp_path):
    """Windows that each lose a few records hold them if they are too many together."""
    small.add(40)
    with small_host(tmp_path, small.plugin(list=in_small_windows(small)), parts=STREAMS) as host:
        run(host, full=True)
        small.lists = False
        events = run(host, full=True)
        assert len(host.activities()) == 40
        assert [event.records for event in held(events)] == [40]


def test_records_that_could_not_be_asked_for_count_too(small, tmp_path):
    """Records for which the source fails count towards the limit, so that several syncs do not
    delete together what one must not.
    """
    small.add(12)
    failing: set[str] = set()

    def fetch(connection, part, ids):
        if failing.intersection(ids):
            raise RuntimeError("not now")
        yield from small.fetch(connection, part, ids)

    with small_host(tmp_path, small.plugin(fetch=fetch), sync="{deletions: false}") as host:
        run(host)
        small.lists = small.finds = False
        with host.workspace.database.write() as db:
            db.exec_driver_sql("UPDATE fg_records SET state = 'missing'")
        failing.update(f"w{number}" for number in range(0, 12, 2))
        list(host.sync())
        failing.clear()
        run(host)
        assert len(host.activities()) == 12


def test_a_killed_sync_does_not_forget_that_too_many_vanished(small, tmp_path):
    """If a sync is stopped after the list and before it asks for the records, the next one deletes
    nothing either, whatever days it lists.
    """
    small.add(12)
    with small_host(tmp_path, small.plugin(), parts=STREAMS) as host:
        run(host)
        small.lists = False
        events = host.sync()
        next(event for event in events if type(event).__name__ == "WindowListed")
        events.close()
        small.lists = True
        assert held(run(host, since=date(2026, 11, 20), until=date(2026, 11, 20)))
        assert len(host.activities()) == 12


def test_why_says_that_the_deletion_is_held(small, tmp_path):
    """`why` of a held workout says that its source no longer has it, and how to confirm that."""
    small.add(6)
    with small_host(tmp_path, small.plugin()) as host:
        run(host)
        small.lists = small.finds = False
        run(host)
        story = host.why("w2")
    assert story["records"][0]["state"] == "held"
    assert story["records"][0]["decisions"][-1]["decision"] == "held"
    assert "many records vanished within 30 days" in story["records"][0]["decisions"][-1]["reason"]
