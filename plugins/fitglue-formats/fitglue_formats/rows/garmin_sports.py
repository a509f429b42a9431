"""Garmin Connect's types of activity as sports of the model: one table for its API and archive.

Source of the keys: the table of types of Garmin Connect, as published by
``pe-st/garmin-connect-export`` (``json/activityTypes.json``). Accounts have newer types as well.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from fitglue_registry.model import UNLISTED_SPORT, canonical_sport

if TYPE_CHECKING:
    from fitglue_registry.model import Provenance

#: Sport → Garmin's types, without the marks of their versions.
_TYPES = {
    "Run": (
        "running street_running track_running treadmill_running indoor_running obstacle_run "
        "ultra_run"
    ),
    "VirtualRun": "virtual_run",
    "TrailRun": "trail_running",
    "Ride": "cycling road_biking recumbent_cycling bmx",
    "MountainBikeRide": "mountain_biking downhill_biking enduro_mtb",
    "Cyclocross": "cyclocross",
    "TrackRide": "track_cycling",
    "VirtualRide": "indoor_cycling virtual_ride",
    "GravelRide": "gravel_cycling",
    "EBikeRide": "e_bike_fitness",
    "EMountainBikeRide": "e_bike_mountain e_enduro_mtb",
    "Handcycle": "hand_cycling indoor_hand_cycling",
    "Hike": "hiking rucking mountaineering",
    "Walk": "walking casual_walking speed_walking",
    "Swim": "swimming lap_swimming",
    "OpenWaterSwim": "open_water_swimming",
    "Workout": "fitness_equipment indoor_cardio cardio_training onshore_grinding jump_rope dance",
    "WeightTraining": "strength_training",
    "Elliptical": "elliptical",
    "StairStepper": "stair_climbing floor_climbing",
    "VirtualRow": "indoor_rowing",
    "Pilates": "pilates",
    "Yoga": "yoga mobility",
    "HighIntensityIntervalTraining": "hiit",
    "RockClimbing": "indoor_climbing bouldering rock_climbing",
    "Rowing": "rowing",
    "Canoeing": "paddling",
    "Kayaking": "kayaking whitewater_rafting_kayaking whitewater_rafting",
    "StandUpPaddling": "stand_up_paddleboarding",
    "AlpineSki": "resort_skiing resort_skiing_snowboarding",
    "Snowboard": "resort_snowboarding backcountry_snowboarding",
    "BackcountrySki": "backcountry_skiing backcountry_skiing_snowboarding",
    "NordicSki": "cross_country_skiing skate_skiing cross_country_indoor_skiing",
    "Snowshoe": "snow_shoe",
    "IceSkate": "skating",
    "InlineSkate": "inline_skating",
    "Golf": "golf",
    "Kitesurf": "kiteboarding",
    "Windsurf": "windsurfing wind_kite_surfing",
    "Sail": "sailing",
    "Surfing": "surfing",
    "WaterSport": (
        "boating offshore_grinding water_tubing wakeboarding wakesurfing waterskiing snorkeling "
        "water_sports"
    ),
    "Hockey": "ice_hockey field_hockey",
    "Rugby": "rugby",
    "Soccer": "soccer",
    "TableTennis": "table_tennis",
    "Racquetball": "racquetball",
    "Squash": "squash",
    "Badminton": "badminton",
    "Pickleball": "pickleball",
    "Padel": "padel",
    "Tennis": "tennis",
    "Wheelchair": "wheelchair_push_run wheelchair_push_walk",
    "Transition": ("transition swimtobiketransition biketoruntransition runtobiketransition"),
    # No sport of the model fits these; `sport_raw` has Garmin's word.
    "Other": (
        "other multi_sport steps diving single_gas_diving multi_gas_diving gauge_diving "
        "apnea_diving apnea_hunting ccr_diving pool_apnea safety assistance incident_detected "
        "winter_sports snowmobiling para_sports team_sports cricket lacrosse volleyball "
        "ultimate_disc softball american_football basketball baseball racket_sports "
        "platform_tennis paddelball fishing horseback_riding driving_general flying "
        "hunting_fishing hunting sky_diving rc_drone hang_gliding wingsuit_flying stop_watch "
        "auto_racing breathwork meditation e_sport motorcycling motocross atv disc_golf boxing "
        "archery mixed_martial_arts overland"
    ),
}
SPORT_OF_TYPE = {name: sport for sport, names in _TYPES.items() for name in names.split()}
"""Garmin's type of activity, without the mark of its version → sport of the model."""

