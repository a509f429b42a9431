"""What an activity takes over from boosters, and how it is taken away again."""

from __future__ import annotations

import pytest

from fitglue_registry.model import Provenance, SourceActivity
from fitglue_registry.model.computation import (
    Computation,
    is_storable,
    with_computed,
    without_computed,
)

LOAD = Computation(
    "training-load",
    "0.1.3",
    {"training_load": 96.0, "intensity_pct": 80.0, "metrics.trimp": 120.0},
    method="power (TSS)",
)


def test_values_are_taken_over_with_their_provenance():
    """An activity without a load gets the computed one, and who computed it."""
    activity, taken = with_computed(SourceActivity(sport="Ride"), [LOAD])
    assert activity.training_load == 96.0
    assert activity.metrics == {"trimp": 120.0}
    assert set(taken) == {"training_load", "intensity_pct", "metrics.trimp"}
    stated = Provenance("computed", by="training-load 0.1", note="power (TSS)")
    assert activity.provenance == dict.fromkeys(taken, stated)


@pytest.mark.parametrize(
    ("fields", "decided", "name"),
    [
        ({"training_load": 79.0}, (), "training_load"),
        ({"training_load": 0.0}, (), "training_load"),
        ({"metrics": {"trimp": 70.6}}, (), "metrics.trimp"),
        ({}, ("training_load",), "training_load"),
    ],
    ids=["a source states it", "a source states 0", "a source states a metric", "cleared"],
)
def test_what_a_source_or_the_athlete_says_stays(fields, decided, name):
    """A computed value never takes the place of a stated one, or of a field that was cleared."""
    before = SourceActivity(sport="Ride", **fields)
    activity, taken = with_computed(before, [LOAD], decided)
    assert name not in taken
    assert activity.training_load == fields.get("training_load", None if decided else 96.0)


def test_the_first_booster_with_a_value_counts():
    """Of two results, the first one that has a value gives it."""
    other = Computation("other", "1.0", {"training_load": 1.0, "rpe": 5.0})
    activity, _ = with_computed(SourceActivity(sport="Ride"), [LOAD, other])
    assert (activity.training_load, activity.rpe) == (96.0, 5.0)


def test_what_was_taken_over_can_be_taken_away():
    """Without the computed values, the activity is what it was."""
    before = SourceActivity(sport="Ride", distance_m=20_000.0, metrics={"carbs_g": 60.0})
    activity, taken = with_computed(before, [LOAD])
    assert without_computed(activity, taken) == before


def test_a_result_without_values_changes_nothing():
    """A booster that lacked something leaves the activity as it is."""
    before = SourceActivity(sport="Ride")
    assert with_computed(before, [Computation("training-load", "0.1")]) == (before, [])


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("training_load", 54.2, True),
        ("training_load", 54, True),
        ("metrics.trimp", 1.5, True),
        ("power_kind", "estimated", True),
        ("training_load", "hard", False),
        ("rpe", 11.0, False),
        ("power_kind", "guessed", False),
        ("metrics.trimp", "high", False),
        ("no_such_field", 1.0, False),
        ("title", "A title", False),
    ],
)
def test_only_values_that_an_activity_can_have_are_storable(name, value, expected):
    """A wrong type, a wrong range, an unknown field, and a text that is only sent are refused."""
    assert is_storable(name, value) is expected
