"""Tests of every fault at every endpoint of Garmin: the outcome is clear, the number of requests is
bounded, and nothing is lost once the fault is over.
"""

from __future__ import annotations

import copy
import dataclasses
import re
import shutil
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from fitglue_garmin.testing import Account, Leg, StandIn, Workout
from fitglue_garmin.testing.workout import event, utc
from fitglue_registry import Host, Policy
from fitglue_registry.errors import FitglueError
from fitglue_registry.secrets.memory import MemorySecretStore
from fitglue_registry.store import tables as t
from fitglue_registry.sync.events import SyncStopped
from fitglue_registry.sync.options import Options
from fitglue_registry.testing import FakeClock, Fault
from tests.faults.upstream.compare import lost
from tests.faults.upstream.matrix import FAULTS, ODD
from tests.sync.natural import natural

if TYPE_CHECKING:
    from pathlib import Path

#: Each request that the plugin makes, by a pattern that distinguishes it from the others.
ENDPOINTS = {
    "token": re.compile(r"/personal-api-key/token"),
    "owner": re.compile(r"/search/activities\?sortBy=startLocal&sortOrder=desc"),
    "settings": re.compile(r"/userprofile/settings"),
    "oldest": re.compile(r"/search/activities\?sortBy=startLocal&sortOrder=asc&start=0"),
    "window": re.compile(r"/search/activities\?.*startDate="),
    "detail": re.compile(r"/activity-service/activity/"),
    "file": re.compile(r"/download-service/files/activity/"),
}
#: The endpoints that are requested before a connection exists.
OF_CONNECT = ("token", "owner", "settings")
#: What Garmin was seen to answer, and no other service.
OF_GARMIN = {
    "400 with an empty object": Fault.status(400, body="{}"),
    "406": Fault.status(406),
    "429, retry after 14 s": Fault.status(429, retry_after=14),
    "status 200 with an error of Garmin in the body": Fault.shape({"error": "X", "errorId": "a1"}),
}
#: The faults of other services that mean nothing here, and those that wait for seconds.
_LEFT_OUT = {"422 for a Strava activity", "redirect to another path of the same host", *ODD}
_SLOW = {"one byte at a time", "headers sent byte by byte", "no response"}
_FLOODS = {"a body of 500 MB", "a body of 500 MB without a stated length", "a gzip of 500 MB"}
CELLS = {**FAULTS, **OF_GARMIN}
for _name in _LEFT_OUT | _SLOW:
    del CELLS[_name]
#: The codes that a fault may end with. None: the sync goes on.
_REFUSED = {"FG-key-rejected", "FG-not-permitted"}
_OUTAGE = {"FG-rate-limited", "FG-source-down", "FG-answer-broken", "FG-timeout"}
_ODD_ANSWER = {
    "FG-unexpected-status",
    "FG-unexpected-answer",
    "FG-answer-not-json",
    "FG-answer-too-large",
    "FG-redirect-refused",
    "FG-token-unusable",
    "FG-listed-but-gone",
    "FG-pages-repeated",
}
#: The largest number of requests that any fault may cause.
MOST_REQUESTS = 60
EVERYDAY = [
    ("token", "401"),
    ("window", "429, retry after 14 s"),
    ("window", "an empty list"),
    ("detail", "truncated"),
    ("file", "406"),
]
LONG = [
    (endpoint, fault)
    for endpoint in ENDPOINTS
    for fault in CELLS
    if (endpoint, fault) not in EVERYDAY
]


@dataclasses.dataclass
class World:
    """The things that all cells share. No cell changes the account."""

    server: StandIn
    secrets: MemorySecretStore
    connected: Path
    undisturbed: dict[str, Any]


def opened(home, world):
    """Open a host on a home."""
    clock = FakeClock()
    # A cell that connects must not change the secrets of the others.
    secrets = copy.deepcopy(world.secrets) if world.undisturbed else world.secrets
    return Host(home, secrets=secrets, clock=clock, policy=Policy.personal()), clock


def connect(host, world):
    """Return the error of a connect, or ``None``."""
    try:
        host.connect("garmin", {"api_key": world.server.api_key, "base_url": world.server.url})
    except FitglueError as error:
        return error
    return None


