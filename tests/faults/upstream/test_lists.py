"""Tests of lists that are wrong: they change while they are read, repeat rows, leave rows out, or
write ids differently.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import partial

import pytest

from fitglue_intervals import listing
from fitglue_intervals.testing import Account, StandIn
from fitglue_registry import Host, Policy
from fitglue_registry.testing import FakeClock, Fault
from tests.faults.upstream.compare import lost
from tests.faults.upstream.conftest import FILES
from tests.faults.upstream.matrix import ENDPOINTS
from tests.sync.builders import finished, sync
from tests.sync.conftest import UNTIL
from tests.sync.natural import natural


@pytest.fixture
def changing(clock, tmp_path):
    """Yield an account of this test's own that may change, its server, and a host that is connected
    to it.
    """
    account = Account.generate(count=5, seed=4, until=UNTIL, distinct_streams=1)
    with (
        StandIn(account) as server,
        Host(tmp_path / "home", clock=clock, policy=Policy.personal()) as host,
    ):
        host.connect("intervals", {"api_key": server.api_key, "base_url": server.url})
        yield account, server, host


def undisturbed(server, folder):
    """Return the store of a first sync that runs now."""
    with Host(folder / "undisturbed", clock=FakeClock(), policy=Policy.personal()) as host:
        host.connect("intervals", {"api_key": server.api_key, "base_url": server.url})
        finished(host)
        return natural(host)


def after_response(action):
    """Return a fault that calls ``action`` just after a response was made."""
    return Fault("meanwhile", lambda answer: (action(), answer)[1])


def _add(account):
    account.add("2026-11-19T05:00:00", id="i900000001", created="2026-11-21T05:00:00+00:00")


def _move_up(account):
    account.edit(
        account.ids()[-1], start_date_local="2026-11-20T23:00:00", start_date="2026-11-20T22:00:00Z"
    )


def _move_down(account):
    account.edit(
        account.ids()[0], start_date_local="2026-10-01T06:00:00", start_date="2026-10-01T04:00:00Z"
    )


ACTIONS = {
    "a workout arrives": _add,
    "the newest is deleted": lambda account: account.delete(account.ids()[0]),
    "the oldest is deleted": lambda account: account.delete(account.ids()[-1]),
    "the oldest becomes the newest": _move_up,
    "the newest becomes the oldest": _move_down,
}


@pytest.mark.long
@pytest.mark.parametrize(
    ("action", "endpoint"),
    [
        (action, endpoint)
        for action in ACTIONS
        for endpoint in ("sizing", "window", "bulk", "streams")
    ],
)
def test_a_change_while_a_list_is_read_is_stored_by_the_next_sync(
    changing, monkeypatch, tmp_path, reliability, action, endpoint
):
    """If the account changes between two windows, or between the list and the parts, the next sync
    stores the change.
    """
    account, server, host = changing
    # Two rows per window, so that five workouts make several windows.
    monkeypatch.setattr(listing, "split", partial(listing.split, rows=2))
    server.fault(ENDPOINTS[endpoint], after_response(lambda: ACTIONS[action](account)), times=1)
    sync(host)
    finished(host)
    differs = [
        difference
        for difference in lost(undisturbed(server, tmp_path), natural(host))
        if not difference.startswith("windows")
    ]
    assert differs == []
    reliability(
        "upstream",
        f"the list changes while it is read: {action}",
        lost=len(differs),
        seen="nothing: the next sync stores the change",
    )


def _ids_as_numbers(answer):
    return (
        replace(answer, body=re.sub(rb'"id":"(\d+)"', rb'"id":\1', answer.body))
        if answer.body
        else answer
    )


@pytest.mark.long
@pytest.mark.parametrize("first", ["text", "number"])
def test_an_id_that_changes_its_type_is_one_record(server, open_host, world, reliability, first):
    """An id that is a number in one response and text in the next identifies one record."""

    def write_numbers():
        for endpoint in ("window", "bulk", "detail"):
            server.fault(ENDPOINTS[endpoint], Fault("numbers", _ids_as_numbers), times=None)

    host = open_host()
    if first == "text":
        finished(host, files=True)
    write_numbers()
    finished(host, files=True)
    assert len(natural(host)["records"]) == len(world.undisturbed["records"])
    server.clear_faults()
    finished(host, files=True)
    # The stored detail may have either type of id: its revision is the same, so it is not fetched
    # again.
    differs = [
        difference
        for difference in lost(world.undisturbed, natural(host))
        if not difference.startswith("raw")
    ]
    assert differs == []
    reliability(
        "upstream",
        "ids change between numbers and text",
        lost=len(differs),
        seen="nothing: it remains one record",
    )


LIES = {
    "an empty list": Fault.raw_body(b"[]"),
    "half of the rows": Fault(
        "half",
        lambda answer: replace(answer, body=answer.body[: answer.body.index(b"},{") + 1] + b"]"),
    ),
    "each row five times": Fault.duplicate_rows(times=4),
    "a list of rows that are not activities": Fault.shape([{"id": None}, {}, 7]),
}


@pytest.mark.parametrize(
    "denied", ["", pytest.param("and 404 for each activity", marks=pytest.mark.long)]
)
@pytest.mark.parametrize(
    "lie",
    [
        "an empty list",
        *(pytest.param(lie, marks=pytest.mark.long) for lie in LIES if lie != "an empty list"),
    ],
)
def test_a_wrong_list_after_a_good_sync_deletes_nothing(
    server, open_host, world, reliability, lie, denied
):
    """Records that a list leaves out are requested by id, and even if those requests fail too, the
    next correct list restores everything.
    """
    host = open_host()
    list(host.sync(options=FILES))
    before = len(host.activities())
    server.fault(ENDPOINTS["window"], LIES[lie], times=1)
    if denied:
        server.fault(ENDPOINTS["bulk"], Fault.raw_body(b"[]"), times=1)
        server.fault(ENDPOINTS["detail"], Fault.status(404), times=None)
    finished(host, files=True)
    assert denied or len(host.activities()) == before
    server.clear_faults()
    finished(host, files=True)
    finished(host, files=True, full=True)
    differs = lost(world.undisturbed, natural(host))
    assert differs == []
    reliability(
        "upstream",
        f"after a good sync, {lie} {denied}".strip(),
        lost=len(differs),
        seen="nothing is deleted permanently",
    )
