"""Killed at random moments, once or again and again, and started again: the same store as never
killed.
"""

from __future__ import annotations

import random
from collections import Counter

import pytest

from tests.faults.kill.scenarios import SCENARIOS

SEEN = "nothing needs repair: the same command again ends well"
_ROUNDS = 4
FELL = {
    "between": "between transactions",
    "transaction": "inside one",
    "commit": "inside a commit",
    "blob": "at a blob",
    "secret": "at a key",
}


def kill_at_moments(scenario, forks, times, seed, phases):
    """Kill at so many random moments of the work, half of them where it writes, and at more until
    some fell into each of its phases.

    Where they fell comes back, and how much was lost in all.
    """
    chance, seconds = random.Random(seed), scenario.undisturbed.seconds
    fell, lost = Counter(), 0
    for number in range(10 * times):
        if fell.total() >= times and fell.keys() >= phases:
            break
        if number % 2:  # any time after its start
            death, differing = scenario.lost_when_killed(forks, after_s=chance.random() * seconds)
        else:  # soon after some point, which is where it writes
            point = chance.randint(1, len(scenario.points))
            death, differing = scenario.lost_when_killed(
                forks, point=point, after_s=chance.random() ** 3 * seconds / 20
            )
        lost += differing
        if death.killed:
            fell[death.phase] += 1
        elif number % 2:  # it had more of the machine than the undisturbed one
            seconds = min(seconds, death.seconds)
    return fell, lost


def told(fell):
    return ", ".join(f"{times} {FELL[phase]}" for phase, times in sorted(fell.items()))


# A key is written sooner than a process is killed from outside: what happens at each of its steps,
# the matrix of all points plays.
@pytest.mark.long
@pytest.mark.parametrize(
    ("name", "kind", "times", "phases"),
    [
        ("a first sync", "sqlite", 110, {"between", "transaction", "blob"}),
        ("a later sync", "sqlite", 80, {"between", "transaction"}),
        ("a sync of two connections", "sqlite", 60, {"between", "transaction", "blob"}),
        ("a rebuild", "sqlite", 60, {"between", "transaction"}),
        ("the removal of a connection", "sqlite", 60, {"between", "transaction"}),
        ("a first connect", "sqlite", 60, {"between", "transaction"}),
        ("a connect with another key", "sqlite", 40, {"between"}),
        ("a first sync", "postgresql", 60, {"between", "transaction", "blob"}),
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
    """SIGKILL at random moments, of which some fall into each kind of step, then the work again:
    the store of an undisturbed run.
    """
    fell, lost = kill_at_moments(scenario_of(name, kind), forks, times, f"{name} {kind}", phases)
    assert fell.total() >= times
    assert fell.keys() >= phases
    reliability(
        "kill",
        f"{name}, {kind}: SIGKILL at a random moment",
        times=fell.total(),
        lost=lost,
        seen=f"{SEEN} ({told(fell)})",
    )
    assert lost == 0


@pytest.mark.long
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
@pytest.mark.parametrize("name", SCENARIOS)
def test_killed_again_and_again_the_store_is_the_same(scenario_of, forks, reliability, name, kind):
    """A work that is killed three times in a row, each time a few points further, still ends in the
    same store.
    """
    scenario, chance, killed, lost = (
        scenario_of(name, kind),
        random.Random(f"again {name} {kind}"),
        0,
        0,
    )
    for _ in range(_ROUNDS):
        place = scenario.places.new(like=scenario.prepared)
        killed += sum(
            scenario.run(
                forks, place, point=chance.randint(1, 1 + len(scenario.points) // 3)
            ).killed
            for _ in range(3)
        )
        lost += scenario.lost_after(place)
        scenario.places.drop(place)
    assert killed >= _ROUNDS
    reliability(
        "kill",
        f"{name}, {kind}: SIGKILL up to three times in a row",
        times=killed,
        lost=lost,
        seen=SEEN,
    )
    assert lost == 0
