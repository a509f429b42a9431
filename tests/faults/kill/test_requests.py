"""Tests that a killed sync repeats only the requests that were in flight, and none whose response
was stored.
"""

from __future__ import annotations

import pytest

from fitglue_intervals.testing import Account, StandIn
from fitglue_registry import Host, Policy
from tests.faults.kill.hosts import open_host
from tests.faults.kill.scenarios import connect, sync

COUNT = 10


@pytest.fixture(scope="module")
def server():
    """Yield a stand-in with ten workouts and no stubs."""
    with StandIn(
        Account.generate(count=COUNT, seed=7, strava_stubs=0, distinct_streams=1)
    ) as server:
        yield server


@pytest.fixture(scope="module")
def connected(server, places_on):
    """Return a place that is connected and has synced nothing yet, and the places that it belongs
    to.
    """
    places = places_on("sqlite")
    place = places.new()
    with pytest.MonkeyPatch.context() as patch, open_host(place.home) as host:
        patch.setenv("FITGLUE_SECRETS", "file")
        connect(host, server)
    return places, place


@pytest.fixture(scope="module")
def limit():
    """Return how many requests a sync may have in flight at once, which the registry entry
    states.
    """
    return (
        Host(policy=Policy.personal())
        .workspace.catalogue.get("integration", "intervals")
        .http.connections
    )


def count_requests(server, forks, connected, point):
    """Kill a sync at a point and run it again.

    Return the number of requests that both made, and how the first one ended.
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


def most_repeated(server, forks, connected, points, reliability, limit):
    """Return the largest number of requests that one of these kills repeated, apart from the list
    request that every sync begins with.
    """
    undisturbed, complete = count_requests(server, forks, connected, 0)
    assert undisturbed > 2 * COUNT  # each workout needs a request for streams and one for the file
    chosen = points(
        [number for number, name in enumerate(complete.points, start=1) if name == "commit"]
    )
    costs = []
    for point in chosen:
        requests, death = count_requests(server, forks, connected, point)
        assert death.killed
        costs.append(requests - 1 - undisturbed)
    reliability(
        "kill",
        f"a first sync with {limit} requests in flight, killed: repeated requests",
        times=len(chosen),
        lost=sum(1 for cost in costs if cost > limit + 1),
        seen=f"at most {max(costs)} of {undisturbed} requests are repeated",
    )
    return max(costs)


def test_a_killed_sync_asks_again_only_for_requests_in_flight(
    server, forks, connected, limit, reliability
):
    """A killed sync repeats at most the requests that were in flight and the one whose response was
    being stored.
    """
    assert (
        most_repeated(
            server,
            forks,
            connected,
            lambda commits: [commits[len(commits) // 2]],
            reliability,
            limit,
        )
        <= limit + 1
    )


@pytest.mark.long
def test_wherever_a_sync_is_killed_it_asks_again_only_for_requests_in_flight(
    server, forks, connected, limit, reliability
):
    """A sync that is killed at any of its commits repeats at most the requests that were in flight
    and the one whose response was being stored.
    """
    assert (
        most_repeated(server, forks, connected, lambda commits: commits, reliability, limit)
        <= limit + 1
    )
