"""The streams of a recording: smooth walks around the shape's figures, with the gaps and zeros of a
real one.

A recording's streams depend on its shape alone, so equal shapes share one body; bodies are kept
compressed.
"""

from __future__ import annotations

import gzip
import itertools
import json
import math
from functools import cached_property, lru_cache
from random import Random
from typing import TYPE_CHECKING, Any

from fitglue_intervals.testing.shapes import Leg, Shape, shape_of
from fitglue_intervals.testing.values import Row, compact

if TYPE_CHECKING:
    from collections.abc import Callable

CUSTOM_STREAMS = {"GarminGCT": "Ground contact time"}


class Samples:
    """One recording sample by sample; a channel is computed when it is asked for, and is a list as
    long as ``time``.
    """

    def __init__(self, shape: Shape) -> None:
        self.shape = shape
        self.recorded = shape.recorded()
        self.time = shape.clock(self.recorded)

    def rng(self, channel: str) -> Random:
        """A source of chance of the channel's own, so that channels do not depend on who was asked
        first.
        """
        return Random(self.shape.leg.seed * 131 + sum(channel.encode()))

    @cached_property
    def levels(self) -> list[float]:
        """The wanted effort at each sample."""
        levels, efforts = [], iter(self.shape.efforts)
        effort = next(efforts)
        for second in self.recorded:
            while second >= effort.end_s:
                effort = next(efforts)
            levels.append(effort.level)
        return levels

    @cached_property
    def watts(self) -> list[int]:
        """Power, exactly 0 while coasting."""
        sport, chance = self.shape.sport, self.rng("watts").random
        watts, power, coast = [], 0.0, 0
        for level in self.levels:
            if coast:
                coast -= 1
                watts.append(0.0)
                continue
            if chance() < sport.coasting:
                coast = 2 + int(chance() * 9)
            power += (level - power) * 0.3 + (chance() - 0.5) * 0.12
            watts.append(max(power, 0.0))
        factor = self.shape.watts * len(watts) / sum(watts)
        return [round(value * factor) for value in watts]

    @cached_property
    def speeds(self) -> list[float]:
        """Relative speed at each sample, before it is fitted to the distance."""
        chance = self.rng("speed").random
        speeds, speed = [], 0.0
        for level in self.levels:
            speed += (0.8 + level * 0.2 - speed) * 0.12 + (chance() - 0.5) * 0.03
            speeds.append(max(speed, 0.0))
        return speeds

    @cached_property
    def distance(self) -> list[float]:
        """Metres so far; the last value is the shape's distance."""
        total, sums, before = 0.0, [], 0
        for second, speed in zip(self.recorded, self.speeds, strict=True):
            total += speed * (second - before)
            before = second
            sums.append(total)
        factor = self.shape.distance_m / total
        return [round(value * factor, 2) for value in sums]

    @cached_property
    def altitude(self) -> list[float]:
        """Metres above the sea in steps of 20 cm, climbing about as much as the shape says."""
        chance = self.rng("altitude").random
        heights, height, slope = [], 0.0, 0.0
        for speed in self.speeds:
            slope += (chance() - 0.5) * 0.12 - slope * 0.015
            height += slope * speed
            heights.append(height)
        climbed = sum(max(high - low, 0.0) for low, high in itertools.pairwise(heights))
        factor, base = (
            5 * self.shape.gain_m / climbed,
            5 * (180 - min(heights) * self.shape.gain_m / climbed),
        )
        return [round(value * factor + base) / 5 for value in heights]

    @cached_property
    def track(self) -> tuple[list[float | None], list[float | None]]:
        """Latitudes and longitudes: a wandering heading, no fix at first, a dropout now and
        then.
        """
        chance, place = self.rng("latlng").random, self.shape.place
        narrow = math.cos(math.radians(place.lat)) * 111_320
        lats: list[float | None] = []
        lngs: list[float | None] = []
        lat, lng, heading, before, lost = (
            place.lat,
            place.lng,
            chance() * 6.28,
            0.0,
            self.shape.late_fix_s,
        )
        for metres in self.distance:
            heading += (chance() - 0.49) * 0.12
            lat += math.cos(heading) * (metres - before) / 111_320
            lng += math.sin(heading) * (metres - before) / narrow
            before = metres
            lost = lost - 1 if lost else (3 + int(chance() * 30) if chance() < 0.0004 else 0)
            lats.append(None if lost else round(lat, 6))
            lngs.append(None if lost else round(lng, 6))
        return lats, lngs


def _cadence(samples: Samples) -> list[int]:
    base, chance, sport = samples.shape.cadence, samples.rng("cadence").random, samples.shape.sport
    powers = samples.watts if sport.coasting else [1] * len(samples.time)
    values, turn = [], float(base)
    for level, power in zip(samples.levels, powers, strict=True):
        turn += (base * (0.95 + level * 0.05) - turn) * 0.1 + (chance() - 0.5) * 2.2
        values.append(round(turn) if power else 0)
    return values