#: ``parentTypeId`` → sport of a type that is not in the table: newer types belong to a group, too.
_SPORT_OF_GROUP = {
    1: "Run",
    2: "Ride",
    3: "Hike",
    9: "Walk",
    26: "Swim",
    29: "Workout",
    228: "WaterSport",
}
#: Types that do not say what was done.
_NAMELESS = frozenset({"", "generic", "multi_sport", "other", "uncategorized"})
#: The marks of a version: winter sports end with ``_ws``, types that were made again with ``_v2``.
_VERSIONS = ("_v2", "_ws")
#: Types that are indoors, or on a treadmill or trainer, although the sport is not.
_INDOORS = frozenset(
    {"treadmill_running", "indoor_running", "indoor_cycling", "virtual_ride", "indoor_hand_cycling"}
)
#: Where a word begins inside a type, such as ``swimToBikeTransition``.
_INNER_CAPITAL = re.compile(r"(?<=[a-z])(?=[A-Z])")


def sport_of_type(raw: str | None, group: int | None = None) -> str:
    """Return the sport of one of Garmin's types of activity.

    Args:
        raw: The type, such as ``trail_running``, in any case.
        group: The number of its group (``parentTypeId``), which decides about unknown types.

    Returns:
        The sport, or ``Other`` if neither the type nor its group is known.
    """
    name = _without_version(raw or "")
    if name in SPORT_OF_TYPE:
        return SPORT_OF_TYPE[name]
    sport = canonical_sport(name)
    if sport == "Other" and group is not None:
        return _SPORT_OF_GROUP.get(group, sport)
    return sport


def sport_provenance(raw: str | None, sport: str) -> dict[str, Provenance]:
    """Return the provenance of a sport: that of a type which names one that the model does not
    have, or nothing.

    Args:
        raw: The type, such as ``underwater_hockey``.
        sport: The sport of the type, from ``sport_of_type``.
    """
    if sport != "Other" or _without_version(raw or "") in _NAMELESS:
        return {}
    return {"sport": UNLISTED_SPORT}


def is_indoors(raw: str | None) -> bool | None:
    """Return ``True`` for a type that is on a treadmill or trainer, and ``None`` for any other."""
    return True if _without_version(raw or "") in _INDOORS else None


def readable_title(title: str | None, raw: str | None) -> str | None:
    """Return a title that does not end in Garmin's internal name for the type.

    A leg of a multisport event can be titled with its type, such as "Oslo Triathlon -
    swimToBikeTransition_v2". Any other title is returned unchanged.

    Args:
        title: The title of a workout or a leg.
        raw: Its type.
    """
    if not title or not raw or not title.endswith(raw):
        return title
    before = title.removesuffix(raw)
    words = _words(raw)
    if not before.strip():
        return words.capitalize()
    # A longer word that happens to end like the type is a word of the athlete.
    if before[-1].isalnum() or before[-1] == "_":
        return title
    return before + words


def _words(raw: str) -> str:
    """Return a type in words: ``swim to bike transition``."""
    name = raw
    for version in _VERSIONS:
        name = name.removesuffix(version)
    return _INNER_CAPITAL.sub(" ", name).replace("_", " ").lower()


def _without_version(raw: str) -> str:
    name = raw.strip().casefold()
    for version in _VERSIONS:
        name = name.removesuffix(version)
    return name
