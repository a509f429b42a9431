"""The values of each stream of a recording."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from fitglue_intervals.testing.samples import Samples


def _time(samples: Samples) -> list[int]:
    return list(samples.time)


def _watts(samples: Samples) -> list[int]:
    return list(samples.watts)


def _cadence(samples: Samples) -> list[int]:
    base = samples.shape.cadence
    chance = samples.chance("cadence")
    powers = [1] * len(samples.time)
    if samples.shape.sport.coasting:
        powers = samples.watts
    values = []
    turn = float(base)
    for level, power in zip(samples.levels, powers, strict=True):
        turn += (base * (0.95 + level * 0.05) - turn) * 0.1 + (chance() - 0.5) * 2.2
        values.append(round(turn) if power else 0)
    return values


def _heartrate(samples: Samples) -> list[int | None]:
    shape = samples.shape
    chance = samples.chance("heartrate")
    beats = []
    beat = shape.hr * 0.7
    for level in samples.levels:
        beat += (shape.hr * (0.86 + level * 0.14) - beat) * 0.015 + (chance() - 0.5) * 0.7
        beats.append(beat)
    shift = shape.hr - sum(beats) / len(beats)
    values: list[int | None] = [min(round(value + shift), shape.hr_max) for value in beats]
    values[len(values) * 2 // 3] = shape.hr_max
    if shape.leg.seed % 5 == 3:  # the strap lost contact for a while
        values[200:230] = [None] * len(values[200:230])
    return values


def _distance(samples: Samples) -> list[float]:
    return list(samples.distance)


def _altitude(samples: Samples) -> list[float]:
    return list(samples.altitude)


def _fixed_altitude(samples: Samples) -> list[float]:
    return [float(round(value)) for value in samples.altitude]


def _velocity(samples: Samples) -> list[float]:
    shape = samples.shape
    whole = shape.recording_s * sum(samples.speeds)
    factor = shape.distance_m * len(samples.speeds) / whole
    return [round(speed * factor, 2) for speed in samples.speeds]


def _temperature(samples: Samples) -> list[int]:
    count = len(samples.time)
    chance = samples.chance("temp")
    first = 24 + int(chance() * 4)
    last = 14 + int(chance() * 9)
    return [round(last + (first - last) * math.exp(-index / (count / 4))) for index in range(count)]


def _torque(samples: Samples) -> list[int]:
    return [round(power * 9.55 / 85) for power in samples.watts]


def _contact(samples: Samples) -> list[float | None]:
    """Ground contact time, which a watch holds for some samples."""
    chance = samples.chance("contact")
    values: list[float | None] = [None] * 8
    held = 268.0
    for _ in samples.time[8:]:
        if chance() < 0.3:
            held = round(268 + (chance() - 0.5) * 18)
        values.append(float(held))
    return values


def _hrv(samples: Samples) -> list[list[int] | None]:
    """The times between beats, one or two in a sample."""
    chance = samples.chance("hrv")
    beats: list[list[int] | None] = []
    for value in _heartrate(samples):
        if not value:
            beats.append(None)
            continue
        length = 60_000 / value
        count = 2 if length < 480 else 1
        beats.append([round(length + (chance() - 0.5) * 30) for _ in range(count)])
    return beats


#: Type of a stream → its values; ``latlng`` has two lists, see ``Samples.track``.
CHANNELS: dict[str, Callable[[Samples], list[Any]]] = {
    "time": _time,
    "watts": _watts,
    "cadence": _cadence,
    "heartrate": _heartrate,
    "distance": _distance,
    "altitude": _altitude,
    "fixed_altitude": _fixed_altitude,
    "velocity_smooth": _velocity,
    "temp": _temperature,
    "torque": _torque,
    "GarminGCT": _contact,
    "hrv": _hrv,
}
