"""Tests of a simulated power cut: the process dies, and every commit that was not flushed to the
disk is lost.
"""

from __future__ import annotations

import os

import pytest

from tests.faults.kill.scenarios import SCENARIOS


def cut_power(place, death):
    """Truncate the write-ahead log of SQLite to what was flushed, which takes back all later
    commits.
    """
    log = place.home / "fitglue.db-wal"
    if log.exists():
        os.truncate(log, death.synced.get(str(log), 0))
    (place.home / "fitglue.db-shm").unlink(missing_ok=True)


def lost_in_power_cuts(scenario, forks, points):
    """Cut the power at each of these points and do the work again.

    Return how many differences remain, and the names of all files and keys that were missing after
    the cuts.
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


def record(reliability, name, times, lost):
    reliability(
        "kill",
        f"{name}, sqlite: a power cut that loses every commit not yet flushed",
        times=times,
        lost=lost,
        seen="the same command succeeds when run again; the store names no missing file or key",
    )


def test_a_power_cut_after_a_new_key_was_stored_takes_no_key_away(scenario_of, forks, reliability):
    """An old key is deleted only after the commit that names the new key is flushed to the disk."""
    scenario = scenario_of("a connect with another key")
    lost, dangling = lost_in_power_cuts(scenario, forks, [len(scenario.points)])
    record(reliability, "a connect with another key", 1, lost)
    assert (lost, dangling) == (0, [])


def test_a_power_cut_while_a_connection_is_removed_takes_no_file_of_a_connection_that_is_there(
    scenario_of, forks, reliability
):
    """The files of a connection are deleted only after the commit that removes it is flushed to the
    disk.
    """
    scenario = scenario_of("the removal of a connection")
    lost, dangling = lost_in_power_cuts(scenario, forks, [len(scenario.points)])
    record(reliability, "the removal of a connection", 1, lost)
    assert (lost, dangling) == (0, [])


@pytest.mark.long
@pytest.mark.parametrize("name", SCENARIOS)
def test_a_power_cut_at_any_point_is_repaired_by_the_next_run(
    scenario_of, forks, reliability, name
):
    """After a power cut that loses every commit not yet flushed, running the work again leads to
    the store of an undisturbed run.
    """
    scenario = scenario_of(name)
    lost, dangling = lost_in_power_cuts(scenario, forks, range(1, len(scenario.points) + 1))
    record(reliability, name, len(scenario.points), lost)
    # A removal deletes the key first. Until the removal is repeated, the connection is still listed
    # and asks for a key.
    assert set(dangling) <= ({"intervals"} if name == "the removal of a connection" else set())
    assert lost == 0
