"""Tests of sources that fail: each failure has a clear outcome and loses nothing that is stored."""

from __future__ import annotations

import re

import pytest

from fitglue_intervals.testing import Account, StandIn
from fitglue_registry.errors import AthleteNeeded, Busy, ConnectionStopped, Retryable
from fitglue_registry.sync.lock import connection_lock
from fitglue_registry.testing import Fault
from tests.sync.builders import finished, ids_decided, native, stopped
from tests.sync.conftest import UNTIL

LIST, DETAIL, STREAMS = "*/athlete/0/activities", "*/athlete/0/activities/*", "*/streams*"


@pytest.mark.parametrize(
    ("fault", "kind", "code"),
    [
        (Fault.status(401), AthleteNeeded, "FG-key-rejected"),
        (Fault.status(403), AthleteNeeded, "FG-not-permitted"),
        (Fault.status(429), Retryable, "FG-rate-limited"),
        (Fault.status(429, retry_after=3600), Retryable, "FG-rate-limited"),
        (Fault.status(500), Retryable, "FG-source-down"),
        (Fault.status(502, body="<html>bad gateway</html>"), Retryable, "FG-source-down"),
        (Fault.html_page(), ConnectionStopped, "FG-answer-not-json"),
        (Fault.truncated(), ConnectionStopped, "FG-answer-not-json"),
        (Fault.empty_body(), ConnectionStopped, "FG-answer-not-json"),
        (Fault.shape({"rows": []}), ConnectionStopped, "FG-unexpected-answer"),
        (Fault.error_object(status=200), ConnectionStopped, "FG-unexpected-answer"),
        (Fault.redirect(to="https://example.org/"), ConnectionStopped, "FG-redirect-refused"),
        (Fault.reset(), Retryable, "FG-answer-broken"),
    ],
    ids=lambda value: value if isinstance(value, str) and value.startswith("FG-") else "",
)
def test_a_list_that_fails_stops_the_connection_with_its_reason(
    connected, server, account, fault, kind, code
):
    """A failure of the list stops the connection with a code and a reason or a fix; the next sync
    after the failure is complete.
    """
    server.fault(LIST, fault, times=None)
    error = stopped(connected)
    assert isinstance(error, kind)
    assert error.code == code
    assert error.why or error.fix
    server.clear_faults()
    finished(connected)
    assert len(connected.activities()) == len(native(account))


@pytest.mark.parametrize(
    "fault",
    [
        Fault.status(429, retry_after=2),
        Fault.status(503),
        Fault.reset(),
        Fault.cut(),
        Fault.broken_gzip(),
    ],
    ids=["429", "503", "reset", "cut", "gzip"],
)
def test_a_temporary_fault_is_retried(connected, server, fault, clock):
    """A temporary fault delays the sync, and every part still arrives."""
    server.fault(STREAMS, fault, times=1)
    counts = finished(connected)
    assert "not-fetched" not in counts
    assert clock.slept_s > 0


def test_a_rate_limit_waits_as_long_as_the_source_asks(connected, server, clock):
    """After 429 with Retry-After the sync waits as long as the header asks, and reports the wait
    through `on_wait`.
    """
    waits = []
    connected.on_wait = lambda seconds, reason: waits.append((seconds, reason))
    server.fault(LIST, Fault.status(429, retry_after=30), times=1)
    finished(connected)
    assert clock.slept_s >= 30
    assert waits


