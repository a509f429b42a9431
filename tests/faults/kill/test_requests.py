"""What a killed sync asks for again: what was at hand, and nothing that was stored."""

from __future__ import annotations

import pytest

from fitglue_intervals.testing import Account, StandIn
from fitglue_registry import Host
from tests.faults.kill.hosts import open_host
from tests.faults.kill.scenarios import connect, sync

COUNT = 10


@pytest.fixture(scope="module")
def server():
    with StandIn(
        Account.generate(count=COUNT, seed=7, strava_stubs=0, distinct_streams=1)
    ) as server:
        yield server


@pytest.fixture(scope="module")
def connected(server, places_on):
    """A place that is connected and has synced nothing yet, and the places that it is one of."""
    places = places_on("sqlite")
    place = places.new()
    with pytest.MonkeyPatch.context() as patch, open_host(place.home) as host:
        patch.setenv("FITGLUE_SECRETS", "file")
        connect(host, server)
    return places, place


@pytest.fixture(scope="module")
def lanes():
    """How many requests a sync may have under way at once, as the registry says it."""
    return Host().workspace.catalogue.get("integration", "intervals").http.connections


def asked(server, forks, connected, point):
    """How many requests a sync makes that is killed at a point and then started again; with what it
    passed, where it was not killed.
    """
    places, prepared = connected
    place = places.new(like=prepared)
    server.clear_requests()
    death = forks.run("sync", place.home, point=point, files=True)
    with open_host(place.home) as host:
        if death.killed:
            sync(host)
    places.drop(place)
    return len(server.requests), death


def repeated(server, forks, connected, points, reliability, lanes):
    """The most requests that any of these kills cost, beside the one list that every sync begins
    with.
    """
    undisturbed, whole = asked(server, forks, connected, 0)
    assert undisturbed > 2 * COUNT  # a request each for streams and file, beside lists and details
    chosen = points(
        [number for number, name in enumerate(whole.points, start=1) if name == "commit"]
    )
    costs = []
    for point in chosen:
        requests, death = asked(server, forks, connected, point)
        assert death.killed
        costs.append(requests - 1 - undisturbed)
    reliability(
        "kill",
        f"a first sync with {lanes} requests under way: what is asked for again",
        times=len(chosen),
        lost=sum(1 for cost in costs if cost > lanes + 1),
        seen=f"at most {max(costs)} of {undisturbed} requests were repeated",
    )
    return max(costs)


def test_a_killed_sync_asks_again_only_for_what_was_at_hand(
    server, forks, connected, lanes, reliability
):
    """However many requests are under way at once, a kill repeats at most these and the one whose
    answer is being stored.
    """
    assert (
        repeated(
            server,
            forks,
            connected,
            lambda commits: [commits[len(commits) // 2]],
            reliability,
            lanes,
        )
        <= lanes + 1
    )


@pytest.mark.long
def test_wherever_a_sync_is_killed_it_asks_again_only_for_what_was_at_hand(
    server, forks, connected, lanes, reliability
):
    """Killed at every commit in turn, a sync repeats at most what was under way and what was being
    stored.
    """
    assert (
        repeated(server, forks, connected, lambda commits: commits, reliability, lanes) <= lanes + 1
    )
