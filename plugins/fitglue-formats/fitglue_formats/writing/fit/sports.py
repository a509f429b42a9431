"""The mapping from our sports to those of FIT; ``fitglue_formats.fit.sports`` is the opposite."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from fitglue_formats.fit.sports import INDOOR, sport_of
from fitglue_formats.writing.fit.sdk import numbers_of

if TYPE_CHECKING:
    from fitglue_registry.model import SourceActivity

_GENERIC = "generic"


class FitSport(NamedTuple):
    """A sport and a sub-sport by their names in the profile."""

    sport: str
    sub_sport: str = _GENERIC


_SPORTS = {
    "Ride": FitSport("cycling"),
    "VirtualRide": FitSport("cycling", "virtual_activity"),
    "GravelRide": FitSport("cycling", "gravel_cycling"),
    "MountainBikeRide": FitSport("cycling", "mountain"),
    "EBikeRide": FitSport("e_biking"),
    "EMountainBikeRide": FitSport("e_biking", "e_bike_mountain"),
    "TrackRide": FitSport("cycling", "track_cycling"),
    "Cyclocross": FitSport("cycling", "cyclocross"),
    "Velomobile": FitSport("cycling", "recumbent"),
    "Handcycle": FitSport("cycling", "hand_cycling"),
    "Run": FitSport("running"),
    "VirtualRun": FitSport("running", "virtual_activity"),
    "TrailRun": FitSport("running", "trail"),
    "Walk": FitSport("walking"),
    "Hike": FitSport("hiking"),
    "Snowshoe": FitSport("snowshoeing"),
    "Swim": FitSport("swimming"),
    "OpenWaterSwim": FitSport("swimming", "open_water"),
    "Rowing": FitSport("rowing"),
    "VirtualRow": FitSport("rowing", "indoor_rowing"),
    "Canoeing": FitSport("paddling"),
    "Kayaking": FitSport("kayaking"),
    "StandUpPaddling": FitSport("stand_up_paddleboarding"),
    "AlpineSki": FitSport("alpine_skiing"),
    "BackcountrySki": FitSport("alpine_skiing", "backcountry"),
    "NordicSki": FitSport("cross_country_skiing"),
    "VirtualSki": FitSport("cross_country_skiing", "indoor_skiing"),
    "RollerSki": FitSport("cross_country_skiing"),
    "Snowboard": FitSport("snowboarding"),
    "IceSkate": FitSport("ice_skating"),
    "InlineSkate": FitSport("inline_skating"),
    "WeightTraining": FitSport("training", "strength_training"),
    "Workout": FitSport("training", "cardio_training"),
    "Crossfit": FitSport("training", "cardio_training"),
    "HighIntensityIntervalTraining": FitSport("hiit", "hiit"),
    "Yoga": FitSport("training", "yoga"),
    "Pilates": FitSport("training", "pilates"),
    "Elliptical": FitSport("fitness_equipment", "elliptical"),
    "StairStepper": FitSport("fitness_equipment", "stair_climbing"),
    "Badminton": FitSport("racket", "badminton"),
    "Padel": FitSport("racket", "padel"),
    "Pickleball": FitSport("racket", "pickleball"),
    "Racquetball": FitSport("racket", "racquetball"),
    "Squash": FitSport("racket", "squash"),
    "TableTennis": FitSport("racket", "table_tennis"),
    "Tennis": FitSport("tennis"),
    "Hockey": FitSport("hockey"),
    "Rugby": FitSport("rugby"),
    "Soccer": FitSport("soccer"),
    "Kitesurf": FitSport("kitesurfing"),
    "Sail": FitSport("sailing"),
    "Surfing": FitSport("surfing"),
    "WaterSport": FitSport("water_sport"),
    "Windsurf": FitSport("windsurfing"),
    "RockClimbing": FitSport("rock_climbing"),
    "Golf": FitSport("golf"),
    "Wheelchair": FitSport("wheelchair_push_walk"),
    "Transition": FitSport("transition"),
    "Other": FitSport(_GENERIC),
}
#: Sport → the same sport indoors, which FIT states by the sub-sport.
_INDOORS = {
    "Ride": FitSport("cycling", "indoor_cycling"),
    "Handcycle": FitSport("cycling", "indoor_hand_cycling"),
    "Run": FitSport("running", "treadmill"),
    "Walk": FitSport("walking", "indoor_walking"),
    "Rowing": FitSport("fitness_equipment", "indoor_rowing"),
    "RockClimbing": FitSport("rock_climbing", "indoor_climbing"),
}


def fit_sport(activity: SourceActivity) -> FitSport:
    """Return the sport and sub-sport of an activity.

    What a FIT file stated before is written again. Otherwise the canonical sport decides, with its
    variant for indoors or for a pool.
    """
    sport = activity.sport or "Other"
    stated = _stated(activity, sport)
    if stated is not None:
        return stated
    if activity.trainer and sport in _INDOORS:
        return _INDOORS[sport]
    if sport == "Swim" and activity.pool_length_m:
        return FitSport("swimming", "lap_swimming")
    return _SPORTS.get(sport, _SPORTS["Other"])


def _stated(
    activity: SourceActivity,
    sport: str,
) -> FitSport | None:
    """Return the sport as the source names it, if these are names of FIT that mean the same."""
    raw = activity.sport_raw
    sub_sport = activity.sub_type or _GENERIC
    if raw is None or raw not in numbers_of("sport") or sub_sport not in numbers_of("sub_sport"):
        return None
    if sport_of(raw, sub_sport) != sport:
        return None
    if bool(activity.trainer) != (sub_sport in INDOOR) and sport in _INDOORS:
        return None
    return FitSport(raw, sub_sport)