def test_one_activity_that_always_fails_does_not_stop_the_others(connected, server, account):
    """If the source fails for one record, its part stays wanted, and the other parts are
    fetched.
    """
    broken = next(name for name in native(account) if account.streams(name))
    server.fault(f"*/activity/{broken}/streams*", Fault.status(500), times=None)
    counts = finished(connected)
    assert counts["not-fetched"] == 1
    assert connected.connections.health(connected.connections.list()[0])["wanted"] == 1
    server.clear_faults()
    finished(connected)
    assert connected.activities.streams(connected.activities.get(broken))


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize("path", ["*", "*/streams*"], ids=["everything", "streams"])
def test_a_key_that_is_refused_for_one_record_opens_the_others(
    connected, server, account, status, path
):
    """A 401 or 403 about one record concerns only that record, and its reason blames no key."""
    private = next(name for name in native(account) if account.streams(name))
    server.fault(f"*{private}{path}", Fault.status(status), times=None)
    assert finished(connected)["not-fetched"] >= 1
    parts = connected.why(private)["records"][0]["parts"]
    reasons = {part["part"]: part["reason"] for part in parts if part["state"] == "wanted"}
    assert reasons["streams"].startswith("the service refuses it, although it accepts the key")
    for external_id in native(account):
        if external_id != private and account.streams(external_id):
            assert connected.activities.streams(connected.activities.get(external_id))


def test_a_key_that_opens_no_record_stops_the_connection_at_once(connected, server):
    """If no other record is delivered either, the key is refused, which few requests show."""
    server.fault(STREAMS, Fault.status(403), times=None)
    assert stopped(connected).code == "FG-not-permitted"
    asked = [request for request in server.requests if "streams" in request.path]
    # One for each connection, and the probes.
    assert len(asked) <= 8


def test_a_source_that_is_down_stops_the_connection_after_three_records(connected, server):
    """If every record fails, the source counts as down after three of them, and the sync stops."""
    server.fault(STREAMS, Fault.status(500), times=None)
    assert stopped(connected).code == "FG-source-down"
    assert connected.activities()


def test_many_failing_records_in_a_row_do_not_stop_the_others(connected, server, account):
    """If the newest records always fail and no part was delivered before, an older record of the
    backlog shows that the source is up, and all other parts are fetched.
    """
    with_streams = [name for name in native(account) if account.streams(name)]
    newest = sorted(
        with_streams, key=lambda name: account.row(name)["start_date_local"], reverse=True
    )[:5]
    for external_id in newest:
        server.fault(f"*/activity/{external_id}/streams*", Fault.status(500), times=None)
    counts = finished(connected)
    assert counts["not-fetched"] == len(newest)
    assert connected.connections.health(connected.connections.list()[0])["wanted"] == len(newest)


@pytest.mark.long
def test_failing_records_are_given_up_after_five_syncs_and_stop_nothing_meanwhile(
    connected, server, account
):
    """If only records that always fail are wanted, records that were delivered before show in each
    sync that the source is up, and after five syncs the parts are given up.
    """
    finished(connected)
    failing = [name for name in native(account) if account.streams(name)][:5]
    for external_id in failing:
        account.replace_streams(external_id, account.streams(external_id))
        account.edit(external_id, reanalyzed=True, name="again")
        server.fault(f"*/activity/{external_id}/streams*", Fault.status(500), times=None)
    counts = [finished(connected).get("not-fetched") for _ in range(6)]
    assert counts == [len(failing)] * 5 + [None]


def test_an_outage_does_not_count_as_an_attempt(connected, server, account):
    """An outage of six syncs gives up no part, even if no other part is wanted: records that were
    delivered before fail too, so the source counts as down.
    """
    finished(connected)
    late = [account.add(start_date_local=f"2026-11-20T{hour}:00:00") for hour in (16, 17, 18)]
    server.fault(STREAMS, Fault.status(500), times=None)
    assert {stopped(connected).code for _ in range(6)} == {"FG-source-down"}
    server.clear_faults()
    finished(connected)
    assert all(
        connected.activities.streams(connected.activities.get(external_id)) for external_id in late
    )


def test_deletions_that_cannot_be_confirmed_stop_nothing(connected, server, account):
    """If the confirmation of several deletions fails, a new workout still arrives with its
    streams.
    """
    finished(connected)
    for external_id in native(account)[:4]:
        account.delete(external_id)
        server.fault(f"*/activity/{external_id}", Fault.status(500), times=None)
    late = account.add(start_date_local="2026-11-20T18:00:00")
    finished(connected)
    assert connected.activities.streams(connected.activities.get(late))


