"""The shape of one recording: its length, distance, effort and stops.

Row, streams and file of a workout are all computed from its shape, so that they agree.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from functools import lru_cache
from random import Random
from typing import NamedTuple

from fitglue_intervals.testing.places import PLACES, Place
from fitglue_intervals.testing.sports import SPORTS, Sport


class Effort(NamedTuple):
    """A range of recorded seconds with even effort.

    ``level`` is relative to the average of the workout. ``work`` marks the hard part of a repeat.
    """

    start_s: int
    end_s: int
    level: float
    work: bool

    @property
    def duration_s(self) -> int:
        """The length of the range, in seconds."""
        return self.end_s - self.start_s


class Leg(NamedTuple):
    """The parameters of a shape: key of the sport, seed, zone. Equal legs have equal recordings."""

    sport: str
    seed: int
    zone: str


@dataclass(frozen=True, slots=True)
class Shape:
    """The totals and averages of one recording.

    ``stops`` are pairs of a recorded second and the length of the pause there, in seconds.
    ``late_fix_s`` is for how long the start has no position; ``has_spike`` says whether the power
    has absurd samples that the service corrected.
    """

    leg: Leg
    recording_s: int
    stops: tuple[tuple[int, int], ...]
    efforts: tuple[Effort, ...]
    distance_m: float
    gain_m: float
    hr: int
    hr_max: int
    watts: int
    cadence: int
    late_fix_s: int
    has_hrv: bool
    has_spike: bool

    @property
    def sport(self) -> Sport:
        """The sport of the leg."""
        return SPORTS[self.leg.sport]

    @property
    def place(self) -> Place:
        """Where the recording was made."""
        return PLACES[self.leg.zone]

    @property
    def elapsed_s(self) -> int:
        """The sum of recorded seconds and pauses."""
        return self.recording_s + sum(pause for _, pause in self.stops)

    @property
    def stream_types(self) -> list[str]:
        """The types of the streams that the service stores for the recording."""
        kinds = list(self.sport.channels)
        if self.has_hrv:
            kinds.append("hrv")
        return kinds

    def recorded(self) -> list[int]:
        """Return the recorded second of each sample.

        Samples are a second apart, or 2 to 7 seconds with smart recording, as captured streams are.
        """
        if not self.sport.smart:
            return list(range(self.recording_s + 1))
        rng = Random(self.leg.seed)
        seconds = [0]
        while seconds[-1] < self.recording_s - 7:
            seconds.append(seconds[-1] + 2 + int(rng.random() * 6))
        return [*seconds, self.recording_s]

    def clock(self, recorded: list[int]) -> list[int]:
        """Return the seconds since the start of each sample, which include the pauses before it.

        Seen: pauses leave jumps in the stream ``time`` (3,322 samples over 7,169 s), so a sample's
        position in its stream is not its time.
        """
        times = list(recorded)
        for at, pause in self.stops:
            for index in range(bisect_left(recorded, at), len(times)):
                times[index] += pause
        return times


@lru_cache(maxsize=4096)
def shape_of(leg: Leg) -> Shape:
    """Return the shape of a leg, which is the same on each call and on each machine."""
    sport = SPORTS[leg.sport]
    # Values draw their random numbers in this order; another order would give other recordings.
    rng = Random(leg.seed * 64 + list(SPORTS).index(leg.sport))
    recording_s = _recording_s(rng, sport)
    # How hard this day was: the factor of the speed, and squared that of the power.
    vigor = 0.9 + 0.2 * rng.random()
    distance_m = round(recording_s * sport.speed_ms * vigor, 2)
    # A pool swim is a whole number of lengths of 25 m.
    if sport.key == "swim":
        distance_m = round(distance_m / 25) * 25.0
    hr = round(sport.hr * (0.94 + 0.12 * rng.random()))
    return Shape(
        leg=leg,
        recording_s=recording_s,
        stops=_stops(rng, sport, recording_s),
        efforts=_efforts(rng, recording_s),
        distance_m=distance_m,
        gain_m=round(distance_m / 1000 * sport.gain_per_km * (0.7 + 0.6 * rng.random()), 1),
        hr=hr,
        hr_max=_hr_max(rng, hr),
        watts=round(sport.watts * vigor * vigor),
        cadence=round(sport.cadence * (0.97 + 0.06 * rng.random())),
        late_fix_s=_late_fix_s(rng),
        has_hrv=rng.random() < 0.25 and sport.key in {"run", "virtual"},
        has_spike=rng.random() < 0.15 and bool(sport.watts),
    )


def _recording_s(rng: Random, sport: Sport) -> int:
    """Return a random length within the limits of the sport, in seconds."""
    shortest, longest = sport.minutes
    return 60 * shortest + int(rng.random() * 60 * (longest - shortest))


def _hr_max(rng: Random, hr: int) -> int:
    """Return a maximum of 14 to 27 bpm above the average, or 0 if there is no heart rate."""
    if not hr:
        return 0
    return hr + 14 + int(rng.random() * 14)


def _late_fix_s(rng: Random) -> int:
    """Return for how many samples the start has no position: 0 in most recordings."""
    if rng.random() >= 0.3:
        return 0
    return int(rng.random() * 90)


def _stops(
    rng: Random,
    sport: Sport,
    recording_s: int,
) -> tuple[tuple[int, int], ...]:
    """Return up to three stops of an outdoor workout; a race has none."""
    if not sport.gps or sport.fields.get("race"):
        return ()
    seconds = set()
    for _ in range(int(rng.random() * 4)):
        seconds.add(60 + int(rng.random() * (recording_s - 120)))
    return tuple((second, 40 + int(rng.random() * 400)) for second in sorted(seconds))


def _efforts(rng: Random, recording_s: int) -> tuple[Effort, ...]:
    """Return a warm-up, three to six repeats of hard and easy, and a cool-down.

    They fill the recording without gaps, as detected intervals do.
    """
    repeats = 3 + int(rng.random() * 4)
    start = recording_s // 5
    part = (recording_s - 2 * start) // repeats
    efforts = [Effort(0, start, 0.85, work=False)]
    for _ in range(repeats):
        middle = start + part * 2 // 3
        end = start + part
        efforts.append(Effort(start, middle, 1.25, work=True))
        efforts.append(Effort(middle, end, 0.7, work=False))
        start = end
    # The recording has a sample at its last second, so the end, which is excluded, is one later.
    return (*efforts, Effort(start, recording_s + 1, 0.85, work=False))
