"""What a sync makes of an odd word of the source, in the same run and in those that follow."""

from __future__ import annotations

import re

import pytest

from fitglue_registry.testing import Fault
from tests.faults.upstream.matrix import ENDPOINTS
from tests.sync.builders import finished, stopped


def asked_for(server, what):
    """How many requests there were for something, since last time."""
    count = sum(bool(ENDPOINTS[what].search(f"{one.path}?{one.query}")) for one in server.requests)
    server.clear_requests()
    return count


def test_a_part_that_is_not_there_is_asked_for_once_more_by_the_next_walk(server, open_host, world):
    """A source that says once by mistake that there are no streams takes them away until the next
    walk, and not for ever.
    """
    server.fault(ENDPOINTS["streams"], Fault.status(404), times=None)
    host = open_host()
    assert finished(host)["no-streams"] == len(world.undisturbed["activities"])
    server.clear_faults()
    asked_for(server, "streams")
    finished(host)
    assert asked_for(server, "streams") == 0
    finished(host, full=True)
    assert asked_for(server, "streams") == len(world.undisturbed["activities"])
    assert len(host.activities.streams(host.activities.get(host.activities()[0]["id"]))) > 0


@pytest.mark.long
def test_a_part_that_is_not_there_twice_is_not_asked_for_again(server, open_host, world):
    """Two walks later nobody asks any more: said twice, it counts."""
    server.fault(ENDPOINTS["streams"], Fault.status(404), times=None)
    host = open_host()
    finished(host)
    asked_for(server, "streams")
    finished(host, full=True)
    assert asked_for(server, "streams") == len(world.undisturbed["activities"])
    finished(host, full=True)
    assert asked_for(server, "streams") == 0


def test_a_record_that_is_gone_counts_once(server, open_host):
    """The fetch that does not find it asks for a confirmation; only that makes a deletion of it."""
    server.fault(ENDPOINTS["bulk"], Fault.raw_body(b"[]"), times=None)
    server.fault(re.compile("/activity/900000001"), Fault.status(404), times=None)
    counts = finished(open_host())
    assert (counts["gone"], counts["missing"]) == (1, 1)


@pytest.mark.long
@pytest.mark.parametrize("status", [429, 503])
def test_a_source_that_asks_to_be_left_alone_is_left_alone(server, open_host, status):
    """A bulk request that is told to come back in an hour is not followed by single ones, and the
    error says when.
    """
    server.fault(ENDPOINTS["bulk"], Fault.status(status, retry_after=3600), times=None)
    error = stopped(open_host())
    assert error.fix == "run the command again in 60 min; nothing that was fetched is lost"
    assert asked_for(server, "detail") == 0


def test_a_title_that_is_no_utf8_arrives_as_far_as_it_can_be_read(server, open_host):
    """Half a character in a list row, and in the detail that follows it, costs that character and
    nothing else.
    """
    for name in ("window", "bulk"):
        server.fault(
            ENDPOINTS[name], Fault.values({"name": '"\udce2\udc82 cut"'}, rows=1), times=None
        )
    host = open_host()
    finished(host)
    assert "\ufffd cut" in {one["title"] for one in host.activities()}


def test_what_was_never_an_activity_leaves_the_quarantine_once_it_is_listed_no_more(
    server, open_host
):
    """A list with an odd row in it, once: the row is kept in quarantine, and becomes a tombstone
    when it is gone.
    """
    server.fault(ENDPOINTS["window"], Fault.values({"id": "null"}, rows=1), times=1)
    host = open_host()
    assert finished(host)["quarantined"] == 1
    assert finished(host)["gone"] == 1
    assert host.records.quarantine() == []
    assert "gone" not in finished(host)
