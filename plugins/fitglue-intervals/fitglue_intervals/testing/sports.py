"""The kinds of workout that the athlete does, each with its figures, devices and names."""

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
_STRAPPED = ("time", "cadence", "heartrate")


@dataclass(frozen=True, slots=True)
class Origin:
    """Which way a workout came to Intervals.icu: ``source``, the device's name, the kind of
    file.
    """

    source: str
    device: str
    file_type: str | None = "fit"


@dataclass(frozen=True, slots=True)
class Sport:
    """One kind of workout; ``watts`` 0 means no power, ``speed_ms`` 0 no distance, no ``channels``
    no recording at all.
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
        """Whether cadence is counted per leg and pace is what matters."""
        return self.type in {
            "Run",
            "TrailRun",
            "VirtualRun",
            "Hike",
            "Walk",
        }

    @property
    def gps(self) -> bool:
        """Whether a track is recorded."""
        return "latlng" in self.channels


_EDGE = Origin("GARMIN_CONNECT", "Garmin Edge 840")
_FENIX = Origin("GARMIN_CONNECT", "Garmin fenix 7")
_WAHOO = Origin("WAHOO", "Wahoo ELEMNT BOLT")
_ZWIFT = Origin("ZWIFT", "Zwift")
_APP = Origin("OAUTH_CLIENT", "Hevy")
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
#: Twenty workouts as they come around, whatever their order.
WEEKS = (
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
