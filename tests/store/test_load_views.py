"""The views of what boosters computed, and of fitness, on SQLite and PostgreSQL."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from fitglue_registry.model.computation import Computation
from fitglue_registry.model.fitness import fitness_by_day
from fitglue_registry.store.computations import Key, Stored, put_results
from fitglue_registry.store.sql import run_sql
from tests.library import reading

NOW = "2026-11-21T12:00:00.000Z"


def morning_of(day):
    """Return eight o'clock on a day, without a zone."""
    return datetime.fromisoformat(f"{day}T08:00:00+00:00").replace(tzinfo=None)


@pytest.fixture
def ask(database):
    """Return a function that runs a query on the views."""

    def run(question):
        answer = run_sql(database, question, **reading(database))
        return [dict(zip(answer.columns, row, strict=True)) for row in answer.rows]

    return run


@pytest.fixture
def trained(database, library_of):
    """Store workouts of two athletes with these loads, by day; return the loads as dates."""
    loads = {"2026-05-01": 100.0, "2026-05-03": None, "2026-05-20": 50.5}

    with database.write() as db:
        library = library_of(db)
        for day, load in loads.items():
            library.activity(start_local=morning_of(day), training_load=load)
    return {date.fromisoformat(day): load or 0.0 for day, load in loads.items()}


def test_fitness_follows_the_formulas(ask, trained):
    """Each day of the view has the figures of ``fitness_by_day``."""
    rows = ask("SELECT day, load, fitness, fatigue, form, ramp FROM fitness ORDER BY day")
    expected = list(fitness_by_day(trained))
    assert [row["day"] for row in rows] == [state.day.isoformat() for state in expected]
    for row, state in zip(rows, expected, strict=True):
        figures = [row["load"], row["fitness"], row["fatigue"], row["form"]]
        assert figures == pytest.approx([state.load, state.fitness, state.fatigue, state.form])
        assert row["ramp"] == (None if state.ramp is None else pytest.approx(state.ramp))


def test_ten_years_are_quick_enough(ask, database, library_of):
    """The view of ten years is a few thousand rows, and is made within the limit of a statement."""
    with database.write() as db:
        library = library_of(db)
        for days in (0, 3650):
            day = date(2016, 1, 1) + timedelta(days=days)
            library.activity(start_local=morning_of(day), training_load=50.0)
    [row] = ask("SELECT count(*) AS days, max(fitness) AS highest FROM fitness")
    assert (row["days"], row["highest"]) == (3651, pytest.approx(1.1764, abs=0.0001))


def test_each_computed_number_is_a_row(ask, database, trained):
    """The numbers of a result are rows with their booster and method; other values are not."""
    [activity] = ask("SELECT id FROM activities WHERE day = '2026-05-03'")
    values = {"training_load": 32.9, "metrics.trimp": 33, "power_kind": "estimated"}
    result = Computation("training-load", "0.1.0", values, "estimated", "heart rate (TRIMP)")
    with database.write() as db:
        put_results(db, Key("me", "training-load"), [Stored(activity["id"], "x", result)], NOW)
    rows = ask("SELECT * FROM computed ORDER BY name")
    assert [(row["name"], row["value"]) for row in rows] == [
        ("metrics.trimp", 33),
        ("training_load", 32.9),
    ]
    assert (rows[0]["booster"], rows[0]["how"], rows[0]["method"]) == (
        "training-load",
        "estimated",
        "heart rate (TRIMP)",
    )
