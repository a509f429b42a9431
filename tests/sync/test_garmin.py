"""Tests of complete syncs of Garmin's stand-in: what arrives, what is asked again, and when."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from fitglue_garmin.testing import Account, StandIn
from fitglue_garmin.testing.files import file_of
from fitglue_garmin.testing.workout import Leg, Workout, event, utc
from fitglue_registry import Host, Policy
from fitglue_registry.secrets.memory import MemorySecretStore
from fitglue_registry.services.events import (
    BacklogCounted,
    Decided,
    PartsPlanned,
    PartStored,
    SyncFinished,
    SyncStopped,
    WindowListed,
)
from fitglue_registry.testing import Fault

LIST = "activitylist-service"
DETAIL = "activity-service"
FILE = "download-service"
RACE = (("open_water_swimming", 1500), ("road_biking", 3600), ("running", 2400))


def sync(host):
    """Sync, and return the decisions by external id and the event that ended it."""
    events = list(host.sync())
    decisions = {
        event.external_id: str(event.decision) for event in events if isinstance(event, Decided)
    }
    return decisions, events[-1]


def asked(service):
    """Return how many requests each service of Garmin got since the last time."""
    counts = Counter(request.path.split("/")[1] for request in service.requests)
    service.clear_requests()
    return counts


def titles(host):
    """Return the titles of all activities, newest first."""
    return [row["title"] for row in host.activities()]


@pytest.fixture
def account():
    """Return an account with a run, a ride and a workout that was typed in."""
    made = Account()
    made.put(Workout(Leg(7_000_001, utc("2026-11-18T06:31:10")), title="Run"))
    made.put(Workout(Leg(7_000_002, utc("2026-11-17T16:00:05"), "road_biking"), title="Ride"))
    made.put(Workout(Leg(7_000_003, utc("2026-11-16T18:00:00"), "yoga"), title="Yoga", manual=True))
    return made


@pytest.fixture
def service(account, clock):
    """Return a running stand-in of the account."""
    with StandIn(account, clock=clock) as running:
        yield running


@pytest.fixture
def connected(host, service):
    """Return a host that is connected to the stand-in."""
    host.connect("garmin", {"api_key": service.api_key, "base_url": service.url})
    service.clear_requests()
    return host


def test_a_first_sync_brings_everything_with_its_files(connected, service):
    """A first sync lists once, and asks for one detail and one file of each recorded workout."""
    decisions, end = sync(connected)
    assert isinstance(end, SyncFinished)
    assert set(decisions.values()) == {"new"}
    assert titles(connected) == ["Run", "Ride", "Yoga"]
    # The oldest row is asked for first, and then the only window.
    assert asked(service) == {LIST: 2, DETAIL: 3, FILE: 2}


def test_the_download_asks_for_a_zip(connected, service):
    """The stand-in answers 406 to any other Accept, as Garmin does, and every file arrives."""
    sync(connected)
    downloads = [request for request in service.requests if FILE in request.path]
    assert [request.status for request in downloads] == [200, 200]


def test_an_idle_sync_sends_one_request(connected, service):
    """If nothing has changed, a sync sends one request, and no exchange of the key."""
    sync(connected)
    asked(service)
    decisions, _ = sync(connected)
    assert decisions == {}
    assert asked(service) == {LIST: 1}
    assert service.tokens.issued == 1


def test_a_new_name_is_noticed_and_downloads_no_file_again(connected, service, account):
    """An edit of the row asks for the detail again, and not for the original file."""
    sync(connected)
    asked(service)
    account.edit(7_000_001, activityName="Round the fjord")
    decisions, _ = sync(connected)
    assert decisions == {"7000001": "changed"}
    assert asked(service) == {LIST: 1, DETAIL: 1}
    assert titles(connected)[0] == "Round the fjord"


def test_likes_and_comments_change_nothing(connected, service, account):
    """What other people do with a workout asks for nothing again."""
    sync(connected)
    asked(service)
    account.like(7_000_001)
    account.edit(7_000_002, numberOfActivityComments=3, ownerFullName="Ada Married")
    decisions, _ = sync(connected)
    assert decisions == {}
    assert asked(service) == {LIST: 1}


def test_a_late_workout_arrives_with_the_next_sync(connected, account):
    """A workout that was recorded before the last sync and uploaded since is new."""
    sync(connected)
    account.add("2026-10-30T07:00:00", title="Found on an old watch")
    sync(connected)
    assert titles(connected)[-1] == "Found on an old watch"


def test_an_old_workout_arrives_with_the_weekly_walk(connected, account, clock):
    """A workout that is older than the days that each sync lists arrives within a week."""
    sync(connected)
    account.add("2025-05-01T07:00:00", title="Last year")
    sync(connected)
    assert "Last year" not in titles(connected)
    clock.move(days=8)
    sync(connected)
    assert titles(connected)[-1] == "Last year"


def test_a_deleted_workout_is_confirmed_by_its_detail(connected, service, account):
    """A workout that is no longer listed is asked for by its id before it counts as deleted."""
    sync(connected)
    asked(service)
    account.delete(7_000_002)
    decisions, _ = sync(connected)
    assert decisions == {"7000002": "gone"}
    assert asked(service) == {LIST: 1, DETAIL: 1}
    assert titles(connected) == ["Run", "Yoga"]


def test_a_new_date_is_no_deletion(connected, account):
    """A workout whose date was corrected leaves its old day and is not deleted."""
    sync(connected)
    changed = {"startTimeLocal": "2026-11-19 07:31:10", "startTimeGMT": "2026-11-19 06:31:10"}
    account.edit(7_000_001, **changed, beginTimestamp=None)
    decisions, _ = sync(connected)
    assert decisions == {"7000001": "changed"}
    starts = [row["start_local"] for row in connected.activities()]
    assert "2026-11-19T07:31:10" in starts


def test_a_file_of_another_workout_hides_neither(connected, account):
    """If Garmin delivers the file of another workout, both workouts stay in the list."""
    ride = Workout(Leg(8_000_001, utc("2026-11-12T07:00:00"), "road_biking"), title="Ride")
    wrong = Workout(Leg(8_000_002, utc("2026-11-15T07:00:00")), title="Run on Sunday")
    account.put(ride)
    account.put(replace(wrong, file=file_of(ride)))
    sync(connected)
    assert {"Ride", "Run on Sunday"} <= set(titles(connected))


def test_why_says_when_a_workout_arrived_at_garmin(connected, account):
    """The time of the upload, which only the detail has, is a hop of the delay, and stays after an
    edit.
    """
    sync(connected)
    account.edit(7_000_001, activityName="Round the fjord")
    sync(connected)
    [record] = connected.why("garmin:7000001")["records"]
    hops = {hop["hop"]: hop["at"] for hop in record["hops"]}
    assert hops["arrived at the source"] == "2026-11-18T07:16:50Z"


def test_a_typed_workout_says_why_it_has_no_file(connected):
    """A workout that was typed in states why it has no file, and nothing is asked for."""
    sync(connected)
    [record] = connected.why("garmin:7000003")["records"]
    assert "it was entered by hand" in str(record)


# -- multisport ------------------------------------------------------------------------------------


@pytest.fixture
def race(account):
    """Add a triathlon to the account, and return it."""
    made = event(600, utc("2026-11-15T07:00:00"), RACE, title="City Triathlon")
    account.put(made)
    return made


def test_a_multisport_day_is_its_legs(connected, race):
    """An event becomes one activity for each leg, each with its samples, and none for itself."""
    sync(connected)
    sports = [row["sport"] for row in connected.activities() if "City" in row["title"]]
    assert sports == ["Run", "Ride", "OpenWaterSwim"]
    streams = connected.queries.sql(
        "select count(*) from source_activities where external_id = '600'"
    ).rows
    assert streams[0][0] == 3


def test_why_of_a_leg_is_about_that_leg(connected, race):
    """A leg is found by its own id or its page, and its story has its own end; no leg of a flawless
    file has a remark about the samples of its neighbor.
    """
    sync(connected)
    for leg in race.legs:
        story = connected.why(str(leg.id))
        page = f"https://connect.garmin.com/modern/activity/{leg.id}"
        assert connected.why(page)["activity"]["id"] == story["activity"]["id"]
        [record] = story["records"]
        ended = record["hops"][0]
        assert ended["hop"] == "workout ended"
        assert ended["at"] == leg.end.isoformat().replace("+00:00", "Z")
        assert "cover -" not in str(story)


def test_a_renamed_leg_is_noticed(connected, service, account, race):
    """An edit of only one leg asks for the details of its event again."""
    sync(connected)
    asked(service)
    account.edit(602, activityName="Fastest ride of my life")
    decisions, _ = sync(connected)
    assert decisions == {"600": "changed"}
    assert "Fastest ride of my life" in titles(connected)
    assert asked(service) == {LIST: 1, DETAIL: 4}


def test_a_deleted_leg_leaves_nothing_behind(connected, account, race):
    """If one leg of an event is deleted, its activity is gone, and the others stay as they were."""
    sync(connected)
    account.put(replace(race, legs=(race.legs[0], race.legs[2])))
    sync(connected)
    rows = [row for row in connected.activities() if "City" in row["title"]]
    assert [row["sport"] for row in rows] == ["Run", "OpenWaterSwim"]
    assert all(row["sources"] == ["garmin"] for row in rows)


@pytest.mark.parametrize("kept", [(1, 2), (0, 1), (0,)], ids=["first", "last", "two"])
def test_a_leg_can_go_and_come_back(connected, account, race, kept):
    """Whichever legs are deleted, the list has those that are left; legs that return are there
    again, and a rebuild changes nothing.
    """
    sports = ["OpenWaterSwim", "Ride", "Run"]

    def listed():
        rows = [row for row in connected.activities() if "City" in row["title"]]
        assert all(row["sources"] == ["garmin"] for row in rows)
        return [row["sport"] for row in rows][::-1]

    sync(connected)
    account.put(replace(race, legs=tuple(race.legs[number] for number in kept)))
    sync(connected)
    assert listed() == [sports[number] for number in kept]
    list(connected.syncs.rebuild())
    assert listed() == [sports[number] for number in kept]
    account.put(race)
    sync(connected)
    assert listed() == sports
    account.put(replace(race, legs=race.legs[:1]))
    sync(connected)
    account.delete(600)
    sync(connected)
    assert listed() == []


def test_a_deleted_event_takes_its_legs_with_it(connected, account, race):
    """If an event is deleted, its legs are deleted as well."""
    sync(connected)
    account.delete(600)
    sync(connected)
    assert titles(connected) == ["Run", "Ride", "Yoga"]


def test_legs_come_from_the_detail_if_the_list_never_has_them(connected, service, race):
    """If the service lists only events, whatever is asked for, legs come from their details."""
    service.never_lists_legs = True
    sync(connected)
    sports = [row["sport"] for row in connected.activities() if "City" in row["title"]]
    assert sports == ["Run", "Ride", "OpenWaterSwim"]


# -- tokens and limits -----------------------------------------------------------------------------


def test_a_token_that_ends_in_the_middle_is_renewed_once(connected, service):
    """If the service ends the token during a sync, the key is exchanged once and all arrives."""
    service.fault(f"/{DETAIL}/*", Fault.status(401), times=1, after=1)
    _, end = sync(connected)
    assert isinstance(end, SyncFinished)
    assert service.tokens.issued == 2
    assert len(titles(connected)) == 3


def test_a_token_is_exchanged_once_a_day(connected, service, clock):
    """A token is used for 24 hours by every sync, and then replaced before it ends."""
    for _ in range(5):
        clock.move(hours=5)
        sync(connected)
    assert service.tokens.issued == 2
    assert all(request.status != 401 for request in service.requests)


def test_a_key_that_ended_stops_the_sync_until_there_is_a_new_one(connected, service):
    """If key and token have ended, the athlete is asked for a new key, and nothing is lost."""
    sync(connected)
    service.revoke_key()
    _, end = sync(connected)
    assert isinstance(end, SyncStopped)
    assert end.error.code == "FG-key-rejected"
    # Garmin shows a key only once, so nobody can copy it again.
    assert end.error.fix.startswith("make a new key at connect.garmin.com/app/settings/")
    service.set_key("GCDC_new")
    connected.connect("garmin", {"api_key": "GCDC_new", "base_url": service.url})
    _, end = sync(connected)
    assert isinstance(end, SyncFinished)
    assert len(titles(connected)) == 3


def test_a_key_that_reads_nothing_says_where_another_one_is_made(connected, service):
    """If the data rejects a token that was just issued, the advice is that of Garmin's entry."""
    service.fault(f"/{LIST}/*", Fault.status(401), times=None)
    _, end = sync(connected)
    assert end.error.code == "FG-key-rejected"
    assert "personalApiToken" in end.error.fix
    assert "copy the key again" not in end.error.fix


