"""Tests of every fault at every endpoint: the outcome is clear, the number of requests is bounded,
and nothing is lost once the fault is over.
"""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from fitglue_registry.errors import FitglueError
from fitglue_registry.store import tables as t
from fitglue_registry.sync.events import SyncFinished, SyncStopped
from fitglue_registry.sync.options import Options
from fitglue_registry.testing import Fault
from tests.faults.upstream.compare import lost
from tests.faults.upstream.conftest import FILES
from tests.faults.upstream.matrix import ENDPOINTS, FAULTS, OF_CONNECT, SLOW, healed_by, stops_with
from tests.sync.natural import natural

#: The largest number of requests that any fault may cause: two retries of a time-out, four of an
#: outage, three failing records in a row, two requests at once.
MOST_REQUESTS = 60

EVERYDAY = [
    ("profile", "401"),
    ("window", "a value nested 100,000 deep"),
    ("bulk", "429, retry after an hour"),
    ("streams", "broken gzip"),
]
LONG = [
    (endpoint, fault)
    for endpoint in ENDPOINTS
    for fault in FAULTS
    if (endpoint, fault) not in EVERYDAY
]


@pytest.fixture
def play(world, server, clock, open_host, impatience):
    """Return a function that plays one cell and returns the error that stopped it, or ``None``, and
    what is lost after the fault is over.
    """

    def play_(endpoint, fault):
        if endpoint == "detail":  # requested only if the bulk response leaves an id out
            server.fault(ENDPOINTS["bulk"], Fault.raw_body(b"[]"), times=None)
        rule = server.fault(ENDPOINTS[endpoint], FAULTS[fault], times=None)
        host = open_host(connected=endpoint not in OF_CONNECT)
        impatience[:] = [0.25] if fault in SLOW else []
        error = connect(host, world) if endpoint in OF_CONNECT else sync(host)
        assert rule.fired
        assert len(server.requests) <= MOST_REQUESTS
        heal(world, host, clock, impatience, endpoint, fault)
        return error, lost(world.undisturbed, natural(host))

    return play_


def connect(host, world):
    """Return the error of a connect, or ``None``."""
    try:
        host.connect("intervals", world.values)
    except FitglueError as error:
        return error
    return None


def sync(host, options=FILES):
    """Return the error of a sync that stopped, or ``None``."""
    last = list(host.sync(options=options))[-1]
    assert isinstance(last, SyncFinished | SyncStopped)
    return last.error if isinstance(last, SyncStopped) else None


def heal(world, host, clock, impatience, endpoint, fault):
    """End the fault, and assert that the next sync, or the other command that repairs the store,
    succeeds.
    """
    world.server.clear_faults()
    impatience.clear()
    clock.move(hours=2)
    if endpoint in OF_CONNECT:
        assert connect(host, world) is None
    how = healed_by(endpoint, fault)
    if how == "changed":
        # The same as if the source reported that these activities have changed.
        with host.workspace.database.write() as db:
            db.execute(sa.update(t.parts).where(t.parts.c.part != "summary").values(state="wanted"))
    assert sync(host, Options(files=True, full=how == "walk")) is None


def check(play, reliability, endpoint, fault):
    """Play one cell, and assert that its error is complete and that nothing is lost."""
    error, differs = play(endpoint, fault)
    assert (error and error.code) == stops_with(endpoint, fault)
    if error is not None:
        assert error.what
        assert error.why
        assert error.fix
        # That a listed workout is gone is seen in the store, and not in one response.
        is_of_store = error.code == "FG-listed-but-gone"
        assert error.at.field if is_of_store else "http://127.0.0.1" in error.at.url
    assert differs == []
    seen = f"{error.code}, exit {error.exit_code}" if error else "the sync continues"
    reliability("upstream", fault, lost=len(differs), seen=seen)


@pytest.mark.parametrize(("endpoint", "fault"), EVERYDAY)
def test_a_fault_has_a_clear_outcome_and_loses_nothing(play, reliability, endpoint, fault):
    """Each fault of a small everyday sample of the matrix has a clear outcome, and loses nothing
    once it is over.
    """
    check(play, reliability, endpoint, fault)


@pytest.mark.long
@pytest.mark.parametrize(("endpoint", "fault"), LONG)
def test_every_fault_has_a_clear_outcome_and_loses_nothing(play, reliability, endpoint, fault):
    """Each fault at each endpoint has a clear outcome, and loses nothing once it is over."""
    check(play, reliability, endpoint, fault)
