"""The canonical names of sports, which Strava and Intervals.icu share, and their families.

Two sources can assign different sports to the same workout, but these sports belong to one family.
Compare families, never names of sports.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_FAMILIES: dict[str, tuple[str, ...]] = {
    "cycling": (
        "Ride",
        "VirtualRide",
        "GravelRide",
        "MountainBikeRide",
        "EBikeRide",
        "EMountainBikeRide",
        "TrackRide",
        "Cyclocross",
        "Velomobile",
        "Handcycle",
    ),
    "running": ("Run", "VirtualRun", "TrailRun"),
    "walking": ("Walk", "Hike", "Snowshoe"),
    "swimming": ("Swim", "OpenWaterSwim"),
    "rowing": ("Rowing", "VirtualRow"),
    "paddling": ("Canoeing", "Kayaking", "StandUpPaddling"),
    "skiing": ("AlpineSki", "BackcountrySki", "NordicSki", "VirtualSki", "RollerSki", "Snowboard"),
    "skating": ("IceSkate", "InlineSkate", "Skateboard"),
    "gym": (
        "WeightTraining",
        "Workout",
        "Crossfit",
        "HighIntensityIntervalTraining",
        "Yoga",
        "Pilates",
        "Elliptical",
        "StairStepper",
    ),
    "racket": (
        "Badminton",
        "Padel",
        "Pickleball",
        "Racquetball",
        "Squash",
        "TableTennis",
        "Tennis",
    ),
    "team": ("Hockey", "Rugby", "Soccer"),
    "water": ("Kitesurf", "Sail", "Surfing", "WaterSport", "Windsurf"),
    "climbing": ("RockClimbing",),
    "golf": ("Golf",),
    "wheelchair": ("Wheelchair",),
    "transition": ("Transition",),
    "other": ("Other",),
}


def _inverted(groups: Mapping[str, Iterable[str]]) -> dict[str, str]:
    """Return a mapping of member → group for a mapping of group → members."""
    group_of: dict[str, str] = {}
    for group, members in groups.items():
        group_of |= dict.fromkeys(members, group)
    return group_of


SPORTS = _inverted(_FAMILIES)
"""Mapping of canonical sport → family."""

#: Sports on foot. Their cadence counts one leg in most sources (Garmin, Intervals.icu), so a plugin
#: must state whether it does.
ON_FOOT = frozenset(_FAMILIES["running"] + _FAMILIES["walking"])

#: What lies between two legs of a multisport event: a leg of the event, but no workout of its own.
NO_WORKOUT = frozenset(_FAMILIES["transition"])

#: Canonical sport → other names for it: the type keys of Garmin Connect, the sports of the FIT
#: profile, and names that other services use.
_WORDS = {
    # A treadmill is indoors (`trainer`), but only a virtual world makes a run virtual.
    "Run": (
        "running track_running street_running indoor_running treadmill_running treadmill "
        "ultra_run obstacle_run"
    ),
    "VirtualRun": "virtual_running",
    "TrailRun": "trail_running",
    "Ride": "cycling bike biking road_biking road_cycling recumbent_cycling road_trip roadtrip",
    "TrackRide": "track_cycling",
    "VirtualRide": "indoor_cycling spinning",
    "GravelRide": "gravel_cycling",
    "MountainBikeRide": "mountain_biking downhill_biking bmx enduro_mtb",
    "EBikeRide": "e_biking e_bike_fitness ebiking",
    "EMountainBikeRide": "e_bike_mountain e_enduro_mtb",
    "Handcycle": "hand_cycling indoor_hand_cycling",
    "Walk": "walking casual_walking speed_walking indoor_walking casual_walk",
    "Hike": "hiking mountaineering",
    "Snowshoe": "snowshoeing snow_shoe",
    "Swim": "swimming lap_swimming pool_swimming",
    "OpenWaterSwim": "open_water_swimming open_water",
    "Rowing": "indoor_rowing",
    "StandUpPaddling": "stand_up_paddleboarding sup",
    "AlpineSki": "ski skiing resort_skiing resort_skiing_snowboarding alpine_skiing",
    "Snowboard": "snowboarding",
    "BackcountrySki": (
        "backcountry_skiing backcountry_skiing_snowboarding backcountry_skiing_snowboarding_ws"
    ),
    "NordicSki": "cross_country_skiing cross_country_skiing_ws skate_skiing_ws cross_country_ski",
    "IceSkate": "skating_ws ice_skating",
    "InlineSkate": "inline_skating",
    "WeightTraining": "strength_training strength weights",
    "StairStepper": "stair_climbing floor_climbing",
    "Workout": "training indoor_cardio cardio_training cardio fitness_equipment gym",
    "HighIntensityIntervalTraining": "hiit",
    "RockClimbing": "bouldering indoor_climbing climbing",
    "Other": "generic",
}
_BY_FOLDED = {sport.casefold(): sport for sport in SPORTS}
_ALIASES = _inverted({sport: words.split() for sport, words in _WORDS.items()})


def canonical_sport(raw: str | None) -> str:
    """Return the canonical sport for a source's name of a sport.

    The result is ``Other`` if the name is missing or unknown; keep the name in ``sport_raw``.
    """
    if not raw:
        return "Other"
    words = raw.strip().casefold().replace("-", " ").replace("_", " ").split()
    # Canonical names match with and without separators: "Gravel Ride" is GravelRide.
    sport = _BY_FOLDED.get("".join(words))
    if sport is not None:
        return sport
    return _ALIASES.get("_".join(words), "Other")


def family(sport: str) -> str:
    """Return the family of a canonical sport, or ``other`` for an unknown sport."""
    return SPORTS.get(sport, "other")