def test_the_wait_that_a_429_asks_for_is_kept(host, account, clock):
    """After too many requests at once, the sync waits as long as Retry-After says."""
    with StandIn(account, clock=clock, most_per_second=5) as service:
        host.connect("garmin", {"api_key": service.api_key, "base_url": service.url})
        _, end = sync(host)
        statuses = Counter(request.status for request in service.requests)
    assert isinstance(end, SyncFinished)
    # Each of both connections may be refused, and then both wait.
    assert 1 <= statuses[429] <= 2 * clock.slept_s / 14
    assert len(titles(host)) == 3


class CountingStandIn(StandIn):
    """A stand-in that counts how many requests it answers at the same time."""

    most = 0

    def respond(self, request):
        """Wait a moment, and note how many other requests wait as well."""
        self.waiting = getattr(self, "waiting", 0) + 1
        self.most = max(self.most, self.waiting)
        self.closing.wait(0.01)
        self.waiting -= 1
        return super().respond(request)


def test_at_most_two_requests_are_sent_at_once(host, clock):
    """Twelve requests at once were too many for Garmin, so there are never more than two."""
    with CountingStandIn(Account.generate(8), clock=clock) as service:
        host.connect("garmin", {"api_key": service.api_key, "base_url": service.url})
        sync(host)
    assert service.most == 2


