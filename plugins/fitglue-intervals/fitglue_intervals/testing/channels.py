"""The samples of each stream of a recording, computed from its shape.

The coefficients are ours: they make values of a plausible size that vary smoothly. The formulas say
which habits of the real service matter to a client.
"""

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
    """Return revolutions per minute, or steps of one leg per minute; 0 while coasting."""
    base = samples.shape.cadence
    uniform = samples.uniform("cadence")
    powers = [1] * len(samples.time)
    if samples.shape.sport.coasting:
        powers = samples.watts
    values = []
    turn = float(base)
    for level, power in zip(samples.levels, powers, strict=True):
        turn += (base * (0.95 + level * 0.05) - turn) * 0.1 + (uniform() - 0.5) * 2.2
        values.append(round(turn) if power else 0)
    return values


def _heartrate(samples: Samples) -> list[int | None]:
    """Return beats per minute, which follow the effort slowly, with the average of the row."""
    shape = samples.shape
    uniform = samples.uniform("heartrate")
    beats = []
    beat = shape.hr * 0.7
    for level in samples.levels:
        beat += (shape.hr * (0.86 + level * 0.14) - beat) * 0.015 + (uniform() - 0.5) * 0.7
        beats.append(beat)
    shift = shape.hr - sum(beats) / len(beats)
    values: list[int | None] = [min(round(value + shift), shape.hr_max) for value in beats]
    # The maximum of the row must be among the samples, or the two would contradict each other.
    values[len(values) * 2 // 3] = shape.hr_max
    if shape.leg.seed % 5 == 3:  # the chest strap lost contact for a while: gaps are null, not 0
        values[200:230] = [None] * len(values[200:230])
    return values


def _distance(samples: Samples) -> list[float]:
    return list(samples.distance)


def _altitude(samples: Samples) -> list[float]:
    return list(samples.altitude)


def _fixed_altitude(samples: Samples) -> list[float]:
    """Return the altitude that the service corrected; it was seen in addition to ``altitude``."""
    return [float(round(value)) for value in samples.altitude]


def _velocity(samples: Samples) -> list[float]:
    """Return meters per second, whose average is distance by recorded time."""
    shape = samples.shape
    factor = shape.distance_m * len(samples.speeds) / (shape.recording_s * sum(samples.speeds))
    return [round(speed * factor, 2) for speed in samples.speeds]


def _temperature(samples: Samples) -> list[int]:
    """Return degrees Celsius: a device from indoors cools down to the air outside."""
    count = len(samples.time)
    uniform = samples.uniform("temp")
    first = 24 + int(uniform() * 4)
    last = 14 + int(uniform() * 9)
    return [round(last + (first - last) * math.exp(-index / (count / 4))) for index in range(count)]


def _torque(samples: Samples) -> list[int]:
    """Return newton meters at 85 rpm: power (W) = torque × cadence (rpm) / 9.55."""
    return [round(power * 9.55 / 85) for power in samples.watts]


def _contact(samples: Samples) -> list[float | None]:
    """Return the ground contact time in milliseconds: a custom stream with nulls at its start.

    Athletes were seen to define such streams themselves. The watch repeats a value for some
    samples.
    """
    uniform = samples.uniform("contact")
    values: list[float | None] = [None] * 8
    held = 268.0
    for _ in samples.time[8:]:
        if uniform() < 0.3:
            held = round(268 + (uniform() - 0.5) * 18)
        values.append(float(held))
    return values


def _hrv(samples: Samples) -> list[list[int] | None]:
    """Return the milliseconds between beats: a list per sample, the only stream with lists."""
    uniform = samples.uniform("hrv")
    beats: list[list[int] | None] = []
    for value in _heartrate(samples):
        if not value:
            beats.append(None)
            continue
        length = 60_000 / value
        count = 2 if length < 480 else 1
        beats.append([round(length + (uniform() - 0.5) * 30) for _ in range(count)])
    return beats


#: Type of a stream → the function that computes its samples. ``latlng`` is not among them: it has
#: two lists, see ``Samples.track``.
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
