"""Tests that work killed at random moments, once or repeatedly, and then run again leaves the same
store as work that is never killed.
"""

from __future__ import annotations

import random
from collections import Counter

import pytest

from tests.faults.kill.scenarios import SCENARIOS

SEEN = "no repair is needed: the same command succeeds when run again"
_REPEATS = 4
PHASE_NAMES = {
    "between": "between transactions",
    "transaction": "inside a transaction",
    "commit": "inside a commit",
    "blob": "at a blob file",
    "secret": "at a key file",
}


def kill_at_moments(scenario, forks, times, seed, phases):
    """Kill the work at ``times`` random moments, half of them near a write, and then at more until
    each of ``phases`` was hit.

    Return how many kills hit each phase, and how many differences remain in all.
    """
    chance, seconds = random.Random(seed), scenario.undisturbed.seconds
    kills, lost = Counter(), 0
    for number in range(10 * times):
        if kills.total() >= times and kills.keys() >= phases:
            break
        if number % 2:  # at any moment after the start
            death, differing = scenario.lost_when_killed(forks, after_s=chance.random() * seconds)
        else:  # soon after a point, because that is where it writes
            point = chance.randint(1, len(scenario.points))
            death, differing = scenario.lost_when_killed(
                forks, point=point, after_s=chance.random() ** 3 * seconds / 20
            )
        lost += differing
        if death.killed:
            kills[death.phase] += 1
        elif number % 2:  # it ended before it was killed, so it was faster than the undisturbed run
            seconds = min(seconds, death.seconds)
    return kills, lost


def describe_phases(kills):
    """Return the number of kills in each phase, as text."""
    return ", ".join(f"{times} {PHASE_NAMES[phase]}" for phase, times in sorted(kills.items()))


# Writing a key takes less time than a kill from outside can hit. Each of its steps is killed in
# test_points.py.
@pytest.mark.long
@pytest.mark.parametrize(
    ("name", "kind", "times", "phases"),
    [
        ("a first sync", "sqlite", 110, {"between", "transaction", "blob"}),
        ("a first sync of Garmin", "sqlite", 40, {"between", "transaction", "blob"}),
        ("a later sync", "sqlite", 80, {"between", "transaction"}),
        ("a sync of two connections", "sqlite", 60, {"between", "transaction", "blob"}),
        ("a rebuild", "sqlite", 60, {"between", "transaction"}),
        ("the removal of a connection", "sqlite", 60, {"between", "transaction"}),
        ("a first connect", "sqlite", 60, {"between", "transaction"}),
        ("a connect with another key", "sqlite", 40, {"between"}),
        ("a first sync", "postgresql", 60, {"between", "transaction", "blob"}),
        ("a first sync of Garmin", "postgresql", 30, {"between", "transaction"}),
        ("a later sync", "postgresql", 40, {"between", "transaction"}),
        ("a sync of two connections", "postgresql", 30, {"between", "transaction"}),
        ("a rebuild", "postgresql", 40, {"between", "transaction"}),
        ("the removal of a connection", "postgresql", 30, {"transaction"}),
        ("a first connect", "postgresql", 30, {"transaction"}),
        ("a connect with another key", "postgresql", 30, {"between"}),
    ],
)
def test_killed_at_any_moment_and_started_again_the_store_is_the_same(
    scenario_of, forks, reliability, name, kind, times, phases
):
    """Work that is killed with SIGKILL at random moments, in every phase, and then run again leaves
    the store of an undisturbed run.
    """
    kills, lost = kill_at_moments(scenario_of(name, kind), forks, times, f"{name} {kind}", phases)
    assert kills.total() >= times
    assert kills.keys() >= phases
    reliability(
        "kill",
        f"{name}, {kind}: SIGKILL at a random moment",
        times=kills.total(),
        lost=lost,
        seen=f"{SEEN} ({describe_phases(kills)})",
    )
    assert lost == 0


@pytest.mark.long
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
@pytest.mark.parametrize("name", SCENARIOS)
def test_killed_again_and_again_the_store_is_the_same(scenario_of, forks, reliability, name, kind):
    """Work that is killed three times in a row, each time a few points further, still ends in the
    store of an undisturbed run.
    """
    scenario, chance, killed, lost = (
        scenario_of(name, kind),
        random.Random(f"again {name} {kind}"),
        0,
        0,
    )
    for _ in range(_REPEATS):
        place = scenario.places.new(like=scenario.prepared)
        killed += sum(
            scenario.run(
                forks, place, point=chance.randint(1, 1 + len(scenario.points) // 3)
            ).killed
            for _ in range(3)
        )
        lost += scenario.lost_after(place)
        scenario.places.drop(place)
    assert killed >= _REPEATS
    reliability(
        "kill",
        f"{name}, {kind}: SIGKILL up to three times in a row",
        times=killed,
        lost=lost,
        seen=SEEN,
    )
    assert lost == 0
