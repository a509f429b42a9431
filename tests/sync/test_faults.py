"""A source that misbehaves: a clear outcome each time, nothing stored is lost, and the next sync
goes on.
"""

from __future__ import annotations

import re

import pytest

from fitglue_intervals.testing import Account, StandIn
from fitglue_registry.errors import AthleteNeeded, Busy, ConnectionStopped, Retryable
from fitglue_registry.sync.lock import connection_lock
from fitglue_registry.testing import Fault
from tests.sync.builders import finished, native, said, stopped
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
    """Each fault of the list has a code, a reason and something to do; once it is over, the next
    sync is complete.
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
def test_a_passing_fault_is_retried_and_nobody_is_bothered(connected, server, fault, clock):
    """A fault that passes costs a wait and nothing else."""
    server.fault(STREAMS, fault, times=1)
    counts = finished(connected)
    assert "not-fetched" not in counts
    assert clock.slept_s > 0


def test_a_rate_limit_waits_as_long_as_the_source_asks(connected, server, clock):
    """429 with Retry-After is waited for, and said through `on_wait`."""
    said = []
    connected.on_wait = lambda seconds, reason: said.append((seconds, reason))
    server.fault(LIST, Fault.status(429, retry_after=30), times=1)
    finished(connected)
    assert clock.slept_s >= 30
    assert said


def test_one_activity_that_always_fails_does_not_stop_the_others(connected, server, account):
    """A source that fails for one record keeps that part wanted, and the rest goes on."""
    broken = next(one for one in native(account) if account.streams(one))
    server.fault(f"*/activity/{broken}/streams*", Fault.status(500), times=None)
    counts = finished(connected)
    assert counts["not-fetched"] == 1
    assert connected.connections.health(connected.connections.list()[0])["wanted"] == 1
    server.clear_faults()
    finished(connected)
    assert connected.activities.streams(connected.activities.get(broken))


def test_a_source_that_is_down_stops_the_connection_after_three_records(connected, server):
    """Where every record fails, the source is down: nobody asks for each of a thousand."""
    server.fault(STREAMS, Fault.status(500), times=None)
    assert stopped(connected).code == "FG-source-down"
    assert connected.activities()


def test_many_odd_records_in_a_row_do_not_stop_the_others(connected, server, account):
    """The newest ones fail for ever, and nothing was delivered before: others that wait tell that
    the source is up, and are fetched.
    """
    with_streams = [one for one in native(account) if account.streams(one)]
    newest = sorted(
        with_streams, key=lambda one: account.row(one)["start_date_local"], reverse=True
    )[:5]
    for external_id in newest:
        server.fault(f"*/activity/{external_id}/streams*", Fault.status(500), times=None)
    counts = finished(connected)
    assert counts["not-fetched"] == len(newest)
    assert connected.connections.health(connected.connections.list()[0])["wanted"] == len(newest)


def test_odd_records_are_given_up_after_their_tries_and_stop_nothing_meanwhile(
    connected, server, account
):
    """More of them than a probe asks for are all that is wanted: what was delivered before tells,
    sync after sync, that it is they.
    """
    finished(connected)
    odd = [one for one in native(account) if account.streams(one)][:5]
    for external_id in odd:
        account.replace_streams(external_id, account.streams(external_id))
        account.edit(external_id, reanalyzed=True, name="again")
        server.fault(f"*/activity/{external_id}/streams*", Fault.status(500), times=None)
    assert [finished(connected).get("not-fetched") for _ in range(6)] == [len(odd)] * 5 + [None]


def test_an_outage_is_no_try_of_what_is_asked_for_in_it(connected, server, account):
    """However many syncs it lasts, and though nothing else is wanted: what was delivered before
    fails as well.
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
    """Several at a time: the next workout arrives whole all the same."""
    finished(connected)
    for external_id in native(account)[:4]:
        account.delete(external_id)
        server.fault(f"*/activity/{external_id}", Fault.status(500), times=None)
    late = account.add(start_date_local="2026-11-20T18:00:00")
    finished(connected)
    assert connected.activities.streams(connected.activities.get(late))


def test_a_bulk_request_that_always_fails_is_given_up_for_single_ones(host):
    """Also where there would be many of them."""
    account = Account.generate(count=330, seed=3, until=UNTIL, strava_stubs=0, distinct_streams=1)
    with StandIn(account) as server:
        host.connect("intervals", {"api_key": server.api_key, "base_url": server.url})
        server.fault(re.compile(r".*/athlete/0/activities/.+"), Fault.status(500), times=None)
        assert "not-fetched" not in finished(host, streams=False)
        assert host.connections.health(host.connections.list()[0])["wanted"] == 330  # the streams


