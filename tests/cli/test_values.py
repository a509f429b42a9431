"""Which fields of an activity ``fitglue show`` prints."""

import pytest

from fitglue_registry.cli.values import ELSEWHERE, GROUPS, grouped
from fitglue_registry.model import Device, Gear, Location, SourceActivity, TrainingLoad


def test_every_field_has_a_place_on_the_screen():
    """Each field of an activity is in one group of ``fitglue show``, or printed elsewhere."""
    grouped = [name for fields in GROUPS.values() for name in fields]
    assert sorted([*grouped, *ELSEWHERE]) == sorted(SourceActivity.__struct_fields__)


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"distance_m": 0.0}, "0 m"),
        ({"calories_kcal": 0.0}, "0 kcal"),
        ({"min_altitude_m": -0.2}, "0 m"),
        (
            {"device": Device("Garmin Fr945", manufacturer="garmin", product="fr945")},
            "Garmin Fr945",
        ),
        ({"device": Device(name="Zwift", manufacturer="zwift", product="0")}, "Zwift"),
        ({"device": Device(manufacturer="wahoo", product="elemnt")}, "wahoo, elemnt"),
        ({"gear": Gear("Canyon", distance_m=4_312_000.0)}, "Canyon (4,312 km so far)"),
        ({"gear": Gear("Canyon", distance_m=0.0)}, "Canyon"),
        ({"training_load": 12.5}, "12.5"),
        ({"training_loads": (TrainingLoad(20.0),)}, "20"),
        ({"training_loads": (TrainingLoad(20.0, method="heart_rate"),)}, "20 by heart rate"),
    ],
)
def test_a_value_is_shown_for_people(values, text):
    """A zero is shown, a device is named once, and nothing unknown is shown as a question mark."""
    [(_, [(_, _, shown)])] = grouped(SourceActivity(**values))
    assert shown == text


@pytest.mark.parametrize(
    "values",
    [
        {"device": Device(serial="3999000222")},
        {"location": Location(latitude_deg=47.0, longitude_deg=8.5)},
        {"race": False},
    ],
)
def test_what_has_no_words_is_not_shown(values):
    """A device of which only the number is known has no line, and neither has a flag not set."""
    assert list(grouped(SourceActivity(**values))) == []


@pytest.mark.parametrize("sport", ["WeightTraining", "Yoga"])
def test_a_sport_on_the_spot_shows_no_zero_of_a_distance(sport):
    """Some services state a distance of 0 for strength and yoga, which is not shown; that of a run
    is, because it is an answer.
    """
    values = {"distance_m": 0.0, "average_speed_mps": 0.0, "elevation_gain_m": 0.0}
    assert list(grouped(SourceActivity(sport=sport, **values))) == []
    [(_, shown)] = grouped(SourceActivity(sport="Run", **values))
    assert len(shown) == 3
