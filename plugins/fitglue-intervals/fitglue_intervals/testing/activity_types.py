"""The types of activities at Intervals.icu, as its OpenAPI document of July 2026 lists them."""

from __future__ import annotations

#: The values of ``type``, in alphabetical order.
_NAMES = """
    AlpineSki BackcountrySki Badminton Canoeing Crossfit Cyclocross EBikeRide EMountainBikeRide
    Elliptical Golf GravelRide Handcycle HighIntensityIntervalTraining Hike Hockey IceSkate
    InlineSkate Kayaking Kitesurf MountainBikeRide NordicSki OpenWaterSwim Other Padel Pickleball
    Pilates Racquetball Ride RockClimbing RollerSki Rowing Rugby Run Sail Skateboard Snowboard
    Snowshoe Soccer Squash StairStepper StandUpPaddling Surfing Swim TableTennis Tennis TrackRide
    TrailRun Transition Velomobile VirtualRide VirtualRow VirtualRun VirtualSki Walk WaterSport
    WeightTraining Wheelchair Windsurf Workout Yoga
"""
TYPES = frozenset(_NAMES.split())