def test_a_list_without_a_body_is_an_empty_list(host, clock):
    """An account whose empty list is answered with 204 is synced without an error."""
    with StandIn(Account(), clock=clock) as service:
        service.empty_is_204 = True
        host.connect("garmin", {"api_key": service.api_key, "base_url": service.url})
        _, end = sync(host)
    assert isinstance(end, SyncFinished)
    assert titles(host) == []


def test_the_original_file_is_kept_by_default(connected):
    """Without any option, the original file is stored, and is exported as the device wrote it."""
    sync(connected)
    details = connected.activities.get("garmin:7000001")
    [(external_id, content)] = connected.activities.original_files(details)
    assert external_id == "7000001"
    assert content[8:12] == b".FIT"


# -- the order of a first sync ---------------------------------------------------------------------


def stored_parts(host):
    """Sync, and return the part and the id of each answer in their order, and the last event."""
    events = list(host.sync())
    stored = [each for each in events if isinstance(each, PartStored)]
    return [(each.part, each.external_id) for each in stored], events


@pytest.fixture
def busy(host, clock):
    """Return a host that is connected to an account of 70 workouts, and the stand-in."""
    with StandIn(Account.generate(70), clock=clock) as service:
        host.connect("garmin", {"api_key": service.api_key, "base_url": service.url})
        yield host, service