def test_a_bulk_request_that_always_fails_is_given_up_for_single_ones(host):
    """If every bulk request fails, each of 330 details is requested on its own and arrives."""
    account = Account.generate(count=330, seed=3, until=UNTIL, strava_stubs=0, distinct_streams=1)
    with StandIn(account) as server:
        host.connect("intervals", {"api_key": server.api_key, "base_url": server.url})
        server.fault(re.compile(r".*/athlete/0/activities/.+"), Fault.status(500), times=None)
        assert "not-fetched" not in finished(host, streams=False)
        assert host.connections.health(host.connections.list()[0])["wanted"] == 330  # the streams


def test_the_reason_of_a_missing_part_stays_during_its_second_look(
    connected, server, account, clock
):
    """The reason why a workout has no file stays with the workout while the file is requested again
    after a full walk, also if that request fails.
    """
    external_id = account.add(start_date_local="2026-11-19T07:00:00", file=None)
    server.fault(f"*/activity/{external_id}/file", Fault.status(404), times=1)
    finished(connected, files=True)
    server.fault(f"*/activity/{external_id}/file", Fault.status(500), times=None)
    finished(connected, full=True)
    finished(connected)
    assert "file" in connected.activities.get(external_id).activity.completeness.missing
    assert ids_decided(list(connected.syncs.rebuild()), "changed") == []


def test_failing_records_without_any_other_record_are_given_up_after_five_syncs(host, clock):
    """If all three records of an account fail, each sync stops as in an outage; after five syncs
    they are given up until the weekly full walk, which fetches them.
    """
    account = Account.generate(count=3, seed=3, until=UNTIL, strava_stubs=0, distinct_streams=2)
    with StandIn(account) as server:
        host.connect("intervals", {"api_key": server.api_key, "base_url": server.url})
        server.fault(STREAMS, Fault.status(500), times=None)
        assert [stopped(host).code for _ in range(5)] == ["FG-source-down"] * 5
        finished(host)
        server.clear_faults()
        clock.move(days=8)
        finished(host)
        assert host.connections.health(host.connections.list()[0])["wanted"] == 0
        assert host.activities.streams(host.activities.get(native(account)[0]))


def test_ids_left_out_of_a_bulk_answer_are_asked_for_singly(connected, server, account):
    """Details that a bulk response leaves out are requested one by one, and are not deletions."""
    left_out = native(account)[:2]
    server.fault(DETAIL, Fault.leave_out(left_out), times=1)
    finished(connected)
    for external_id in left_out:
        assert "detail" in connected.activities.get(external_id).activity.completeness.parts


def test_a_row_that_the_list_repeats_is_stored_once(connected, server, account):
    """A record that the list shows twice is stored once."""
    server.fault(LIST, Fault.duplicate_rows(), times=None)
    finished(connected)
    assert len(connected.activities()) == len(native(account))


def test_a_rejected_key_is_remembered_until_it_is_renewed(connected, server):
    """A revoked key changes the state of the connection until the account is connected with a new
    key, which renews the same connection.
    """
    finished(connected)
    server.set_key("renewed-key")
    assert stopped(connected).code == "FG-key-rejected"
    assert connected.connections.list()[0].state == "credentials-rejected"
    assert connected.entries.availability("source", "intervals").state == "credentials-rejected"
    again = connected.connect("intervals", {"api_key": "renewed-key", "base_url": server.url})
    assert again.renewed
    assert len(connected.connections.list()) == 1
    assert finished(connected) == {}
    assert connected.entries.availability("source", "intervals").available


