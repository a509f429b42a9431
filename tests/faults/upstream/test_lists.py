"""Lists that lie: they change while they are read, repeat themselves, leave rows out, or write ids
another way.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import partial

import pytest

from fitglue_intervals import listing
from fitglue_intervals.testing import Account, StandIn
from fitglue_registry import Host
from fitglue_registry.testing import FakeClock, Fault
from tests.faults.upstream.compare import lost
from tests.faults.upstream.conftest import FILES
from tests.faults.upstream.matrix import ENDPOINTS
from tests.sync.builders import finished, sync
from tests.sync.conftest import UNTIL
from tests.sync.natural import natural


@pytest.fixture
def changing(clock, tmp_path):
    """An account of this test's own that may change, and a host that is connected to it."""
    account = Account.generate(count=5, seed=4, until=UNTIL, distinct_streams=1)
    with StandIn(account) as server, Host(tmp_path / "home", clock=clock) as host:
        host.connect("intervals", {"api_key": server.api_key, "base_url": server.url})
        yield account, server, host


def undisturbed(server, folder):
    """The store of somebody who syncs now for the first time."""
    with Host(folder / "undisturbed", clock=FakeClock()) as host:
        host.connect("intervals", {"api_key": server.api_key, "base_url": server.url})
        finished(host)
        return natural(host)


def meanwhile(act):
    """Something that happens to the account just after an answer was made of it."""
    return Fault("meanwhile", lambda answer: (act(), answer)[1])


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


ACTS = {
    "a workout arrives": _add,
    "the newest is deleted": lambda account: account.delete(account.ids()[0]),
    "the oldest is deleted": lambda account: account.delete(account.ids()[-1]),
    "the oldest becomes the newest": _move_up,
    "the newest becomes the oldest": _move_down,
}


@pytest.mark.long
@pytest.mark.parametrize(
    ("what", "endpoint"),
    [(what, endpoint) for what in ACTS for endpoint in ("sizing", "window", "bulk", "streams")],
)
def test_a_list_that_changes_while_it_is_read(
    changing, monkeypatch, tmp_path, reliability, what, endpoint
):
    """Between two windows, or between the list and the parts, the account changes: the next sync
    has it as it is.
    """
    account, server, host = changing
    # So that five workouts make several windows.
    monkeypatch.setattr(listing, "split", partial(listing.split, rows=2))
    server.fault(ENDPOINTS[endpoint], meanwhile(lambda: ACTS[what](account)), times=1)
    sync(host)
    finished(host)
    differs = [
        one
        for one in lost(undisturbed(server, tmp_path), natural(host))
        if not one.startswith("windows")
    ]
    assert differs == []
    reliability(
        "upstream",
        f"the list changes while it is read: {what}",
        lost=len(differs),
        seen="nothing; the next sync has it",
    )


def _ids_as_numbers(answer):
    return (
        replace(answer, body=re.sub(rb'"id":"(\d+)"', rb'"id":\1', answer.body))
        if answer.body
        else answer
    )


@pytest.mark.long
@pytest.mark.parametrize("first", ["text", "number"])
def test_ids_that_change_their_type(server, open_host, world, reliability, first):
    """An id that is written as a number one day and as text the next is one record."""

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
    # A detail says the same with either, so that nobody asks for it again: it is kept as it came.
    differs = [one for one in lost(world.undisturbed, natural(host)) if not one.startswith("raw")]
    assert differs == []
    reliability(
        "upstream",
        "ids change between number and text",
        lost=len(differs),
        seen="nothing; it stays one record",
    )


LIES = {
    "an empty list": Fault.raw_body(b"[]"),
    "half of the rows": Fault(
        "half",
        lambda answer: replace(answer, body=answer.body[: answer.body.index(b"},{") + 1] + b"]"),
    ),
    "each row five times": Fault.duplicate_rows(times=4),
    "a list of what are no activities": Fault.shape([{"id": None}, {}, 7]),
}


@pytest.mark.parametrize(
    "denied", ["", pytest.param("and single activities are denied", marks=pytest.mark.long)]
)
@pytest.mark.parametrize(
    "lie",
    [
        "an empty list",
        *(pytest.param(lie, marks=pytest.mark.long) for lie in LIES if lie != "an empty list"),
    ],
)
def test_a_list_that_lies_after_a_good_sync_deletes_nothing(
    server, open_host, world, reliability, lie, denied
):
    """What a list leaves out is asked for by id; even where that is denied, too, it is all back
    with the next honest list.
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
        f"later, {lie} {denied}".strip(),
        lost=len(differs),
        seen="nothing is deleted for good",
    )