def test_the_newest_workouts_are_completed_first(busy):
    """The newest workouts have detail and file before the detail of the older ones is fetched."""
    host, service = busy
    stored, events = stored_parts(host)
    parts = [part for part, _ in stored]
    first_file = parts.index("file")
    newest = {str(number) for number in service.account.ids()[:20]}
    assert first_file == 20
    assert {name for _, name in stored[:20]} == newest
    # Some have no file, and leave their turn to the next ones.
    assert len({name for _, name in stored[20:40]} & newest) >= 16
    assert {part for part, _ in stored[20:40]} == {"file"}
    assert parts.count("detail") == 70
    # So the progress shows from the start what is still to come.
    planned = [index for index, each in enumerate(events) if isinstance(each, PartsPlanned)]
    assert (len(planned), planned[1] - planned[0]) == (2, 1)


def test_a_stopped_first_sync_leaves_complete_workouts(busy):
    """If a first sync is stopped, its newest workouts are complete; the next one continues."""
    host, _ = busy
    events = host.sync()
    for stored in events:
        if isinstance(stored, PartStored) and stored.part == "file" and stored.done == 20:
            break
    events.close()
    kept = host.queries.sql("select part, count(*) from fg_parts where state = 'have' group by 1")
    counts = dict(kept.rows)
    assert (counts["detail"], counts["file"]) == (20, 20)
    stored, _ = stored_parts(host)
    assert [part for part, _ in stored].count("detail") == 50


