"""A power cut, as far as it can be played: the process dies, and with it goes every commit that was
not flushed to the disk.
"""

from __future__ import annotations

import os

import pytest

from tests.faults.kill.scenarios import SCENARIOS


def cut_power(place, death):
    """Take back what nobody flushed: all that SQLite has committed since the last flush of its
    log.
    """
    log = place.home / "fitglue.db-wal"
    if log.exists():
        os.truncate(log, death.synced.get(str(log), 0))
    (place.home / "fitglue.db-shm").unlink(missing_ok=True)


def lost_in_power_cuts(scenario, forks, points):
    """How much differs after a power cut at each of these points and the work once more, and what
    the cuts left dangling.
    """
    lost, dangling = 0, []
    for point in points:
        place = scenario.places.new(like=scenario.prepared)
        death = scenario.run(forks, place, point=point, keep_the_log=True)
        assert death.killed
        cut_power(place, death)
        dangling += scenario.dangling(place)
        lost += scenario.lost_after(place)
        scenario.places.drop(place)
    return lost, dangling


def note(reliability, name, times, lost):
    reliability(
        "kill",
        f"{name}, sqlite: power cut, and all commits lost that were not flushed",
        times=times,
        lost=lost,
        seen="the same command again ends well; nothing that is named is missing",
    )


def test_a_power_cut_after_a_new_key_was_stored_takes_no_key_away(scenario_of, forks, reliability):
    """The old key goes when the commit that names the new one is on the disk, and not before."""
    scenario = scenario_of("a connect with another key")
    lost, dangling = lost_in_power_cuts(scenario, forks, [len(scenario.points)])
    note(reliability, "a connect with another key", 1, lost)
    assert (lost, dangling) == (0, [])


def test_a_power_cut_while_a_connection_is_removed_takes_no_file_of_a_connection_that_is_there(
    scenario_of, forks, reliability
):
    """Files go when the removal is on the disk, and not before."""
    scenario = scenario_of("the removal of a connection")
    lost, dangling = lost_in_power_cuts(scenario, forks, [len(scenario.points)])
    note(reliability, "the removal of a connection", 1, lost)
    assert (lost, dangling) == (0, [])


@pytest.mark.long
@pytest.mark.parametrize("name", SCENARIOS)
def test_a_power_cut_at_any_point_loses_nothing_that_the_next_run_does_not_bring_again(
    scenario_of, forks, reliability, name
):
    """All commits that SQLite had not flushed are gone; the work once more leads to the store of an
    undisturbed run.
    """
    scenario = scenario_of(name)
    lost, dangling = lost_in_power_cuts(scenario, forks, range(1, len(scenario.points) + 1))
    note(reliability, name, len(scenario.points), lost)
    # A removal forgets the key first: until it is done again, the connection that is there asks for
    # one.
    assert set(dangling) <= ({"intervals"} if name == "the removal of a connection" else set())
    assert lost == 0
