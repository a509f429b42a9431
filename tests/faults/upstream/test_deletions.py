"""Tests of services that lose the list or the address of their workouts by mistake: nothing is
deleted, whatever the rest of the service answers.
"""

from __future__ import annotations

import re

import pytest

from fitglue_intervals.testing import Account, StandIn
from fitglue_registry import Host, Policy
from fitglue_registry.sync.events import DeletionsHeld, SyncStopped
from fitglue_registry.sync.options import Options
from fitglue_registry.testing import FakeClock, Fault
from tests.faults.upstream.compare import lost
from tests.sync.builders import finished
from tests.sync.conftest import UNTIL
from tests.sync.natural import natural

LIST = re.compile(r"/activities\?")
BY_ID = re.compile(r"/activit(y|ies)/")

#: What goes wrong: the faults of the list, and of the addresses of single workouts.
MISTAKES = {
    "the list is empty": (Fault.shape([]), None),
    "the list is empty, and details answer 404": (Fault.shape([]), Fault.status(404)),
    "the list is empty, and details answer 500": (Fault.shape([]), Fault.status(500)),
    "details of listed workouts answer 404": (None, Fault.status(404)),
}


@pytest.fixture(params=[12, pytest.param(41, marks=pytest.mark.long)])
def synced(request, tmp_path):
    """Yield a server, and a host that has all of its workouts."""
    account = Account.generate(
        count=request.param, seed=5, until=UNTIL, strava_stubs=1, distinct_streams=1
    )
    with (
        StandIn(account) as server,
        Host(tmp_path / "home", clock=FakeClock(), policy=Policy.personal()) as host,
    ):
        host.connect("intervals", {"api_key": server.api_key, "base_url": server.url})
        finished(host, streams=False)
        yield server, host


@pytest.mark.parametrize("full", [False, True], ids=["a later sync", "a full walk"])
@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_of_a_service_deletes_nothing(synced, reliability, mistake, full):
    """If a service loses its list, the addresses of its workouts, or both, every workout stays, and
    the store is as before after the first sync without the mistake.
    """
    server, host = synced
    undisturbed = natural(host)
    before = len(host.activities())
    seen = set()
    for pattern, fault in zip((LIST, BY_ID), MISTAKES[mistake], strict=True):
        if fault is not None:
            server.fault(pattern, fault, times=None)
    # Each workout is edited, so that its parts are asked for.
    for external_id in server.account.ids():
        if MISTAKES[mistake][0] is None and not server.account.is_stub(external_id):
            server.account.edit(external_id, analyzed="2026-11-21T00:00:00Z")
    for _ in range(2):
        for event in host.sync(options=Options(full=full, streams=False)):
            if isinstance(event, DeletionsHeld):
                seen.add("DeletionsHeld, exit 5")
            elif isinstance(event, SyncStopped):
                seen.add(f"{event.error.code}, exit {event.error.exit_code}")
        assert len(host.activities()) == before
    server.clear_faults()
    finished(host, full=True, streams=False)
    missing = undisturbed["records"].keys() - natural(host)["records"].keys()
    reliability(
        "upstream",
        mistake,
        times=2,
        lost=len(missing) + before - len(host.activities()),
        seen="; ".join(sorted(seen)) or "the sync continues; the workouts are found by their ids",
    )
    assert not missing
    if MISTAKES[mistake][0] is not None:
        assert lost(undisturbed, natural(host)) == []
