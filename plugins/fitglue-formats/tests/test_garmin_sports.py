"""Tests of Garmin's types of activity as sports."""

from __future__ import annotations

import pytest

from fitglue_formats.rows import SPORT_OF_TYPE, is_indoors, readable_title, sport_of_type
from fitglue_registry.model import SPORTS

#: All types of Garmin Connect that are known, by group: those of its published table, with the
#: marks of their versions, and one that a newer account had.
TYPES = """
running cycling hiking other walking swimming fitness_equipment multi_sport steps diving safety
winter_sports para_sports team_sports racket_sports water_sports
trail_running street_running track_running treadmill_running virtual_run obstacle_run indoor_running
ultra_run
mountain_biking road_biking cyclocross downhill_biking track_cycling recumbent_cycling
indoor_cycling bmx gravel_cycling virtual_ride e_bike_mountain e_bike_fitness hand_cycling
indoor_hand_cycling enduro_mtb e_enduro_mtb
rucking casual_walking speed_walking lap_swimming open_water_swimming
indoor_cardio strength_training elliptical stair_climbing indoor_rowing pilates yoga indoor_climbing
bouldering hiit onshore_grinding_v2 dance jump_rope mobility
mountaineering wind_kite_surfing horseback_riding driving_general flying whitewater_rafting_kayaking
inline_skating golf hunting_fishing sky_diving rc_drone rock_climbing hang_gliding wingsuit_flying
floor_climbing stop_watch auto_racing breathwork e_sport motorcycling_v2 motocross_v2 atv_v2
transition_v2 swimToBikeTransition_v2 bikeToRunTransition_v2 runToBikeTransition_v2 hunting
meditation disc_golf boxing archery mixed_martial_arts overland
single_gas_diving multi_gas_diving gauge_diving apnea_diving apnea_hunting ccr_diving pool_apnea
assistance incident_detected wheelchair_push_run wheelchair_push_walk
snowmobiling_ws snow_shoe_ws skating_ws backcountry_skiing_snowboarding_ws skate_skiing_ws
cross_country_skiing_ws resort_skiing_snowboarding_ws backcountry_skiing backcountry_snowboarding
resort_skiing resort_snowboarding cross_country_indoor_skiing
cricket rugby ice_hockey field_hockey lacrosse volleyball ultimate_disc softball soccer
american_football basketball baseball
table_tennis platform_tennis racquetball squash badminton pickleball paddelball tennis_v2
boating_v2 fishing_v2 kayaking_v2 kiteboarding_v2 offshore_grinding_v2 paddling_v2
whitewater_rafting_v2 rowing_v2 sailing_v2 stand_up_paddleboarding_v2 surfing_v2 water_tubing
windsurfing_v2 wakeboarding_v2 wakesurfing waterskiing snorkeling
"""
#: Types that no sport of the model fits.
OTHERS = """
other multi_sport steps diving safety winter_sports para_sports team_sports racket_sports
horseback_riding driving_general flying hunting_fishing sky_diving rc_drone hang_gliding
wingsuit_flying stop_watch auto_racing breathwork e_sport motorcycling_v2 motocross_v2 atv_v2
hunting meditation disc_golf boxing archery mixed_martial_arts overland
single_gas_diving multi_gas_diving gauge_diving apnea_diving apnea_hunting ccr_diving pool_apnea
assistance incident_detected snowmobiling_ws cricket lacrosse volleyball ultimate_disc softball
american_football basketball baseball platform_tennis paddelball fishing_v2
"""


@pytest.mark.parametrize("name", TYPES.split())
def test_each_type_has_a_sport(name):
    """Each type of the published table has a sport of the model, or none that would fit."""
    assert (sport_of_type(name) == "Other") == (name in OTHERS.split())


def test_every_sport_of_the_table_is_one_of_the_model():
    """No line of the table names a sport that the model does not have."""
    assert set(SPORT_OF_TYPE.values()) <= set(SPORTS)


@pytest.mark.parametrize(
    ("name", "sport"),
    [
        ("TRAIL_RUNNING", "TrailRun"),
        ("tennis", "Tennis"),
        ("transition", "Transition"),
        ("rowing", "Rowing"),
        ("resort_skiing_snowboarding", "AlpineSki"),
    ],
)
def test_case_and_the_mark_of_a_version_do_not_matter(name, sport):
    """Old rows have types without the mark of a version."""
    assert sport_of_type(name) == sport


@pytest.mark.parametrize(
    ("group", "sport"), [(1, "Run"), (2, "Ride"), (26, "Swim"), (17, "Other"), (None, "Other")]
)
def test_the_group_decides_about_an_unknown_type(group, sport):
    """A type that is newer than the table is known by its group."""
    assert sport_of_type("moon_something", group) == sport


@pytest.mark.parametrize(
    ("name", "indoors"), [("treadmill_running", True), ("virtual_ride", True), ("running", None)]
)
def test_a_treadmill_is_indoors(name, indoors):
    """Types on a treadmill or a trainer are indoors; of any other, the type does not say."""
    assert is_indoors(name) is indoors


@pytest.mark.parametrize(
    ("title", "raw", "shown"),
    [
        (
            "Oslo Triathlon - swimToBikeTransition_v2",
            "swimToBikeTransition_v2",
            "Oslo Triathlon - swim to bike transition",
        ),
        ("Duathlon (transition_v2", "transition_v2", "Duathlon (transition"),
        ("Lake - open_water_swimming", "open_water_swimming", "Lake - open water swimming"),
        ("lap_swimming", "lap_swimming", "Lap swimming"),
        ("Oslo Running", "running", "Oslo Running"),
        ("my_lap_swimming", "lap_swimming", "my_lap_swimming"),
        (
            "swimToBikeTransition_v2 again",
            "swimToBikeTransition_v2",
            "swimToBikeTransition_v2 again",
        ),
        ("Morning run", None, "Morning run"),
        (None, "running", None),
    ],
)
def test_a_title_does_not_end_in_the_internal_name_of_its_type(title, raw, shown):
    """A title that ends in the internal name of its type ends in words instead; no other title is
    changed.
    """
    assert readable_title(title, raw) == shown
