"""Tests of what a sync does with an odd answer of the source, in the same run and in later ones."""

from __future__ import annotations

import re

import pytest

from fitglue_registry.testing import Fault
from tests.faults.upstream.matrix import ENDPOINTS
from tests.sync.builders import finished, stopped


def request_count(server, endpoint):
    """Return how many requests to an endpoint there were since the last call."""
    count = sum(
        bool(ENDPOINTS[endpoint].search(f"{request.path}?{request.query}"))
        for request in server.requests
    )
    server.clear_requests()
    return count


def test_a_missing_part_is_requested_again_by_the_next_full_walk(server, open_host, world):
    """If a source reports by mistake that the streams do not exist, the next full walk requests
    them again.
    """
    server.fault(ENDPOINTS["streams"], Fault.status(404), times=None)
    host = open_host()
    assert finished(host)["no-streams"] == len(world.undisturbed["activities"])
    server.clear_faults()
    request_count(server, "streams")
    finished(host)
    assert request_count(server, "streams") == 0
    finished(host, full=True)
    assert request_count(server, "streams") == len(world.undisturbed["activities"])
    assert len(host.activities.streams(host.activities.get(host.activities()[0]["id"]))) > 0


@pytest.mark.long
def test_a_part_that_is_missing_twice_is_not_requested_again(server, open_host, world):
    """A part that two full walks have not found is not requested again."""
    server.fault(ENDPOINTS["streams"], Fault.status(404), times=None)
    host = open_host()
    finished(host)
    request_count(server, "streams")
    finished(host, full=True)
    assert request_count(server, "streams") == len(world.undisturbed["activities"])
    finished(host, full=True)
    assert request_count(server, "streams") == 0


def test_a_listed_record_that_a_fetch_does_not_find_is_not_deleted(server, open_host):
    """A record that was listed and that a fetch does not find counts as not fetched, and is
    neither missing nor deleted.
    """
    server.fault(ENDPOINTS["bulk"], Fault.raw_body(b"[]"), times=None)
    server.fault(re.compile("/activity/900000001"), Fault.status(404), times=None)
    counts = finished(open_host())
    assert counts["not-fetched"] == 1
    assert not counts.keys() & {"gone", "missing"}


@pytest.mark.long
@pytest.mark.parametrize("status", [429, 503])
def test_a_bulk_request_that_must_wait_is_not_replaced_by_single_requests(
    server, open_host, status
):
    """After a response that asks to retry in an hour, the plugin sends no single requests, and the
    error states the waiting time.
    """
    server.fault(ENDPOINTS["bulk"], Fault.status(status, retry_after=3600), times=None)
    error = stopped(open_host())
    assert error.fix == "run the command again in 60 min; nothing that was fetched is lost"
    assert request_count(server, "detail") == 0


def test_a_title_that_is_not_utf8_arrives_as_far_as_it_can_be_read(server, open_host):
    """Invalid UTF-8 in a list row or in a detail loses only the invalid character."""
    for name in ("window", "bulk"):
        server.fault(
            ENDPOINTS[name], Fault.values({"name": '"\udce2\udc82 cut"'}, rows=1), times=None
        )
    host = open_host()
    finished(host)
    assert "\ufffd cut" in {activity["title"] for activity in host.activities()}


def test_a_malformed_row_leaves_the_quarantine_once_it_is_no_longer_listed(server, open_host):
    """A malformed row is quarantined, and becomes a tombstone when the source no longer lists
    it.
    """
    server.fault(ENDPOINTS["window"], Fault.values({"id": "null"}, rows=1), times=1)
    host = open_host()
    assert finished(host)["quarantined"] == 1
    assert finished(host)["gone"] == 1
    assert host.records.quarantine() == []
    assert "gone" not in finished(host)
