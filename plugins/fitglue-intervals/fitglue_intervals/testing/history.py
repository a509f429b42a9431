"""An athlete's history: which workouts took place, ordered from the newest to the oldest."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from random import Random
from typing import TYPE_CHECKING

from fitglue_intervals.testing.places import place_on
from fitglue_intervals.testing.plan import Plan, single_leg_plan
from fitglue_intervals.testing.shapes import Leg, shape_of
from fitglue_intervals.testing.sports import TRIATHLON, WORKOUT_MIX

if TYPE_CHECKING:
    from collections.abc import Iterator

# A triathlon every 75 workouts; its first leg is number 12, so 20 workouts have one already.
_RACE_EVERY = 75
_FIRST_RACE = 12
_NEWEST_ID = 200_000_000
#: Larger than the random part of an id, so that ids fall strictly from workout to workout.
_ID_STEP = 16_387
#: The days that are those of one athlete even if ``crowd`` is large. The window that each sync
#: lists again is among them, so it is as small as in a real account.
_RECENT = timedelta(days=120)
_STUB_SHARE = 0.03


@dataclass(frozen=True, slots=True)
class History:
    """The parameters of a generated history; equal ones give equal bytes on each machine.

    Attributes:
        count: How many workouts there are.
        seed: What the random numbers depend on.
        until: The day of the newest workout.
        strava_stubs: How many of the workouts came from Strava; None means 3 %.
        distinct_streams: How many different recordings each sport has; None makes all of them
            different. Fewer recordings cost less memory and time.
        crowd: How many athletes' workouts are on each day, except in the last months: 100,000
            workouts do not fit into one life.
    """

    count: int = 120
    seed: int = 1
    until: date = date(2026, 11, 20)
    strava_stubs: int | None = None
    distinct_streams: int | None = 12
    crowd: int = 1

    @property
    def stubs(self) -> int:
        """How many workouts came from Strava."""
        if self.strava_stubs is None:
            return round(self.count * _STUB_SHARE)
        return self.strava_stubs

    @property
    def newest_id(self) -> int:
        """The number in the id of the newest workout, large enough that the oldest is positive."""
        return max(_NEWEST_ID, (self.count + 1) * _ID_STEP)

    def shape_seed(self, number: int) -> int:
        """Return the seed of the recording of a workout."""
        if self.distinct_streams is not None:
            number %= self.distinct_streams
        return self.seed * 1_000_003 + number


def plans_of(history: History) -> list[Plan]:
    """Return the workouts of a history, ordered from the newest to the oldest."""
    rng = Random(history.seed)
    kinds = _kinds(rng)
    starts = _starts(rng, history.until, history.crowd)
    plans: list[Plan] = []
    stubs = 0
    # The random numbers are drawn in this order; another order would give another athlete.
    while len(plans) < history.count:
        number = len(plans)
        if _is_race(number, history.count):
            plans += _race(rng, history, number, next(starts).date())
            continue
        # Stubs are spread evenly over the history.
        stub = stubs < history.stubs and number >= (stubs + 0.5) * history.count / history.stubs
        stubs += stub
        start = next(starts)
        kind = next(kinds)
        if kind == "manual":
            # A stub needs a recording for the copy that may replace it later, so it is a ride.
            # Seen: a workout that was typed in may start at 00:00:00 instead of its true time.
            if stub:
                kind = "ride"
            else:
                start = datetime.combine(start.date(), time())
        id_ = _strava_id(rng, number) if stub else _native_id(rng, history, number)
        plan = single_leg_plan(number, id_, start, kind, history.shape_seed(number))
        plans.append(replace(plan, stub=stub))
    return plans


def _is_race(number: int, count: int) -> bool:
    """Return whether a race begins at this number and all of its legs fit into the history."""
    return number % _RACE_EVERY == _FIRST_RACE and number + len(TRIATHLON) <= count


def _native_id(rng: Random, history: History, number: int) -> str:
    """Return an id that Intervals.icu gave: ``i`` and digits, lower for an older workout."""
    return f"i{history.newest_id - number * _ID_STEP - int(rng.random() * 9_000)}"


def _strava_id(rng: Random, number: int) -> str:
    """Return an id as Strava gives it: bare digits, which Intervals.icu keeps for its stub."""
    return str(17_000_000_000 - number * 612_347 - int(rng.random() * 400_000))


def _kinds(rng: Random) -> Iterator[str]:
    """Yield keys of sports without end; each block of twenty has another order."""
    while True:
        yield from sorted(WORKOUT_MIX, key=lambda _: rng.random())


def _starts(rng: Random, until: date, crowd: int) -> Iterator[datetime]:
    """Yield local starts that go back in time without end.

    Most days have one workout in the evening, some days another one in the morning. Days that are
    not recent have the workouts of ``crowd`` athletes.
    """
    day = until
    while True:
        athletes = crowd if until - day > _RECENT else 1
        for _ in range(athletes):
            yield datetime.combine(day, _time(rng, 17))
            if rng.random() < 0.25:
                yield datetime.combine(day, _time(rng, 6))
        day -= timedelta(days=2 if rng.random() < 0.2 else 1)


def _time(rng: Random, hour: int) -> time:
    """Return a random time within an hour."""
    minute = int(rng.random() * 60)
    second = int(rng.random() * 60)
    return time(hour, minute, second)


def _race(
    rng: Random,
    history: History,
    number: int,
    day: date,
) -> list[Plan]:
    """Return a triathlon as five workouts, from the last leg to the first.

    Documented: one uploaded file becomes one activity per leg. All of them share the file and
    differ in ``file_sport_index``.
    """
    zone = place_on(day).zone
    seed = history.shape_seed(number)
    start = datetime.combine(day, time(10, 1, 12))
    legs: list[tuple[datetime, Leg]] = []
    for leg_no, sport in enumerate(TRIATHLON):
        leg = Leg(sport, seed + leg_no, zone)
        legs.append((start, leg))
        # A watch begins the next leg a second after the end of the last one.
        start += timedelta(seconds=shape_of(leg).elapsed_s + 1)
    plans = []
    for leg_no, (begin, _) in enumerate(legs):
        place = number + len(legs) - 1 - leg_no
        id_ = _native_id(rng, history, place)
        plans.append(Plan(place, id_, begin, tuple(legs), leg_no))
    return plans[::-1]
