"""Killed at every commit and at every step of a file, and started again: the same store as never
killed.
"""

from __future__ import annotations

from collections import Counter

import pytest

from fitglue_registry.errors import UserMistake
from tests.faults.kill.hosts import open_host
from tests.faults.kill.scenarios import SCENARIOS, connect

#: What a point stands for on the page, by how its name begins.
SAID = {
    "commit": "a commit",
    "blob": "a step of writing or removing a blob",
    "secret": "a step of writing or removing a key",
    "change": "a statement that makes tables",
}
SEEN = (
    "nothing needs repair: the same command again ends well, the doctor finds nothing, and "
    "nothing is left over after a sweep"
)


def sort_of(point: str) -> str:
    return SAID[point.replace(":", "").partition(" ")[0]]


def kill_at(scenario, forks, points):
    """What was killed at each of these points, and how much was lost in all: sort of point →
    (times, lost).
    """
    times, lost = Counter(), Counter()
    for point in points:
        death, differing = scenario.lost_when_killed(forks, point=point)
        assert death.killed
        times[sort_of(scenario.points[point - 1])] += 1
        lost[sort_of(scenario.points[point - 1])] += differing
    return {sort: (times[sort], lost[sort]) for sort in times}


def note(reliability, name, kind, found):
    for sort, (times, lost) in found.items():
        reliability("kill", f"{name}, {kind}: SIGKILL at {sort}", times=times, lost=lost, seen=SEEN)
    assert sum(lost for _, lost in found.values()) == 0


@pytest.mark.parametrize(
    ("name", "kind", "shares"),
    [
        ("a first sync", "sqlite", [0.6]),
        ("a rebuild", "sqlite", [0.5]),
        ("the removal of a connection", "sqlite", [0.9]),
        ("a first connect", "sqlite", [0.9]),
        ("a first connect", "postgresql", [0.5]),
    ],
)
def test_killed_at_a_point_and_started_again_the_store_is_the_same(
    scenario_of, forks, reliability, name, kind, shares
):
    """SIGKILL at some points of the work, then the work again: the store of a run that nobody
    disturbed.
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
    """SIGKILL at each commit and each step of a file in turn, then the work again: the store of a
    run that nobody disturbed.
    """
    scenario = scenario_of(name, kind)
    note(reliability, name, kind, kill_at(scenario, forks, range(1, len(scenario.points) + 1)))


def test_a_removal_that_is_killed_half_way_leaves_no_key_that_nothing_names(
    scenario_of, forks, reliability
):
    """Killed when the rows are gone and the files are not, a removal keeps no key longer than until
    the next key is changed.
    """
    scenario = scenario_of("the removal of a connection")
    place = scenario.places.new(like=scenario.prepared)
    death = scenario.run(
        forks, place, point=1 + scenario.points.index("blob: before it is removed")
    )
    assert death.killed
    with open_host(place.home) as host:
        connect(host, scenario.other)
        named = [one.secret_ref for one in host.connections.list()]
    sealed = list((place.home / "secrets").glob("*.sealed"))
    reliability(
        "kill",
        "the removal of a connection, sqlite: SIGKILL between rows and files",
        lost=abs(len(sealed) - len(named)),
        seen="the connection is gone, its key too; its files go with the next sweep",
    )
    assert len(sealed) == len(named) == 1


def test_a_removal_that_is_done_twice_takes_no_other_connection(scenario_of, forks, reliability):
    """Killed when all was done, and run once more, a removal says that there is no such connection,
    and leaves the other one alone.
    """
    scenario = scenario_of("the removal of a connection")
    place = scenario.places.new(like=scenario.prepared)
    scenario.run(forks, place, point=len(scenario.points))
    with open_host(place.home) as host:
        with pytest.raises(UserMistake) as caught:
            host.connections.remove("intervals")
        left = [one.name for one in host.connections.list()]
    reliability(
        "kill",
        "the removal of a connection, sqlite: SIGKILL when all is done, and the same command again",
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
                "a statement that makes tables": 20,
            },
        ),
    ],
)
def test_the_points_are_those_that_they_should_be(scenario_of, name, points):
    """A way of writing that is not watched would be killed nowhere: each sort of point is passed as
    often as the work needs it.
    """
    found = Counter(map(sort_of, scenario_of(name).points))
    assert found.keys() == points.keys()
    assert all(found[sort] >= least for sort, least in points.items())
