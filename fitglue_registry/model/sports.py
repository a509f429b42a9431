"""The sports by their canonical names (those that Strava and Intervals.icu share) and the family of each.

A family holds sports that two sources may give to one and the same workout: compare families, never strings.
"""

from __future__ import annotations

_FAMILIES: dict[str, tuple[str, ...]] = {
    "cycling": (
        "Ride", "VirtualRide", "GravelRide", "MountainBikeRide", "EBikeRide", "EMountainBikeRide", "TrackRide", "Cyclocross",
        "Velomobile", "Handcycle",
    ),
    "running": ("Run", "VirtualRun", "TrailRun"),
    "walking": ("Walk", "Hike", "Snowshoe"),
    "swimming": ("Swim", "OpenWaterSwim"),
    "rowing": ("Rowing", "VirtualRow"),
    "paddling": ("Canoeing", "Kayaking", "StandUpPaddling"),
    "skiing": ("AlpineSki", "BackcountrySki", "NordicSki", "VirtualSki", "RollerSki", "Snowboard"),
    "skating": ("IceSkate", "InlineSkate", "Skateboard"),
    "gym": (
        "WeightTraining", "Workout", "Crossfit", "HighIntensityIntervalTraining", "Yoga", "Pilates", "Elliptical", "StairStepper",
    ),
    "racket": ("Badminton", "Padel", "Pickleball", "Racquetball", "Squash", "TableTennis", "Tennis"),
    "team": ("Hockey", "Rugby", "Soccer"),
    "water": ("Kitesurf", "Sail", "Surfing", "WaterSport", "Windsurf"),
    "climbing": ("RockClimbing",),
    "golf": ("Golf",),
    "wheelchair": ("Wheelchair",),
    "transition": ("Transition",),
    "other": ("Other",),
}

SPORTS: dict[str, str] = {sport: family_name for family_name, sports in _FAMILIES.items() for sport in sports}
"""Canonical sport → family."""

#: On foot a cadence counts one leg in most sources (Garmin, Intervals.icu): the plugin says which.
ON_FOOT = frozenset(_FAMILIES["running"] + _FAMILIES["walking"])

_BY_FOLDED = {sport.casefold(): sport for sport in SPORTS}
_ALIASES = {
    "running": "Run", "treadmill_running": "VirtualRun", "trail_running": "TrailRun", "cycling": "Ride", "biking": "Ride",
    "road_biking": "Ride", "indoor_cycling": "VirtualRide", "virtual_ride": "VirtualRide", "mountain_biking": "MountainBikeRide",
    "gravel_cycling": "GravelRide", "walking": "Walk", "hiking": "Hike", "swimming": "Swim", "lap_swimming": "Swim",
    "open_water_swimming": "OpenWaterSwim", "strength_training": "WeightTraining", "training": "Workout",
    "hiit": "HighIntensityIntervalTraining",
    "cross_country_skiing": "NordicSki", "rowing": "Rowing", "yoga": "Yoga", "generic": "Other", "transition": "Transition",
}


def canonical_sport(raw: str | None) -> str:
    """The canonical sport for a source's own word, ``Other`` where the word is missing or unknown (keep the word beside it)."""
    if not raw:
        return "Other"
    words = raw.strip().casefold().replace("-", " ").replace("_", " ").split()
    return _BY_FOLDED.get("".join(words)) or _ALIASES.get("_".join(words), "Other")


def family(sport: str) -> str:
    """The family of a canonical sport; an unknown one is ``other``."""
    return SPORTS.get(sport, "other")
