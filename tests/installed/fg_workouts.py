"""Activities as hypothesis makes them, and what has to be the same after a file was read back."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import numpy as np
from hypothesis import strategies as st

from fitglue_registry.model import (
    STREAM_UNITS,
    Column,
    Device,
    Gear,
    Lap,
    Link,
    Location,
    RaceSegment,
    SourceActivity,
    Stream,
    StrengthSet,
    TimeMarker,
    TrainingLoad,
    WorkoutDefinition,
)

START = datetime(2026, 5, 1, 6, 30, tzinfo=UTC)
#: Figure → the range of its values, and the steps in which FIT states it. An average of 0 beside
#: samples that are not 0 is read as none, so there are no such averages.
FIGURES = {
    "elevation_gain_m": (0, 9000, 1),
    "elevation_loss_m": (0, 9000, 1),
    "calories_kcal": (0, 9000, 1),
    "average_heartrate_bpm": (30, 200, 1),
    "max_heartrate_bpm": (200, 240, 1),
    "min_heartrate_bpm": (20, 30, 1),
    "average_watts": (1, 400, 1),
    "weighted_average_watts": (0, 500, 1),
    "max_watts": (400, 2500, 1),
    "work_j": (0, 9_000_000, 1),
    "average_temperature_c": (-20, 40, 1),
    "max_temperature_c": (40, 60, 1),
    "min_temperature_c": (-60, -20, 1),
    "average_altitude_m": (100, 400, 1 / 5),
    "max_altitude_m": (400, 8000, 1 / 5),
    "min_altitude_m": (-400, 100, 1 / 5),
    "average_cadence_rpm": (1, 120, 1 / 128),
    "max_cadence_rpm": (120, 200, 1 / 128),
    "average_ground_contact_ms": (100, 400, 1 / 10),
    "average_vertical_oscillation_mm": (10, 200, 1 / 10),
    "average_vertical_ratio_pct": (1, 20, 1 / 100),
    "rpe": (1, 10, 1 / 10),
    "feel": (1, 5, 1),
    "intensity_pct": (10, 150, 1 / 10),
}
#: Stream → the range of its values, and the steps in which FIT states it; 0 is exact.
CHANNELS = {
    "heartrate": (30, 220, 1),
    "watts": (0, 2000, 1),
    "cadence": (0, 120, 1 / 128),
    "altitude": (-400, 8000, 1 / 5),
    "velocity": (0, 30, 1 / 1000),
    "temperature": (-50, 60, 1),
    "grade": (-45, 45, 1 / 100),
    "vertical_oscillation": (10, 200, 1 / 10),
    "ground_contact_time": (100, 400, 1 / 10),
    "vertical_ratio": (1, 20, 1 / 100),
    "stride_length": (0.1, 2, 1 / 10_000),
    "respiration": (5, 60, 1 / 100),
    "smo2": (0, 100, 1 / 10),
    "thb": (5, 20, 1 / 100),
    "core_temperature": (30, 42, 1 / 100),
    "left_right_balance": (0, 100, 1),
    "torque": (-10, 90, 0),
    "skin_temperature": (20, 40, 0),
    "dfa_a1": (0.2, 1.8, 0),
}


def stream(name: str, values: list, **about) -> Stream:
    """Return a stream of a channel."""
    return Stream(name, Column.of(values), STREAM_UNITS.get(name), **about)


def latlng(latitudes: list, longitudes: list) -> Stream:
    """Return the stream of positions."""
    return Stream("latlng", Column.pairs(latitudes, longitudes), STREAM_UNITS["latlng"])


def ride(**fields) -> SourceActivity:
    """Return a ride of ten seconds with everything that an ordinary recording has."""
    seconds = list(range(11))
    defaults = {
        "sport": "Ride",
        "title": "Morning ride",
        "description": "Around the lake",
        "start_utc": START,
        "start_local": START.replace(tzinfo=None) + timedelta(hours=2),
        "utc_offset_s": 7200,
        "elapsed_s": 10.0,
        "moving_s": 10.0,
        "recording_s": 10.0,
        "distance_m": 30.0,
        "average_heartrate_bpm": 140.0,
        "average_watts": 190.0,
        "device": Device(name="Edge 530", serial="3900000001"),
        "streams": (
            stream("time", seconds),
            latlng([47 + second * 3e-5 for second in seconds], [11.0] * 11),
            stream("heartrate", [130 + second for second in seconds]),
            stream("watts", [0, None, *[200] * 9]),
            stream("altitude", [500 + second / 5 for second in seconds]),
            stream("distance", [3.0 * second for second in seconds]),
        ),
    }
    return SourceActivity(**defaults | fields)


def samples(activity: SourceActivity) -> dict[str, list]:
    """Return the samples of an activity by the type of their stream."""
    return {stream.type: list(stream.values) for stream in activity.streams}


@st.composite
def activities(draw) -> SourceActivity:
    """Return activities whose values FIT can hold, with gaps and with zeros."""
    times = _times(draw)
    figures = {}
    for name in draw(st.sets(st.sampled_from(sorted(FIGURES)))):
        lowest, highest, step = FIGURES[name]
        steps = draw(st.integers(math.ceil(lowest / step), math.floor(highest / step)))
        figures[name] = steps if name == "feel" else steps * step
    channels = [stream("time", times)]
    if len(times) > 1 and draw(st.booleans()):
        channels.append(stream("distance", [2.5 * second for second in times]))
        figures["distance_m"] = 2.5 * times[-1]
    for name in sorted(draw(st.sets(st.sampled_from(sorted(CHANNELS))))):
        channels.append(stream(name, _values(draw, name, len(times))))
    if draw(st.booleans()):
        latitudes = [46 + second * 2e-5 for second in times]
        channels.append(latlng(latitudes, [8.5] * len(times)))
    after_s = draw(st.integers(0, 3))
    return SourceActivity(
        sport="Ride",
        start_utc=START + timedelta(seconds=draw(st.integers(-(10**8), 10**9))),
        elapsed_s=float(times[-1] + after_s),
        moving_s=float(times[-1] + after_s),
        streams=tuple(channels),
        laps=_laps(draw, times[-1] + after_s),
        sets=_sets(draw),
        **figures,
    )


def _times(draw) -> list[int]:
    steps = draw(st.lists(st.sampled_from([1, 1, 1, 2, 30]), min_size=1, max_size=20))
    return [0, *np.cumsum(steps).tolist()]


def _values(draw, name: str, count: int) -> list:
    lowest, highest, step = CHANNELS[name]
    if not step:
        numbers = st.floats(lowest, highest, allow_nan=False)
    else:
        steps = st.integers(math.ceil(lowest / step), math.floor(highest / step))
        numbers = steps.map(lambda raw: raw * step)
    return draw(st.lists(st.none() | numbers, min_size=count, max_size=count))


def _laps(draw, lasts_s: int) -> tuple[Lap, ...]:
    at = draw(st.integers(1, lasts_s - 1)) if lasts_s > 1 and draw(st.booleans()) else None
    if at is None:
        return ()
    watts = draw(st.none() | st.integers(0, 900))
    return (
        Lap(start_s=0.0, elapsed_s=float(at), moving_s=float(at), average_watts=watts),
        Lap(start_s=float(at), elapsed_s=float(lasts_s - at), moving_s=0.0, intensity="rest"),
    )


def _sets(draw) -> tuple[StrengthSet, ...]:
    names = st.sampled_from(["Barbell Bench Press", "Squat", "My own exercise", "Ölwechsel"])
    performed = st.builds(
        StrengthSet,
        exercise=names,
        kind=st.just("normal"),
        reps=st.none() | st.integers(0, 100),
        weight_kg=st.none() | st.integers(0, 4000).map(lambda raw: raw / 16),
        elapsed_s=st.none() | st.integers(0, 600).map(float),
    )
    return tuple(draw(st.lists(performed, max_size=4)))


def everything() -> SourceActivity:
    """Return a run that has a value in every field that a person or a device can fill."""
    seconds = list(range(11))
    channels = {
        name: [lowest + (highest - lowest) / 4] * 11
        for name, (lowest, highest, _) in CHANNELS.items()
    }
    channels |= {
        "heartrate": [140] * 11,
        "watts": [250] * 11,
        "cadence": [85] * 11,
        "temperature": [20] * 11,
        "altitude": [500] * 11,
        "left_right_balance": [49] * 11,
        "distance": [3.2 * second for second in seconds],
        "moving": [1] * 11,
    }
    channels |= {"grade": [1.5] * 11, "velocity": [3.0] * 11}
    # None of them follows from the samples.
    figures = {name: _middle(*limits) for name, limits in FIGURES.items()}
    beats = Stream("hrv", Column.lists([(800.0,)] * 11), STREAM_UNITS["hrv"])
    positions = latlng([47 + second * 3e-5 for second in seconds], [11.0] * 11)
    shared = {name for name in figures if name in Lap.__struct_fields__}
    lap = Lap(
        start_s=0.0,
        start_utc=START,
        elapsed_s=10.0,
        moving_s=8.0,
        distance_m=32.0,
        average_speed_mps=3.2,
        max_speed_mps=3.5,
        intensity="work",
        average_grade_pct=1.5,
        **{name: figures[name] for name in shared},
    )
    length = Lap(kind="length", start_s=0.0, elapsed_s=10.0, moving_s=10.0, label="freestyle")
    return SourceActivity(
        title="Morning run",
        description="Around the lake",
        notes="Felt good",
        tags=("long",),
        sport="Run",
        sport_raw="running",
        sub_type="treadmill",
        trainer=True,
        commute=True,
        race=True,
        start_utc=START,
        start_local=START.replace(tzinfo=None) + timedelta(hours=2),
        timezone="Europe/Vienna",
        utc_offset_s=7200,
        elapsed_s=10.0,
        moving_s=8.0,
        recording_s=9.0,
        distance_m=32.0,
        pool_length_m=25.0,
        pool_lengths=1,
        power_kind="measured",
        cadence_per_leg=True,
        training_load=40.0,
        training_loads=(TrainingLoad(40.0, "power", chosen=True),),
        average_speed_mps=3.2,
        max_speed_mps=3.5,
        average_stride_m=1.25,
        gear=Gear("Shoes"),
        device=Device("Edge 530", serial="39"),
        location=Location("Here"),
        laps=(lap, length),
        sets=(StrengthSet("Squat", reps=3, weight_kg=20.0, elapsed_s=30.0, kind="normal"),),
        time_markers=(TimeMarker(3.0),),
        workout=WorkoutDefinition("Plan"),
        race_segments=(RaceSegment("Run", 10.0),),
        streams=(
            stream("time", seconds),
            positions,
            beats,
            *(stream(name, values) for name, values in channels.items()),
        ),
        links=(Link("self", "https://example.org/1"),),
        metrics={"aerobic_training_effect": 2.5},
        **figures,
    )


def _middle(lowest: float, highest: float, step: float) -> float:
    middle = round((lowest + highest) / 2 / step) * step
    return int(middle) if step == 1 else middle
