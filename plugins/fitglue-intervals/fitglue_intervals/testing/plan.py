"""The athlete's calendar: which workouts there were, when and where, newest first, without their
contents.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from random import Random
from typing import TYPE_CHECKING

from fitglue_intervals.testing.places import PLACES, Place, whereabouts
from fitglue_intervals.testing.shapes import Leg, Shape, shape_of
from fitglue_intervals.testing.sports import SPORTS, TRIATHLON, WEEKS

if TYPE_CHECKING:
    from collections.abc import Iterator

_RACE_EVERY = 75
_FIRST_RACE = 12
_NEWEST_ID = 200_000_000
_ID_STEP = 16_387
_LATELY = timedelta(days=120)


@dataclass(frozen=True, slots=True)
class Plan:
    """One workout that took place; ``legs`` are those of the file it came in, itself the one at
    ``leg_no``.
    """

    number: int
    id: str
    start: datetime
    legs: tuple[tuple[datetime, Leg], ...]
    leg_no: int = 0
    stub: bool = False
    strava_id: str | None = None

    @property
    def shape(self) -> Shape:
        """The course of this workout."""
        return shape_of(self.legs[self.leg_no][1])

    @property
    def place(self) -> Place:
        """Where it was."""
        return PLACES[self.legs[self.leg_no][1].zone]

    @property
    def start_utc(self) -> datetime:
        """The start in UTC, without saying so."""
        return self.start - self.place.offset(self.start)


def lone_plan(
    number: int, id_: str, start: datetime, sport: str, seed: int, *, stub: bool = False
) -> Plan:
    """A workout by itself, alone in its file."""
    return Plan(
        number, id_, start, ((start, Leg(sport, seed, whereabouts(start.date()).zone)),), stub=stub
    )


def calendar(
    count: int, seed: int, until: date, distinct: int | None, stubs: int, crowd: int = 1
) -> list[Plan]:
    """``count`` workouts up to and including a day, newest first, ``stubs`` of them fed by Strava,
    long ago those of ``crowd`` athletes.
    """
    rng = Random(seed)
    newest = max(_NEWEST_ID, count * _ID_STEP + _ID_STEP)
    kinds, slots = _kinds(rng), _slots(rng, until, crowd)
    plans: list[Plan] = []
    made = 0
    while len(plans) < count:
        number = len(plans)
        if number % _RACE_EVERY == _FIRST_RACE and number + len(TRIATHLON) <= count:
            plans += _race(
                rng, number, next(slots).date(), _shape_seed(seed, number, distinct), newest
            )
            continue
        stub = made < stubs and number >= (made + 0.5) * count / stubs
        made += stub
        start, kind = next(slots), next(kinds)
        kind = "ride" if stub and kind == "manual" else kind
        start = datetime.combine(start.date(), time()) if kind == "manual" else start
        id_ = strava_id(rng, number) if stub else native_id(rng, number, newest)
        plans.append(
            lone_plan(number, id_, start, kind, _shape_seed(seed, number, distinct), stub=stub)
        )
    return plans


def native_id(rng: Random, number: int, newest: int = _NEWEST_ID) -> str:
    """An id of Intervals.icu's own; lower the older the workout is."""
    return f"i{newest - number * _ID_STEP - int(rng.random() * 9_000)}"


def strava_id(rng: Random, number: int) -> str:
    """An id of Strava's, which Intervals.icu keeps for what Strava fed."""
    return str(17_000_000_000 - number * 612_347 - int(rng.random() * 400_000))


def _shape_seed(seed: int, number: int, distinct: int | None) -> int:
    return seed * 1_000_003 + (number if distinct is None else number % distinct)


def _kinds(rng: Random) -> Iterator[str]:
    """Kinds of workout without end, each block of twenty in another order."""
    while True:
        yield from sorted(WEEKS, key=lambda _: rng.random())


def _slots(rng: Random, until: date, crowd: int) -> Iterator[datetime]:
    """Starts going back in time: most days one in the evening, some days one in the morning too;
    long ago those of a crowd.
    """
    day = until
    while True:
        for _ in range(crowd if until - day > _LATELY else 1):
            evening = time(17, int(rng.random() * 60), int(rng.random() * 60))
            yield datetime.combine(day, evening)
            if rng.random() < 0.25:
                yield datetime.combine(day, time(6, int(rng.random() * 60), int(rng.random() * 60)))
        day -= timedelta(days=2 if rng.random() < 0.2 else 1)


def _race(rng: Random, number: int, day: date, seed: int, newest: int) -> list[Plan]:
    """A triathlon: one file with five legs, each of which becomes an activity; the last leg
    first.
    """
    start, zone = datetime.combine(day, time(10, 1, 12)), whereabouts(day).zone
    legs: list[tuple[datetime, Leg]] = []
    for at, sport in enumerate(TRIATHLON):
        leg = Leg(sport, seed + at, zone)
        legs.append((start, leg))
        start += timedelta(seconds=shape_of(leg).elapsed_s + 1)
    plans = [
        Plan(
            number + len(legs) - 1 - at,
            native_id(rng, number + len(legs) - 1 - at, newest),
            begin,
            tuple(legs),
            at,
        )
        for at, (begin, _) in enumerate(legs)
    ]
    return plans[::-1]


def sport_key(name: str) -> str:
    """The kind for a key (``ride``) or a type (``TrailRun``); raises ``ValueError`` for neither."""
    for sport in SPORTS.values():
        if name in {sport.key, sport.type}:
            return sport.key
    raise ValueError(f"no such kind of workout: {name!r}; one of {', '.join(SPORTS)}")