def sync(host, options=None):
    """Return the error of a sync that stopped, or ``None``."""
    last = list(host.sync(options=options or Options()))[-1]
    return last.error if isinstance(last, SyncStopped) else None


@pytest.fixture(scope="session")
def world(tmp_path_factory):
    """Yield the shared things: a run, a ride, and a triathlon, each with every part."""
    kinds = (("open_water_swimming", 1500), ("road_biking", 3600))
    account = Account(
        [
            Workout(Leg(7_000_001, utc("2026-11-18T06:31:10")), title="Run"),
            Workout(Leg(7_000_002, utc("2026-11-17T16:00:05"), "road_biking"), title="Ride"),
            event(600, utc("2026-11-15T07:00:00"), kinds),
        ]
    )
    folder = tmp_path_factory.mktemp("garmin")
    with StandIn(account, clock=FakeClock()) as server:
        # Stores are compared byte for byte.
        server.packs_anew = False
        made = World(server, MemorySecretStore(), folder / "connected", {})
        host, _ = opened(made.connected, made)
        with host:
            assert connect(host, made) is None
        shutil.copytree(made.connected, folder / "synced")
        host, _ = opened(folder / "synced", made)
        with host:
            assert sync(host) is None
            made.undisturbed = natural(host)
        yield made


def play(world, home, endpoint, fault):
    """Play one cell, and return the error that stopped it, or ``None``, and what is lost after the
    fault is over.
    """
    server = world.server
    server.clear_requests()
    is_of_connect = endpoint in OF_CONNECT
    if not is_of_connect:
        shutil.copytree(world.connected, home)
    host, clock = opened(home, world)
    with host:
        rule = server.fault(ENDPOINTS[endpoint], CELLS[fault], times=None)
        try:
            error = connect(host, world) if is_of_connect else sync(host)
        finally:
            server.clear_faults()
        assert rule.fired
        assert len(server.requests) <= MOST_REQUESTS
        clock.move(hours=2)
        if is_of_connect:
            assert connect(host, world) is None
        # The same as if the source reported that these activities have changed.
        with host.workspace.database.write() as db:
            db.execute(sa.update(t.parts).where(t.parts.c.part != "summary").values(state="wanted"))
        assert sync(host, Options(full=True)) is None
        return error, lost(world.undisturbed, natural(host))


def check(world, tmp_path, reliability, endpoint, fault):
    """Play one cell, and assert that its error is complete and that nothing is lost."""
    error, differs = play(world, tmp_path / "home", endpoint, fault)
    if error is not None:
        assert error.code in _REFUSED | _OUTAGE | _ODD_ANSWER
        # Half of a token is a text like a token, until it is rejected.
        of_token = endpoint == "token" and fault in ("400 with an empty object", "truncated")
        is_refusal = fault in ("401", "403") or of_token
        assert (error.code in _REFUSED) == is_refusal
        assert error.what
        assert error.why
        assert error.fix
    # An account that seems to be empty is named after its owner, and keeps that name.
    if endpoint == "owner" and fault in ("an empty list", "empty body"):
        assert error is None
        differs = []
    assert differs == []
    seen = f"{error.code}, exit {error.exit_code}" if error else "the sync continues"
    reliability("upstream", f"Garmin: {fault}", lost=len(differs), seen=seen)


@pytest.mark.parametrize(("endpoint", "fault"), EVERYDAY)
def test_a_fault_of_garmin_has_a_clear_outcome_and_loses_nothing(
    world, tmp_path, reliability, endpoint, fault
):
    """Each fault of a small everyday sample has a clear outcome, and loses nothing once it is
    over.
    """
    check(world, tmp_path, reliability, endpoint, fault)


@pytest.mark.long
@pytest.mark.parametrize(("endpoint", "fault"), LONG)
def test_every_fault_of_garmin_has_a_clear_outcome_and_loses_nothing(
    world, tmp_path, reliability, endpoint, fault
):
    """Each fault at each endpoint has a clear outcome, and loses nothing once it is over."""
    check(world, tmp_path, reliability, endpoint, fault)
