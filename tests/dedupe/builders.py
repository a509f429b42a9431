"""Builders of workouts as the matcher sees them. By default, a workout is a run of an hour, so a
test states only what matters to it.
"""

from __future__ import annotations

import math
from dataclasses import replace

from fitglue_registry.dedupe import Candidate, Samples, Traits, judge, learned_weights

NOON = 1_780_000_000.0
HOUR, MINUTE = 3600.0, 60.0
RUN = Traits(
    "garmin",
    NOON,
    NOON + 2 * HOUR,
    elapsed_s=HOUR,
    moving_s=3550.0,
    distance_m=10_000.0,
    family="running",
    average_heartrate_bpm=150.0,
    max_heartrate_bpm=172.0,
    calories_kcal=640.0,
    elevation_gain_m=80.0,
)


LAP = replace(
    RUN,
    distance_m=2000.0,
    elapsed_s=485.0,
    moving_s=485.0,
    average_heartrate_bpm=163.0,
    calories_kcal=122.0,
)


def copy(of=RUN, account="strava", after=0.0, **changes):
    """Return another account's copy of a workout, ``after`` seconds later on every clock."""
    start = {"start_utc_s": of.start_utc_s + after, "start_local_s": of.start_local_s + after}
    return replace(of, account=account, **(start | changes))


def bare(of, **changes):
    """Return a record that has the start and the sport of a workout, and the values that are
    passed.
    """
    return Traits(of.account, of.start_utc_s, of.start_local_s, family=of.family, **changes)


def verdict_on(first, second, first_samples=None, second_samples=None):
    """Return the verdict on a pair, and check that the order of the two does not change it."""
    judgment = judge(first, second, learned_weights(), lambda: (first_samples, second_samples))
    assert (
        judge(second, first, learned_weights(), lambda: (second_samples, first_samples)) == judgment
    )
    return judgment.verdict


def levels(first, second, first_samples=None, second_samples=None):
    """Return comparison → level of a pair."""
    return {
        part.comparison: part.level
        for part in judge(
            first, second, learned_weights(), lambda: (first_samples, second_samples)
        ).evidence
    }


def candidate(number, traits, *claims, samples=None):
    """Return a candidate with these traits and claims."""
    return Candidate(
        number, (traits.account, f"x{number:04}", 0), frozenset(claims), traits, lambda: samples
    )


def loop(turns=1.0, points=200, north=50.0, east=8.0, radius_m=800.0, noise_m=0.0, seed=1):
    """Return a track of several turns around a circle, with the error of a receiver."""
    import random

    generator = random.Random(seed)
    track = []
    for k in range(points):
        angle = 2 * math.pi * turns * k / points
        meters = (
            radius_m * math.sin(angle) + generator.gauss(0, noise_m),
            radius_m * math.cos(angle) + generator.gauss(0, noise_m),
        )
        track.append(
            (
                north + meters[0] / 111_195,
                east + meters[1] / 111_195 / math.cos(math.radians(north)),
            )
        )
    return track


def heart(seconds=3600, shift=0, seed=1, level=150.0):
    """Return a heart rate with one sample per second; each seed varies in a different way."""
    import random

    generator = random.Random(seed)
    waves = [
        (generator.uniform(60, 900), generator.uniform(0, 6), generator.uniform(2, 8))
        for _ in range(6)
    ]
    return Samples(
        time_s=list(range(seconds)),
        channels={
            "heartrate": [
                level
                + sum(high * math.sin((k + shift) / slow + phase) for slow, phase, high in waves)
                for k in range(seconds)
            ]
        },
    )
