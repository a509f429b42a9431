"""An athlete's history: which workouts there were, newest first."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from random import Random
from typing import TYPE_CHECKING

from fitglue_intervals.testing.places import whereabouts
from fitglue_intervals.testing.plan import Plan, lone_plan
from fitglue_intervals.testing.shapes import Leg, shape_of
from fitglue_intervals.testing.sports import TRIATHLON, WEEKS

if TYPE_CHECKING:
    from collections.abc import Iterator

_RACE_EVERY = 75
_FIRST_RACE = 12
_NEWEST_ID = 200_000_000
_ID_STEP = 16_387
_LATELY = timedelta(days=120)
_STUB_SHARE = 0.03


@dataclass(frozen=True, slots=True)
class History:
    """Which workouts an athlete did; equal histories give the same bytes on each machine.

    ``count`` workouts end on the day ``until``; ``strava_stubs`` of them were fed by Strava (None:
    3 %). ``distinct_streams`` is how many different recordings there are of each sport, None for
    all different: fewer cost less memory and time. ``crowd`` puts as many workouts into a day as so
    many athletes would do, except in the last months: 100,000 workouts do not fit into one life.
    """

    count: int = 120
    seed: int = 1
    until: date = date(2026, 11, 20)
    strava_stubs: int | None = None
    distinct_streams: int | None = 12
    crowd: int = 1

    @property
    def stubs(self) -> int:
        """How many workouts were fed by Strava."""
        if self.strava_stubs is None:
            return round(self.count * _STUB_SHARE)
        return self.strava_stubs

    @property
    def newest_id(self) -> int:
        """The number in the id of the newest workout."""
        return max(_NEWEST_ID, (self.count + 1) * _ID_STEP)

    def shape_seed(self, number: int) -> int:
        """The seed of the recording of a workout."""
        if self.distinct_streams is not None:
            number %= self.distinct_streams
        return self.seed * 1_000_003 + number


def plans_of(history: History) -> list[Plan]:
    """The workouts of a history, newest first."""
    rng = Random(history.seed)
    kinds = _kinds(rng)
    starts = _starts(rng, history.until, history.crowd)
    plans: list[Plan] = []
    stubs = 0
    while len(plans) < history.count:
        number = len(plans)
        if _is_race(number, history.count):
            plans += _race(rng, history, number, next(starts).date())
            continue
        # The stubs are spread evenly over the history.
        stub = stubs < history.stubs and number >= (stubs + 0.5) * history.count / history.stubs
        stubs += stub
        start = next(starts)
        kind = next(kinds)
        if kind == "manual":
            if stub:
                kind = "ride"
            else:
                start = datetime.combine(start.date(), time())
        id_ = _strava_id(rng, number) if stub else _native_id(rng, history, number)
        plan = lone_plan(number, id_, start, kind, history.shape_seed(number))
        plans.append(replace(plan, stub=stub))
    return plans


def _is_race(number: int, count: int) -> bool:
    return number % _RACE_EVERY == _FIRST_RACE and number + len(TRIATHLON) <= count


def _native_id(rng: Random, history: History, number: int) -> str:
    """An id of Intervals.icu's own, which is lower the older the workout is."""
    return f"i{history.newest_id - number * _ID_STEP - int(rng.random() * 9_000)}"


def _strava_id(rng: Random, number: int) -> str:
    """An id of Strava's, which Intervals.icu keeps for what Strava fed."""
    return str(17_000_000_000 - number * 612_347 - int(rng.random() * 400_000))


def _kinds(rng: Random) -> Iterator[str]:
    """Kinds of workout without end, each block of twenty in another order."""
    while True:
        yield from sorted(WEEKS, key=lambda _: rng.random())


def _starts(rng: Random, until: date, crowd: int) -> Iterator[datetime]:
    """Starts that go back in time: most days one in the evening, some days also one in the morning;
    long ago those of a crowd.
    """
    day = until
    while True:
        athletes = crowd if until - day > _LATELY else 1
        for _ in range(athletes):
            yield datetime.combine(day, _time(rng, 17))
            if rng.random() < 0.25:
                yield datetime.combine(day, _time(rng, 6))
        day -= timedelta(days=2 if rng.random() < 0.2 else 1)


def _time(rng: Random, hour: int) -> time:
    minute = int(rng.random() * 60)
    second = int(rng.random() * 60)
    return time(hour, minute, second)


def _race(
    rng: Random,
    history: History,
    number: int,
    day: date,
) -> list[Plan]:
    """A triathlon: one file with five legs, each of which becomes an activity; the last leg
    first.
    """
    zone = whereabouts(day).zone
    seed = history.shape_seed(number)
    start = datetime.combine(day, time(10, 1, 12))
    legs: list[tuple[datetime, Leg]] = []
    for leg_no, sport in enumerate(TRIATHLON):
        leg = Leg(sport, seed + leg_no, zone)
        legs.append((start, leg))
        start += timedelta(seconds=shape_of(leg).elapsed_s + 1)
    plans = []
    for leg_no, (begin, _) in enumerate(legs):
        place = number + len(legs) - 1 - leg_no
        id_ = _native_id(rng, history, place)
        plans.append(Plan(place, id_, begin, tuple(legs), leg_no))
    return plans[::-1]