def test_what_is_asked_for_a_second_time_holds_until_it_is_answered(
    connected, server, account, clock
):
    """Why there is no file stands with the workout, also while a walk has it asked for again, and
    where that fails.
    """
    external_id = account.add(start_date_local="2026-11-19T07:00:00", file=None)
    server.fault(f"*/activity/{external_id}/file", Fault.status(404), times=1)
    finished(connected, files=True)
    server.fault(f"*/activity/{external_id}/file", Fault.status(500), times=None)
    finished(connected, full=True)
    finished(connected)
    assert "file" in connected.activities.get(external_id).activity.completeness.missing
    assert said(list(connected.syncs.rebuild()), "changed") == []


def test_odd_records_with_no_other_to_tell_are_put_aside_after_their_tries(host, clock):
    """Three of three fail: an outage, as far as anybody can tell; after five of those they are left
    alone until the weekly walk.
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
    """Details that a bulk answer leaves out are asked for one by one, and are no deletions."""
    left_out = native(account)[:2]
    server.fault(DETAIL, Fault.leave_out(left_out), times=1)
    finished(connected)
    for external_id in left_out:
        assert "detail" in connected.activities.get(external_id).activity.completeness.parts


def test_a_row_that_the_list_repeats_is_stored_once(connected, server, account):
    """Duplicates in the list are one record."""
    server.fault(LIST, Fault.duplicate_rows(), times=None)
    finished(connected)
    assert len(connected.activities()) == len(native(account))


def test_a_rejected_key_is_remembered_until_it_is_renewed(connected, server):
    """A revoked key makes the connection ask for a new one; the same account connected again is the
    same connection.
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


def test_two_syncs_at_once_the_second_says_who_holds_the_lock(connected, clock):
    """A connection is synced by one process at a time."""
    one = connected.connections.list()[0]
    with (
        connection_lock(
            connected.workspace.database, connected.home, one.id, one.name, "2026-11-21T12:00:00Z"
        ),
        pytest.raises(Busy) as caught,
    ):
        list(connected.sync("intervals"))
    assert caught.value.code == "FG-sync-running"
    assert "process" in (caught.value.why or "")


def test_the_key_stands_in_no_file_and_no_error(connected, server, tmp_path):
    """After a sync and a failure no byte below the home holds the key."""
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


def test_a_sync_that_is_closed_stops_cleanly_and_goes_on_later(connected, account):
    """Closing the iterator after any event keeps what was stored; the next sync does the rest."""
    events = connected.sync()
    for _ in range(14):
        next(events)
    events.close()
    finished(connected)
    assert len(connected.activities()) == len(native(account))
    assert not connected.connections.health(connected.connections.list()[0])["wanted"]


def test_an_outage_gives_up_no_part(connected, server):
    """However often a sync meets a source that is down, every part stays wanted, and arrives when
    the source is back.
    """
    server.fault(STREAMS, Fault.status(500), times=None)
    for _ in range(7):
        assert stopped(connected).code == "FG-source-down"
    assert connected.connections.health(connected.connections.list()[0])["failed"] == 0
    server.clear_faults()
    finished(connected)
    assert connected.connections.health(connected.connections.list()[0])["wanted"] == 0


def test_a_part_that_was_given_up_gets_another_chance_with_each_walk(connected, server, account):
    """After five syncs a part that always fails is left alone, is counted as such, and is asked for
    again by the next walk.
    """
    broken = next(one for one in native(account) if account.streams(one))
    server.fault(f"*/activity/{broken}/streams*", Fault.status(500), times=None)
    for _ in range(5):
        finished(connected)
    assert connected.connections.health(connected.connections.list()[0])["failed"] == 1
    server.clear_faults()
    assert finished(connected) == {}
    finished(connected, full=True)
    assert connected.activities.streams(connected.activities.get(broken))


def test_one_record_that_fails_takes_no_other_of_its_batch_along(connected, server, account):
    """A bulk request that fails is asked for singly: only the record that the source cannot deliver
    stays away.
    """
    server.fault(DETAIL, Fault.status(500), times=None)
    counts = finished(connected)
    assert "not-fetched" not in counts
    assert all(
        "detail" in connected.activities.get(one).activity.completeness.parts
        for one in native(account)
    )


def test_a_deletion_that_cannot_be_confirmed_stops_nothing(connected, server, account):
    """A record whose confirmation fails stays missing; what is new arrives all the same."""
    finished(connected)
    gone, late = native(account)[3], account.add("2026-11-02T07:00:00")
    account.delete(gone)
    server.fault(f"*/activity/{gone}", Fault.status(500), times=None)
    finished(connected)
    assert "streams" in connected.activities.get(late).activity.completeness.parts
    server.clear_faults()
    assert finished(connected)["gone"] == 1


def test_streams_that_are_refused_make_no_stub_of_a_native_record(
    connected, server, account, clock
):
    """A part that is refused is said to be none; the record stays what the list says it is, and the
    next sync is idle.
    """
    refused = next(one for one in native(account) if account.streams(one))
    body = '{"status":422,"error":"Cannot read Strava activities via the API"}'
    server.fault(f"*/activity/{refused}/streams*", Fault.status(422, body=body), times=None)
    finished(connected)
    server.clear_requests()
    assert finished(connected) == {}
    assert len(server.requests) == 1