def _heartrate(samples: Samples) -> list[int | None]:
    shape, chance = samples.shape, samples.rng("heartrate").random
    beats, beat = [], shape.hr * 0.7
    for level in samples.levels:
        beat += (shape.hr * (0.86 + level * 0.14) - beat) * 0.015 + (chance() - 0.5) * 0.7
        beats.append(beat)
    shift = shape.hr - sum(beats) / len(beats)
    values: list[int | None] = [min(round(value + shift), shape.hr_max) for value in beats]
    values[len(values) * 2 // 3] = shape.hr_max
    if shape.leg.seed % 5 == 3:
        values[200:230] = [None] * len(values[200:230])
    return values


def _velocity(samples: Samples) -> list[float]:
    factor = (
        samples.shape.distance_m
        * len(samples.speeds)
        / (samples.shape.recording_s * sum(samples.speeds))
    )
    return [round(speed * factor, 2) for speed in samples.speeds]


def _temp(samples: Samples) -> list[int]:
    count, chance = len(samples.time), samples.rng("temp").random
    first, last = 24 + int(chance() * 4), 14 + int(chance() * 9)
    return [round(last + (first - last) * math.exp(-index / (count / 4))) for index in range(count)]


def _torque(samples: Samples) -> list[int]:
    return [round(power * 9.55 / 85) for power in samples.watts]


def _contact(samples: Samples) -> list[float | None]:
    chance = samples.rng("contact").random
    values: list[float | None] = [None] * 8
    held = 268.0
    for _ in samples.time[8:]:
        if chance() < 0.3:
            held = round(268 + (chance() - 0.5) * 18)
        values.append(float(held))
    return values


def _hrv(samples: Samples) -> list[list[int] | None]:
    chance = samples.rng("hrv").random
    beats: list[list[int] | None] = []
    for value in _heartrate(samples):
        length = 60_000 / value if value else 0.0
        beats.append(
            [round(length + (chance() - 0.5) * 30) for _ in range(1 + (length < 480))]
            if value
            else None
        )
    return beats


_CHANNELS: dict[str, Callable[[Samples], list[Any]]] = {
    "time": lambda samples: list(samples.time),
    "watts": lambda samples: list(samples.watts),
    "cadence": _cadence,
    "heartrate": _heartrate,
    "distance": lambda samples: list(samples.distance),
    "altitude": lambda samples: list(samples.altitude),
    "fixed_altitude": lambda samples: [float(round(value)) for value in samples.altitude],
    "velocity_smooth": _velocity,
    "temp": _temp,
    "torque": _torque,
    "GarminGCT": _contact,
    "hrv": _hrv,
}


def stream(
    kind: str,
    values: list[Any],
    second: list[Any] | None = None,
    anomalies: list[Row] | None = None,
) -> Row:
    """One entry of a streams answer, with the keys of the real one."""
    return {
        "type": kind,
        "name": CUSTOM_STREAMS.get(kind),
        "data": values,
        "data2": second,
        "valueTypeIsArray": kind == "hrv",
        "anomalies": anomalies,
        "custom": kind in CUSTOM_STREAMS,
        "allNull": all(value is None for value in values),
    }


def streams_of(leg: Leg) -> list[Row]:
    """All stored streams of a recording, as the answer lists them; the watts as they were before
    correction come last.
    """
    samples = Samples(shape_of(leg))
    answer = [
        stream(kind, *samples.track) if kind == "latlng" else stream(kind, _CHANNELS[kind](samples))
        for kind in samples.shape.stream_types
    ]
    if samples.shape.has_spike:
        at, watts = len(samples.time) // 3, list(samples.watts)
        watts[at : at + 2] = [1940, 2011]
        anomaly = {"start_index": at, "end_index": at + 2, "value": 1940, "valueEnd": 2011}
        next(entry for entry in answer if entry["type"] == "watts")["anomalies"] = [anomaly]
        answer.append(stream("raw_watts", watts))
    return answer


@lru_cache(maxsize=512)
def packed_streams(leg: Leg) -> bytes:
    """The streams as the gzip-compressed body of an answer."""
    return gzip.compress(compact(streams_of(leg)), 6, mtime=0)


def chosen(streams: list[Row], types: list[str]) -> list[Row]:
    """The streams of the types asked for, in the order in which they are stored."""
    return [entry for entry in streams if entry["type"] in types]


@lru_cache(maxsize=64)
def packed_chosen(leg: Leg, types: tuple[str, ...]) -> bytes:
    """The body for some types only, compressed."""
    streams = json.loads(gzip.decompress(packed_streams(leg)))
    return gzip.compress(compact(chosen(streams, list(types))), 6, mtime=0)


def as_csv(streams: list[Row]) -> bytes:
    """The ``.csv`` form: a BOM, ``lat`` and ``lng`` apart, a last row of bare commas; without
    samples a BOM and a newline.
    """
    columns: dict[str, list[Any]] = {}
    for entry in streams:
        if entry["type"] == "latlng":
            columns |= {"lat": entry["data"], "lng": entry["data2"]}
        elif not entry["valueTypeIsArray"]:
            columns[entry["type"]] = entry["data"]
    if not columns:
        return b"\xef\xbb\xbf\n"
    rows = zip(*columns.values(), strict=True)
    lines = [",".join("" if value is None else str(value) for value in row) for row in rows]
    return "\n".join([",".join(columns), *lines, "," * (len(columns) - 1), ""]).encode("utf-8-sig")