def test_files_that_cannot_be_fetched_do_not_keep_the_details_away(busy):
    """If downloads fail for all workouts, every detail still arrives, and the sync reports it."""
    host, service = busy
    service.fault(f"*{FILE}*", Fault.status(500), times=None)
    stored, events = stored_parts(host)
    assert [part for part, _ in stored].count("detail") == 70
    assert isinstance(events[-1], SyncStopped)
    assert events[-1].error.code == "FG-source-down"


# -- how long a first sync takes -------------------------------------------------------------------


def fill(tmp_path, clock, count):
    """Sync a generated account at the rate that the entry allows, by a clock that sleeps at once.

    Returns:
        The seconds until the first activities could be used, the number of activities when the
        backlog was counted, that event, and the seconds until the sync ended.
    """
    policy = replace(Policy.personal(), budget_on_loopback=True)
    secrets = MemorySecretStore()
    usable_s = None
    with (
        StandIn(Account.generate(count), clock=clock, most_per_second=4) as service,
        Host(tmp_path / "home", secrets=secrets, clock=clock, policy=policy) as host,
    ):
        host.connect("garmin", {"api_key": service.api_key, "base_url": service.url})
        begin = clock.now()
        for event_of_sync in host.sync():
            passed_s = (clock.now() - begin).total_seconds()
            if isinstance(event_of_sync, WindowListed) and usable_s is None:
                usable_s = passed_s
                assert host.activities()
            if isinstance(event_of_sync, BacklogCounted):
                backlog = event_of_sync
                listed = host.queries.sql("select count(*) from source_activities").rows[0][0]
            assert not isinstance(event_of_sync, SyncStopped)
        assert {request.status for request in service.requests} <= {200, 404}
    return usable_s, listed, backlog, passed_s


def test_a_first_sync_says_how_long_it_takes(tmp_path, clock):
    """Before anything is fetched, everything is listed, and the sync says how long it takes."""
    usable_s, listed, backlog, passed_s = fill(tmp_path, clock, 90)
    assert usable_s < 60
    assert listed >= 90
    assert (backlog.requests, backlog.per_s) == (171, 1.0)
    assert backlog.seconds <= passed_s <= 1.25 * backlog.seconds


@pytest.mark.long
def test_three_thousand_workouts_take_as_long_as_the_sync_says(tmp_path, clock):
    """3,000 workouts take less than two hours, are listed in the first minutes, and the newest can
    be used within the first minute.
    """
    usable_s, listed, backlog, passed_s = fill(tmp_path, clock, 3_000)
    assert usable_s < 60
    assert listed >= 3_000
    assert 5_500 < backlog.seconds < 6_100
    assert backlog.seconds <= passed_s <= 7_200


def test_a_short_backlog_is_not_announced(connected):
    """A service on this machine has no limits, so nothing is announced."""
    events = list(connected.sync())
    assert any(isinstance(event_of_sync, PartsPlanned) for event_of_sync in events)
    assert not any(isinstance(event_of_sync, BacklogCounted) for event_of_sync in events)


def test_a_rating_of_the_last_days_arrives_with_the_first_sync_of_the_next_day(
    connected, account, service, clock
):
    """The list shows no rating. So the details of the last three days are fetched again once a day,
    with one request for each workout, and a changed rating arrives although its row is the same.
    """
    clock.move(days=-2)
    sync(connected)
    service.clear_requests()
    account.rate(7_000_001, directWorkoutRpe=90)
    account.rate(7_000_003, directWorkoutRpe=90)
    sync(connected)
    assert asked(service)[DETAIL] == 0
    clock.move(days=1)
    sync(connected)
    assert asked(service)[DETAIL] == 2
    ratings = {row["title"]: row["rpe"] for row in connected.activities()}
    assert ratings == {"Run": 9.0, "Ride": 4.0, "Yoga": 4.0}
    sync(connected)
    assert asked(service) == {LIST: 1}
