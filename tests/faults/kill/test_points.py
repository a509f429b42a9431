"""Tests that work killed at any commit or any step of writing a file, and then run again, leaves
the same store as work that is never killed.
"""

from __future__ import annotations

from collections import Counter

import pytest

from fitglue_registry.errors import UserMistake
from tests.faults.kill.hosts import open_host
from tests.faults.kill.scenarios import SCENARIOS, connect

#: The name of each kind of point on the page, by the first word of the point's name.
POINT_KINDS = {
    "commit": "a commit",
    "blob": "a step of writing or removing a blob",
    "secret": "a step of writing or removing a key",
    "change": "a statement that changes tables",
}
SEEN = (
    "no repair is needed: the same command succeeds when run again, `doctor` finds nothing, "
    "and nothing is left over after a sweep"
)


def kind_of_point(point: str) -> str:
    """Return the kind of a point by its name."""
    return POINT_KINDS[point.replace(":", "").partition(" ")[0]]


def kill_at(scenario, forks, points):
    """Kill the work at each of these points and run it again.

    Return how often each kind of point was killed, and how many differences remain: kind → (times,
    lost).
    """
    times, lost = Counter(), Counter()
    for point in points:
        death, differing = scenario.lost_when_killed(forks, point=point)
        assert death.killed
        times[kind_of_point(scenario.points[point - 1])] += 1
        lost[kind_of_point(scenario.points[point - 1])] += differing
    return {point_kind: (times[point_kind], lost[point_kind]) for point_kind in times}


def note(reliability, name, kind, results):
    """Add one row per kind of point to the page, and assert that nothing was lost."""
    for point_kind, (times, lost) in results.items():
        reliability(
            "kill",
            f"{name}, {kind}: SIGKILL at {point_kind}",
            times=times,
            lost=lost,
            seen=SEEN,
        )
    assert sum(lost for _, lost in results.values()) == 0


@pytest.mark.parametrize(
    ("name", "kind", "shares"),
    [
        ("a first sync", "sqlite", [0.6]),
        ("a first sync of Garmin", "sqlite", [0.6]),
        ("a rebuild", "sqlite", [0.5]),
        ("a first connect", "postgresql", [0.5]),
    ],
)
def test_killed_at_a_point_and_started_again_the_store_is_the_same(
    scenario_of, forks, reliability, name, kind, shares
):
    """Work that is killed with SIGKILL at a point and then run again leaves the store of an
    undisturbed run.
    """
    scenario = scenario_of(name, kind)
    note(
        reliability,
        name,
        kind,
        kill_at(
            scenario, forks, [1 + round(share * (len(scenario.points) - 1)) for share in shares]
        ),
    )


@pytest.mark.long
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
@pytest.mark.parametrize("name", SCENARIOS)
def test_killed_at_every_point_and_started_again_the_store_is_the_same(
    scenario_of, forks, reliability, name, kind
):
    """Work that is killed with SIGKILL at each commit and each step of a file in turn, and then run
    again, leaves the store of an undisturbed run.
    """
    scenario = scenario_of(name, kind)
    note(reliability, name, kind, kill_at(scenario, forks, range(1, len(scenario.points) + 1)))


def test_a_removal_that_is_killed_half_way_leaves_no_unreferenced_key(
    scenario_of, forks, reliability
):
    """If a removal is killed after its rows and before its files are deleted, its key is deleted at
    the latest when the next key is changed.
    """
    scenario = scenario_of("the removal of a connection")
    place = scenario.places.new(like=scenario.prepared)
    death = scenario.run(
        forks, place, point=1 + scenario.points.index("blob: before it is removed")
    )
    assert death.killed
    with open_host(place.home) as host:
        connect(host, scenario.other)
        named = [connection.secret_ref for connection in host.connections.list()]
    sealed = list((place.home / "secrets").glob("*.sealed"))
    reliability(
        "kill",
        "the removal of a connection, sqlite: SIGKILL after its rows, before its files are deleted",
        lost=abs(len(sealed) - len(named)),
        seen="the connection and its key are gone; its files are removed by the next sweep",
    )
    assert len(sealed) == len(named) == 1


def test_a_removal_that_is_done_twice_takes_no_other_connection(scenario_of, forks, reliability):
    """A removal that is killed after its last step and run once more reports that the connection
    does not exist, and the other connection stays.
    """
    scenario = scenario_of("the removal of a connection")
    place = scenario.places.new(like=scenario.prepared)
    scenario.run(forks, place, point=len(scenario.points))
    with open_host(place.home) as host:
        with pytest.raises(UserMistake) as caught:
            host.connections.remove("intervals")
        left = [connection.name for connection in host.connections.list()]
    reliability(
        "kill",
        "the removal of a connection, sqlite: SIGKILL after its last step, then the same command",
        lost=1 - len(left),
        seen=f"{caught.value.code}, exit 2",
    )
    assert left == ["intervals-2"]


@pytest.mark.parametrize(
    ("name", "points"),
    [
        ("a first sync", {"a commit": 3, "a step of writing or removing a blob": 20}),
        (
            "the removal of a connection",
            {
                "a commit": 1,
                "a step of writing or removing a blob": 2,
                "a step of writing or removing a key": 2,
            },
        ),
        (
            "a first connect",
            {
                "a commit": 2,
                "a step of writing or removing a key": 8,
                "a statement that changes tables": 20,
            },
        ),
    ],
)
def test_every_way_of_writing_has_points(scenario_of, name, points):
    """Each kind of point is passed at least as often as the work needs it, so no way of writing
    escapes the kill tests.
    """
    passed = Counter(map(kind_of_point, scenario_of(name).points))
    assert passed.keys() == points.keys()
    assert all(passed[point_kind] >= least for point_kind, least in points.items())
