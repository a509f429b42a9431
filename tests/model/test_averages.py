"""Tests of the average speed, which belongs to one distance and one time."""

from __future__ import annotations

import pytest

from fitglue_registry.model import (
    COMPUTED_SPEED,
    SourceActivity,
    computed_speed,
    speed_for,
    with_average_speed,
)


@pytest.mark.parametrize("stated", [None, 0.0])
def test_a_speed_that_the_source_does_not_state_is_computed_and_marked(stated):
    """Without a stated speed, it is the distance divided by the moving time."""
    activity = SourceActivity(
        distance_m=1980.0, moving_s=600.0, elapsed_s=900.0, average_speed_mps=stated
    )
    computed = with_average_speed(activity)
    assert computed.average_speed_mps == 3.3
    assert computed.provenance == {"average_speed_mps": COMPUTED_SPEED}


def test_a_stated_speed_is_kept():
    """A speed that the source states is not computed."""
    activity = SourceActivity(distance_m=1980.0, moving_s=600.0, average_speed_mps=3.2)
    assert with_average_speed(activity) is activity


@pytest.mark.parametrize(
    ("sport", "stated"), [("Run", 10.0), ("Ride", 0.33), ("Run", 11.88), ("Swim", 20.0)]
)
def test_a_speed_that_its_own_distance_and_time_contradict_is_computed(sport, stated):
    """A speed that neither pauses nor rounding explain is replaced, and the note states it."""
    activity = SourceActivity(
        sport=sport,
        distance_m=1980.0,
        moving_s=600.0,
        elapsed_s=700.0,
        average_speed_mps=stated,
    )
    computed = with_average_speed(activity)
    assert computed.average_speed_mps == 3.3
    assert f"the source states {stated:g} m/s" in computed.provenance["average_speed_mps"].note


@pytest.mark.parametrize(
    ("sport", "stated"), [("Run", 1.65), ("Run", 3.3), ("Run", 3.6), ("Swim", 5.0)]
)
def test_a_speed_that_pauses_or_rounding_explain_is_kept(sport, stated):
    """A speed may include the pauses, and that of a swim leaves out the rests at the wall."""
    activity = SourceActivity(
        sport=sport,
        distance_m=1980.0,
        moving_s=600.0,
        elapsed_s=1200.0,
        average_speed_mps=stated,
    )
    assert with_average_speed(activity) is activity


@pytest.mark.parametrize(
    "known", [{"distance_m": 1980.0}, {"moving_s": 600.0}, {"distance_m": 0.0, "elapsed_s": 600.0}]
)
def test_a_speed_needs_a_distance_and_a_time(known):
    """Without a distance or a time, there is no speed."""
    activity = SourceActivity(**known)
    assert computed_speed(activity) is None
    assert with_average_speed(activity) is activity


def test_a_speed_belongs_to_its_distance_and_time():
    """The speed of a source with another distance or another time is not used."""
    activity = SourceActivity(distance_m=2500.0, moving_s=600.0)
    farther = SourceActivity(distance_m=2600.0, moving_s=600.0, average_speed_mps=4.3)
    slower = SourceActivity(distance_m=2500.0, moving_s=700.0, average_speed_mps=3.6)
    same = SourceActivity(distance_m=2510.0, moving_s=602.0, average_speed_mps=4.17)
    assert speed_for(activity, [farther, slower, same]) is same
    assert speed_for(activity, [farther, slower]) is None
