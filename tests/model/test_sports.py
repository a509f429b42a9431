"""Sports have canonical names, and families for comparing the names of two sources."""

from __future__ import annotations

import re

import pytest

from fitglue_registry.model import SPORTS, canonical_sport, family

INTERVALS = (  # noqa: SIM905 - as the facts have them
    "AlpineSki BackcountrySki Badminton Canoeing Crossfit Cyclocross EBikeRide "
    "EMountainBikeRide Elliptical Golf GravelRide Handcycle "
    "HighIntensityIntervalTraining Hike Hockey IceSkate InlineSkate Kayaking Kitesurf "
    "MountainBikeRide NordicSki OpenWaterSwim Other Padel "
    "Pickleball Pilates Racquetball Ride RockClimbing RollerSki Rowing Rugby Run Sail "
    "Skateboard Snowboard Snowshoe Soccer Squash "
    "StairStepper StandUpPaddling Surfing Swim TableTennis Tennis TrackRide TrailRun "
    "Transition Velomobile VirtualRide VirtualRow "
    "VirtualRun VirtualSki Walk WaterSport WeightTraining Wheelchair Windsurf Workout Yoga"
).split()


def test_all_sixty_sports_of_the_reference_source_are_canonical():
    """The canonical sports are the sixty sports of Intervals.icu and no others."""
    assert len(INTERVALS) == 60
    assert set(SPORTS) == set(INTERVALS)
    assert [canonical_sport(name) for name in INTERVALS] == INTERVALS


@pytest.mark.shared
def test_the_sixty_are_those_of_the_facts(shared):
    """The sixty sports in this test are those of the API's own document."""
    listed = re.search(
        r"\*\*`type`\*\* \(60\): ([A-Za-z ]+)\.", (shared / "facts" / "intervals.md").read_text()
    )
    assert listed is not None
    assert listed[1].split() == INTERVALS


@pytest.mark.parametrize(
    ("raw", "sport"),
    [
        ("ride", "Ride"),
        ("VIRTUALRIDE", "VirtualRide"),
        ("open_water_swim", "OpenWaterSwim"),
        ("Open Water Swim", "OpenWaterSwim"),
        ("trail-run", "TrailRun"),
        ("running", "Run"),
        ("Road Biking", "Ride"),
        ("strength_training", "WeightTraining"),
        (" Yoga ", "Yoga"),
        ("stand-up paddling", "StandUpPaddling"),
    ],
)
def test_other_spellings_are_understood(raw, sport):
    """A sport is recognized in any case, with any separator, and by the names of other services."""
    assert canonical_sport(raw) == sport


@pytest.mark.parametrize("raw", [None, "", "  ", "Quidditch", "ходьба", "-", "\0"])
def test_an_unknown_sport_is_other(raw):
    """An unknown or missing sport is Other."""
    assert canonical_sport(raw) == "Other"


def test_one_workout_under_two_names_is_of_one_family():
    """Names that two sources may give to one workout have the same family, but a ride is not in
    the family of a run.
    """
    assert family("VirtualRide") == family("GravelRide") == "cycling"
    assert family("TrailRun") != family("Ride")
    assert family("Quidditch") == "other"
