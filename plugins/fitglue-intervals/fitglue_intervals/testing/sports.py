"""The sports of the athlete, each with its averages, devices and names.

Titles have emoji, Cyrillic letters, ``×`` and typographic quotes, which captured titles have, too.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

_OUTDOOR = (
    "distance",
    "altitude",
    "latlng",
    "velocity_smooth",
    "temp",
)
#: What a watch with a chest strap records.
_STRAPPED = ("time", "cadence", "heartrate")


@dataclass(frozen=True, slots=True)
class Origin:
    """The way in which a workout came to Intervals.icu: ``source``, name of the device, and kind of
    file.
    """

    source: str
    device: str
    file_type: str | None = "fit"


@dataclass(frozen=True, slots=True)
class Sport:
    """One kind of workout.

    Attributes:
        key: The name of the sport here.
        type: The API's ``type``.
        fit: Sport and sub-sport in the FIT profile.
        minutes: The shortest and the longest recording.
        hr: The average heart rate in bpm; 0 for none.
        channels: The types of the streams; empty for a workout that was typed in.
        origins: Where such workouts come from; an origin that occurs twice is twice as frequent.
        names: Titles.
        speed_ms: The average speed in m/s; 0 for a sport without a distance.
        watts: The average power; 0 for none.
        cadence: The average cadence, of one leg on foot, in strokes in the water.
        gain_per_km: Meters of climb per kilometer.
        coasting: The probability that coasting begins at a sample.
        smart: Whether the device records at irregular intervals.
        fields: Keys of the row that each workout of this sport has.
    """

    key: str
    type: str
    fit: tuple[str, str]
    minutes: tuple[int, int]
    hr: int
    channels: tuple[str, ...]
    origins: tuple[Origin, ...]
    names: tuple[str, ...]
    speed_ms: float = 0.0
    watts: int = 0
    cadence: int = 0
    gain_per_km: float = 0.0
    coasting: float = 0.0
    smart: bool = False
    fields: dict[str, Any] = field(default_factory=dict)

    @property
    def on_foot(self) -> bool:
        """Whether cadence counts one leg and pace is more usual than speed."""
        return self.type in {
            "Run",
            "TrailRun",
            "VirtualRun",
            "Hike",
            "Walk",
        }

    @property
    def gps(self) -> bool:
        """Whether the recording has a track."""
        return "latlng" in self.channels


_EDGE = Origin("GARMIN_CONNECT", "Garmin Edge 840")
_FENIX = Origin("GARMIN_CONNECT", "Garmin fenix 7")
_WAHOO = Origin("WAHOO", "Wahoo ELEMNT BOLT")
_ZWIFT = Origin("ZWIFT", "Zwift")
#: An app that connects to Intervals.icu on its own: ``source`` names none of the platforms.
_APP = Origin("OAUTH_CLIENT", "Hevy")
#: Seen: a GPX file that was exported from Strava and uploaded by hand names Strava as its device.
_GPX = Origin("UPLOAD", "StravaGPX", "gpx")

_ALL = (
    Sport(
        "ride",
        "Ride",
        ("cycling", "road"),
        (60, 150),
        138,
        (*_STRAPPED, "watts", *_OUTDOOR, "torque"),
        (_EDGE, _EDGE, _WAHOO),
        (
            "Morning Ride",
            "4×8’ threshold 🔥",
            "Вечерняя поездка",
            "Wienerwald-Runde",
            "Café ride ☕ with the club",
        ),
        speed_ms=8.2,
        watts=196,
        cadence=86,
        gain_per_km=9.0,
        coasting=0.012,
    ),
    Sport(
        "commute",
        "Ride",
        ("cycling", "commuting"),
        (30, 45),
        118,
        (*_STRAPPED, *_OUTDOOR),
        (_FENIX,),
        ("Commute", "To work"),
        speed_ms=5.9,
        cadence=72,
        gain_per_km=4.0,
        fields={"commute": True, "sub_type": "COMMUTE"},
    ),
    Sport(
        "gravel",
        "GravelRide",
        ("cycling", "gravel_cycling"),
        (70, 140),
        134,
        (*_STRAPPED, *_OUTDOOR),
        (_GPX,),
        ("Gravel × mud", "Marchfeld gravel"),
        speed_ms=6.6,
        cadence=78,
        gain_per_km=11.0,
        smart=True,
    ),
    Sport(
        "virtual",
        "VirtualRide",
        ("cycling", "virtual_activity"),
        (35, 75),
        136,
        (
            *_STRAPPED,
            "watts",
            "distance",
            "velocity_smooth",
            "temp",
            "torque",
        ),
        (_ZWIFT, _EDGE),
        (
            "Zwift - Tempo w/ 1min Cadence",
            "CYCLING:Sweet Spot 3×12",
            "Zwift - Race: Stage 4 🏁",
        ),
        speed_ms=8.9,
        watts=182,
        cadence=91,
        fields={"trainer": True},
    ),
    Sport(
        "run",
        "Run",
        ("running", "generic"),
        (30, 95),
        147,
        (
            *_STRAPPED,
            "watts",
            *_OUTDOOR,
            "fixed_altitude",
            "GarminGCT",
        ),
        (_FENIX,),
        (
            "Easy Run",
            "Birthday Run 🎉",
            "Бег по набережной",
            "6×800 m – Prater’s loop",
        ),
        speed_ms=2.9,
        watts=262,
        cadence=84,
        gain_per_km=7.0,
    ),
    Sport(
        "treadmill",
        "VirtualRun",
        ("running", "treadmill"),
        (30, 60),
        142,
        (
            *_STRAPPED,
            "watts",
            "distance",
            "velocity_smooth",
            "temp",
            "GarminGCT",
        ),
        (_FENIX,),
        ("Treadmill Running",),
        speed_ms=2.7,
        watts=240,
        cadence=83,
        fields={"trainer": True},
    ),
    Sport(
        "trail",
        "TrailRun",
        ("running", "trail"),
        (50, 140),
        144,
        (*_STRAPPED, *_OUTDOOR),
        (_FENIX, Origin("COROS", "COROS APEX 2")),
        ("Trail Run", "Kahlenberg ⛰️ up & down"),
        speed_ms=2.2,
        cadence=78,
        gain_per_km=38.0,
    ),
    Sport(
        "swim",
        "Swim",
        ("swimming", "lap_swimming"),
        (30, 60),
        131,
        (*_STRAPPED, "distance", "velocity_smooth"),
        (_FENIX,),
        ("Pool Swim", "Schwimmen 10×100"),
        speed_ms=0.82,
        cadence=27,
        fields={"pool_length": 25.0},
    ),
    Sport(
        "strength",
        "WeightTraining",
        ("training", "strength_training"),
        (30, 60),
        104,
        ("time", "heartrate", "temp"),
        (_FENIX, _APP),
        ("Strength B — Single-leg + Power", "Зарядка День Б"),
    ),
    Sport(
        "hike",
        "Hike",
        ("hiking", "generic"),
        (70, 150),
        108,
        (*_STRAPPED, *_OUTDOOR),
        (_FENIX, Origin("SUUNTO", "Suunto Race S")),
        ("Hike", "Rax plateau 🥾"),
        speed_ms=1.2,
        cadence=52,
        gain_per_km=70.0,
        smart=True,
    ),
    Sport(
        "manual",
        "Yoga",
        ("training", "yoga"),
        (30, 60),
        0,
        (),
        (Origin("MANUAL", "", None),),
        ("Yoga", "Stretching 🧘"),
    ),
    Sport(
        "tri_swim",
        "OpenWaterSwim",
        ("swimming", "open_water"),
        (30, 35),
        146,
        (*_STRAPPED, "distance", "latlng", "velocity_smooth"),
        (_FENIX,),
        ("Swim",),
        speed_ms=0.79,
        cadence=27,
        fields={"race": True, "sub_type": "RACE"},
    ),
    Sport(
        "tri_t1",
        "Transition",
        ("transition", "generic"),
        (3, 4),
        139,
        ("time", "heartrate"),
        (_FENIX,),
        ("Transition",),
    ),
    Sport(
        "tri_ride",
        "Ride",
        ("cycling", "road"),
        (66, 75),
        152,
        (*_STRAPPED, "watts", *_OUTDOOR),
        (_FENIX,),
        ("Bike",),
        speed_ms=9.1,
        watts=214,
        cadence=87,
        gain_per_km=6.0,
        coasting=0.006,
        fields={"race": True, "sub_type": "RACE"},
    ),
    Sport(
        "tri_run",
        "Run",
        ("running", "generic"),
        (45, 52),
        161,
        (*_STRAPPED, *_OUTDOOR),
        (_FENIX,),
        ("Run",),
        speed_ms=3.4,
        cadence=87,
        gain_per_km=3.0,
        fields={"race": True, "sub_type": "RACE"},
    ),
)

SPORTS = {sport.key: sport for sport in _ALL}
TRIATHLON = (
    "tri_swim",
    "tri_t1",
    "tri_ride",
    "tri_t1",
    "tri_run",
)
#: Twenty workouts with the frequencies of a usual athlete; they are shuffled each time.
WORKOUT_MIX = (
    *("ride",) * 4,
    "commute",
    "gravel",
    *("virtual",) * 3,
    *("run",) * 4,
    "treadmill",
    "trail",
    "swim",
    *("strength",) * 2,
    "hike",
    "manual",
)
