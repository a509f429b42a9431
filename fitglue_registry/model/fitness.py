"""Fitness, fatigue, form and ramp, which follow from the training load of each day.

Sources: Eric Banister and others, *A systems model of training for athletic performance*,
Australian Journal of Sports Medicine 7 (1975), pages 57–61, for the model; Andrew Coggan, *The
Performance Manager* (2004), for its averages over 42 and 7 days.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

FITNESS_DAYS = 42
"""The time constant of the fitness (CTL), in days."""
FATIGUE_DAYS = 7
"""The time constant of the fatigue (ATL), in days."""
RAMP_DAYS = 7
"""The days over which the ramp is counted: a week."""
FITNESS_SHARE = 1.0 - math.exp(-1.0 / FITNESS_DAYS)
"""The share of the load of a day in the fitness of the same day: 0.0235."""
FATIGUE_SHARE = 1.0 - math.exp(-1.0 / FATIGUE_DAYS)
"""The share of the load of a day in the fatigue of the same day: 0.1331."""


@dataclass(frozen=True, slots=True)
class FitnessDay:
    """The state of an athlete at the end of one day.

    Attributes:
        day: The local day.
        load: The training load of the day.
        fitness: The fitness (chronic training load, CTL).
        fatigue: The fatigue (acute training load, ATL).
        ramp: How much the fitness changed within a week; ``None`` in the first week.
    """

    day: date
    load: float
    fitness: float
    fatigue: float
    ramp: float | None

    @property
    def form(self) -> float:
        """The form (training stress balance, TSB): fitness minus fatigue, of the same day."""
        return self.fitness - self.fatigue


def fitness_by_day(loads: Mapping[date, float], until: date | None = None) -> Iterator[FitnessDay]:
    """Yield the state of an athlete for each day from the first load on.

    Formula: the fitness of a day is that of the day before plus ``(load - fitness of the day
    before) · (1 - e^(-1/42))``; the fatigue is the same with 7 days. Both begin with 0 before the
    first load, so they are too low during the first weeks. Intervals.icu uses the same formula.

    Example: 100 on the first day and nothing on the second. Fitness: 100 · 0.02353 = 2.353, then
    2.353 · 0.97647 = 2.297. Fatigue: 13.312, then 11.540. Form: -10.959, then -9.243.

    Args:
        loads: Day → the sum of the training loads of its workouts.
        until: The last day; the default is the last one with a load.
    """
    if not loads:
        return
    day = min(loads)
    last = until or max(loads)
    fitness = fatigue = 0.0
    earlier: list[float] = []
    while day <= last:
        load = loads.get(day, 0.0)
        fitness += (load - fitness) * FITNESS_SHARE
        fatigue += (load - fatigue) * FATIGUE_SHARE
        ramp = None
        if len(earlier) >= RAMP_DAYS:
            ramp = fitness - earlier[-RAMP_DAYS]
        earlier.append(fitness)
        yield FitnessDay(day, load, fitness, fatigue, ramp)
        day += timedelta(days=1)
