"""The mapping from the sports of FIT to ours, by sport and sub-sport.

The names on the left are those of the types ``sport`` and ``sub_sport`` of the FIT profile. A sport
in none of these tables has the same name in the model, or becomes ``Other``.
"""

from __future__ import annotations

from fitglue_registry.model import canonical_sport

#: Sport and sub-sport together → our sport.
_PAIRS = {
    ("running", "trail"): "TrailRun",
    ("running", "virtual_activity"): "VirtualRun",
    ("cycling", "virtual_activity"): "VirtualRide",
    ("cycling", "indoor_cycling"): "VirtualRide",
    ("cycling", "spin"): "VirtualRide",
    ("cycling", "mountain"): "MountainBikeRide",
    ("cycling", "downhill"): "MountainBikeRide",
    ("cycling", "bmx"): "Ride",
    ("cycling", "gravel_cycling"): "GravelRide",
    ("cycling", "mixed_surface"): "GravelRide",
    ("cycling", "cyclocross"): "Cyclocross",
    ("cycling", "track_cycling"): "TrackRide",
    ("cycling", "hand_cycling"): "Handcycle",
    ("cycling", "indoor_hand_cycling"): "Handcycle",
    ("cycling", "recumbent"): "Ride",
    ("cycling", "e_bike_fitness"): "EBikeRide",
    ("cycling", "e_bike_mountain"): "EMountainBikeRide",
    ("e_biking", "e_bike_mountain"): "EMountainBikeRide",
    ("swimming", "open_water"): "OpenWaterSwim",
    ("fitness_equipment", "elliptical"): "Elliptical",
    ("fitness_equipment", "stair_climbing"): "StairStepper",
    ("fitness_equipment", "indoor_rowing"): "Rowing",
    ("fitness_equipment", "indoor_cycling"): "VirtualRide",
    ("fitness_equipment", "treadmill"): "Run",
    ("rowing", "indoor_rowing"): "VirtualRow",
    ("cross_country_skiing", "indoor_skiing"): "VirtualSki",
    ("alpine_skiing", "backcountry"): "BackcountrySki",
    ("rock_climbing", "bouldering"): "RockClimbing",
}
#: Sub-sport → our sport, for sub-sports that are specific enough to ignore the sport.
_SUB_SPORTS = {
    "strength_training": "WeightTraining",
    "yoga": "Yoga",
    "pilates": "Pilates",
    "hiit": "HighIntensityIntervalTraining",
    "amrap": "HighIntensityIntervalTraining",
    "emom": "HighIntensityIntervalTraining",
    "tabata": "HighIntensityIntervalTraining",
    "cardio_training": "Workout",
    "flexibility_training": "Workout",
    "pickleball": "Pickleball",
    "padel": "Padel",
    "squash": "Squash",
    "badminton": "Badminton",
    "racquetball": "Racquetball",
    "table_tennis": "TableTennis",
    "indoor_climbing": "RockClimbing",
}
#: Sport → our sport, if the sub-sport does not decide it.
_SPORTS = {
    "fitness_equipment": "Workout",
    "training": "Workout",
    "e_biking": "EBikeRide",
    "cross_country_skiing": "NordicSki",
    "alpine_skiing": "AlpineSki",
    "snowboarding": "Snowboard",
    "snowshoeing": "Snowshoe",
    "mountaineering": "Hike",
    "paddling": "Canoeing",
    "rafting": "Canoeing",
    "stand_up_paddleboarding": "StandUpPaddling",
    "inline_skating": "InlineSkate",
    "ice_skating": "IceSkate",
    "rock_climbing": "RockClimbing",
    "sailing": "Sail",
    "windsurfing": "Windsurf",
    "kitesurfing": "Kitesurf",
    "surfing": "Surfing",
    "water_skiing": "WaterSport",
    "wakeboarding": "WaterSport",
    "wakesurfing": "WaterSport",
    "boxing": "Workout",
    "jump_rope": "Workout",
    "floor_climbing": "StairStepper",
    "wheelchair_push_walk": "Wheelchair",
    "wheelchair_push_run": "Wheelchair",
    "racket": "Tennis",
    # Newer than fitdecode's profile, which gives their numbers: water_sport and canoeing.
    "sport_78": "WaterSport",
    "sport_88": "Canoeing",
}
#: Sub-sports that mean that the workout was indoors.
INDOOR = frozenset(
    {
        "treadmill",
        "indoor_running",
        "indoor_cycling",
        "spin",
        "indoor_rowing",
        "indoor_walking",
        "virtual_activity",
        "indoor_skiing",
        "indoor_hand_cycling",
        "indoor_wheelchair_walk",
        "indoor_wheelchair_run",
    }
)


def sport_of(sport: str | None, sub_sport: str | None) -> str:
    """Return our sport for a sport and sub-sport of the FIT profile."""
    if sport is None:
        return "Other"
    # From the most specific to the most general.
    return (
        _PAIRS.get((sport, sub_sport or ""))
        or _SUB_SPORTS.get(sub_sport or "")
        or _SPORTS.get(sport)
        or canonical_sport(sport)
    )