def test_a_second_sync_at_the_same_time_names_the_process_that_holds_the_lock(connected, clock):
    """While one process syncs a connection, a second sync is refused and names that process."""
    connection = connected.connections.list()[0]
    with (
        connection_lock(
            connected.workspace.database,
            connected.home,
            connection.id,
            connection.name,
            "2026-11-21T12:00:00Z",
        ),
        pytest.raises(Busy) as caught,
    ):
        list(connected.sync("intervals"))
    assert caught.value.code == "FG-sync-running"
    assert "process" in (caught.value.why or "")


def test_the_key_is_in_no_file_and_no_error(connected, server, tmp_path):
    """After a sync and a failure, no file in the home folder contains the key."""
    finished(connected)
    server.fault(LIST, Fault.status(401), times=None)
    error = stopped(connected)
    connected.workspace.database.close()
    assert server.api_key not in str(error.as_dict())
    assert not [
        path
        for path in tmp_path.rglob("*")
        if path.is_file() and server.api_key.encode() in path.read_bytes()
    ]


def test_a_sync_that_is_closed_stops_cleanly_and_is_resumed_later(connected, account):
    """Closing the iterator of a sync keeps what is stored, and the next sync completes the work."""
    events = connected.sync()
    for _ in range(14):
        next(events)
    events.close()
    finished(connected)
    assert len(connected.activities()) == len(native(account))
    assert not connected.connections.health(connected.connections.list()[0])["wanted"]


def test_an_outage_gives_up_no_part(connected, server):
    """However many syncs an outage lasts, every part stays wanted and arrives when the source is
    up again.
    """
    server.fault(STREAMS, Fault.status(500), times=None)
    for _ in range(7):
        assert stopped(connected).code == "FG-source-down"
    assert connected.connections.health(connected.connections.list()[0])["failed"] == 0
    server.clear_faults()
    finished(connected)
    assert connected.connections.health(connected.connections.list()[0])["wanted"] == 0


def test_a_part_that_was_given_up_is_wanted_again_after_each_full_walk(connected, server, account):
    """A part that always fails is given up after five syncs, counts as failed, and is requested
    again after the next full walk.
    """
    broken = next(name for name in native(account) if account.streams(name))
    server.fault(f"*/activity/{broken}/streams*", Fault.status(500), times=None)
    for _ in range(5):
        finished(connected)
    assert connected.connections.health(connected.connections.list()[0])["failed"] == 1
    server.clear_faults()
    assert finished(connected) == {}
    finished(connected, full=True)
    assert connected.activities.streams(connected.activities.get(broken))


def test_one_record_that_fails_does_not_fail_its_batch(connected, server, account):
    """The records of a bulk request that fails are requested one by one, so only those that the
    source cannot deliver are missing.
    """
    server.fault(DETAIL, Fault.status(500), times=None)
    counts = finished(connected)
    assert "not-fetched" not in counts
    assert all(
        "detail" in connected.activities.get(name).activity.completeness.parts
        for name in native(account)
    )


def test_a_deletion_that_cannot_be_confirmed_stops_nothing(connected, server, account):
    """A record whose confirmation fails stays missing until the next sync; new records still
    arrive.
    """
    finished(connected)
    gone, late = native(account)[3], account.add("2026-11-02T07:00:00")
    account.delete(gone)
    server.fault(f"*/activity/{gone}", Fault.status(500), times=None)
    finished(connected)
    assert "streams" in connected.activities.get(late).activity.completeness.parts
    server.clear_faults()
    assert finished(connected)["gone"] == 1


def test_refused_streams_do_not_make_a_native_record_a_stub(connected, server, account, clock):
    """A part that the source refuses to deliver has the state "none"; the record stays native, as
    the list has it, and the next sync is idle.
    """
    refused = next(name for name in native(account) if account.streams(name))
    body = '{"status":422,"error":"Cannot read Strava activities via the API"}'
    server.fault(f"*/activity/{refused}/streams*", Fault.status(422, body=body), times=None)
    finished(connected)
    server.clear_requests()
    assert finished(connected) == {}
    assert len(server.requests) == 1
