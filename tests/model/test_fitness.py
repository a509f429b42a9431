"""Fitness, fatigue, form and ramp by day."""

from __future__ import annotations

import json
import os
from collections import defaultdict
from datetime import date, timedelta
from pathlib import Path

import pytest

from fitglue_registry.model.fitness import (
    FATIGUE_SHARE,
    FITNESS_DAYS,
    FITNESS_SHARE,
    fitness_by_day,
)

FIRST = date(2026, 5, 1)


def test_two_days_of_the_example():
    """100 on the first day and nothing on the second, as the docstring computes."""
    first, second = fitness_by_day({FIRST: 100.0}, FIRST + timedelta(days=1))
    assert (first.fitness, first.fatigue) == (
        pytest.approx(2.353, abs=0.001),
        pytest.approx(13.312, abs=0.001),
    )
    assert (second.fitness, second.fatigue) == (
        pytest.approx(2.297, abs=0.001),
        pytest.approx(11.540, abs=0.001),
    )
    assert [first.form, second.form] == pytest.approx([-10.959, -9.243], abs=0.001)


def test_the_same_load_every_day_is_the_fitness_in_the_end():
    """After a year of 80 a day, fitness and fatigue are 80, and form and ramp are 0."""
    loads = {FIRST + timedelta(days=number): 80.0 for number in range(365)}
    *_, last = fitness_by_day(loads)
    assert last.fitness == pytest.approx(80.0, abs=0.1)
    assert last.form == pytest.approx(0.0, abs=0.1)
    assert last.ramp == pytest.approx(0.0, abs=0.1)


def test_after_the_time_constant_a_third_is_left():
    """After 42 days of rest, 1/e of the fitness is left; after 7 days, of the fatigue."""
    first, *days = fitness_by_day({FIRST: 100.0}, FIRST + timedelta(days=42))
    assert days[-1].fitness / first.fitness == pytest.approx(0.3679, abs=0.0001)
    assert days[6].fatigue / first.fatigue == pytest.approx(0.3679, abs=0.0001)


def test_the_ramp_is_the_change_of_a_week():
    """The ramp is unknown in the first week, and then the difference to seven days earlier."""
    days = list(fitness_by_day({FIRST: 100.0}, FIRST + timedelta(days=7)))
    assert [day.ramp for day in days[:7]] == [None] * 7
    assert days[7].ramp == pytest.approx(days[7].fitness - days[0].fitness)


def test_days_without_a_workout_count():
    """A day of rest between two workouts is a day with a load of 0."""
    days = list(fitness_by_day({FIRST: 50.0, FIRST + timedelta(days=2): 50.0}))
    assert [day.load for day in days] == [50.0, 0.0, 50.0]


def test_nothing_has_no_fitness():
    """Without a load there is no day."""
    assert list(fitness_by_day({}, FIRST)) == []


@pytest.fixture
def pairs_of_days():
    """Return the figures of Intervals.icu for pairs of days with one workout each: fitness and
    fatigue of the day before, and load, fitness and fatigue of the day.
    """
    root = Path(os.environ.get("FITGLUE_SHARED") or Path(__file__).parents[3] / "shared")
    name = "activities-list-real-account-with-duplicates.json"
    file = root / "data" / "intervals" / "payloads" / name
    if not file.is_file():
        pytest.skip(f"no real payloads at {file}")
    by_day = defaultdict(list)
    for row in json.loads(file.read_text(encoding="utf-8")):
        by_day[date.fromisoformat(row["start_date_local"][:10])].append(row)
    pairs = []
    for day, rows in by_day.items():
        before = by_day.get(day - timedelta(days=1), [])
        have_load = [row for row in (*before, *rows) if row.get("icu_training_load") is not None]
        if len(before) == len(rows) == 1 and len(have_load) == 2:
            pairs.append(have_load)
    return pairs


@pytest.mark.shared
def test_the_formula_is_that_of_intervals(pairs_of_days):
    """Fitness and fatigue of a day follow from those of the day before as Intervals.icu has them.

    The tolerance is 0.001: both are stated with six digits, and the load is a whole number. The
    pairs that differ are nearly all walks and yoga whose load this athlete does not count there.
    With the share 1/42, which others use, nearly none agrees.
    """
    agree = with_other_share = 0
    for before, row in pairs_of_days:
        load = row["icu_training_load"]
        fitness, fatigue = before["icu_ctl"], before["icu_atl"]
        other = fitness + (load - fitness) / FITNESS_DAYS
        fitness += (load - fitness) * FITNESS_SHARE
        fatigue += (load - fatigue) * FATIGUE_SHARE
        is_equal = abs(fitness - row["icu_ctl"]) < 0.001 and abs(fatigue - row["icu_atl"]) < 0.001
        agree += is_equal
        with_other_share += abs(other - row["icu_ctl"]) < 0.001
    assert agree >= 0.75 * len(pairs_of_days) > 60
    assert with_other_share < 0.1 * len(pairs_of_days)
