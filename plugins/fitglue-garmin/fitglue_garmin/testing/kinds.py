"""The types of activity that generated accounts have, with Garmin's numbers for them."""

from __future__ import annotations

from typing import NamedTuple


class Kind(NamedTuple):
    """A type of activity.

    Attributes:
        key: Garmin's word for it.
        number: Garmin's number for it.
        group: The number of its group.
        fit: The numbers of sport and sub-sport in the FIT profile.
        minutes: The usual length.
        speed_mps: The average speed; 0 for a sport without a distance.
        hr: The average heart rate.
        watts: The average power; 0 for none.
        cadence: Steps of both feet, revolutions or strokes per minute; 0 for none.
        has_position: Whether samples have a position.
    """

    key: str
    number: int
    group: int
    fit: tuple[int, int]
    minutes: int = 45
    speed_mps: float = 0.0
    hr: int = 130
    watts: int = 0
    cadence: int = 0
    has_position: bool = False


_ALL = (
    Kind("running", 1, 17, (1, 0), 42, 2.9, 148, 0, 168, has_position=True),
    Kind("trail_running", 6, 1, (1, 3), 75, 2.3, 145, 0, 160, has_position=True),
    Kind("treadmill_running", 18, 1, (1, 1), 35, 2.7, 142, 0, 166),
    Kind("road_biking", 10, 2, (2, 7), 95, 8.1, 136, 190, 86, has_position=True),
    Kind("cycling", 2, 17, (2, 0), 40, 6.0, 118, 0, 72, has_position=True),
    Kind("gravel_cycling", 143, 2, (2, 46), 90, 6.6, 134, 0, 78, has_position=True),
    Kind("virtual_ride", 152, 2, (2, 58), 55, 8.9, 136, 182, 91),
    Kind("indoor_cycling", 25, 2, (2, 6), 50, 8.8, 138, 182, 90),
    Kind("lap_swimming", 27, 26, (5, 17), 40, 0.8, 132, 0, 27),
    Kind("open_water_swimming", 28, 26, (5, 18), 38, 0.9, 139, 0, 29, has_position=True),
    Kind("hiking", 3, 17, (17, 0), 180, 1.2, 105, 0, 104, has_position=True),
    Kind("strength_training", 13, 29, (10, 20), 50, 0.0, 104),
    Kind("yoga", 163, 29, (10, 43), 60, 0.0, 0),
    Kind("multi_sport", 89, 17, (18, 0)),
    Kind("swimToBikeTransition_v2", 190, 4, (3, 34), 3, 1.5, 150),
    Kind("bikeToRunTransition_v2", 191, 4, (3, 32), 2, 1.6, 152),
)
KINDS = {kind.key: kind for kind in _ALL}
"""Garmin's word → the type of activity."""
