"""The views of what boosters computed, and of fitness and fatigue, which follow from the loads."""

from __future__ import annotations

from fitglue_registry.model.fitness import FATIGUE_SHARE, FITNESS_SHARE, RAMP_DAYS

#: The columns of ``computed`` whose values are of the stored result → their types.
COMPUTED_FIELDS = {
    "name": "TEXT",
    "value": "REAL",
    "how": "TEXT",
    "method": "TEXT",
}
FITNESS_FIELDS = {
    "day": "TEXT",
    "load": "REAL",
    "fitness": "REAL",
    "fatigue": "REAL",
    "form": "REAL",
    "ramp": "REAL",
}

_WHOSE = "a.id AS activity_id, a.number AS number, a.athlete_id AS athlete_id"
_STORED = "FROM fg_computed c JOIN fg_activities a ON a.id = c.activity_id"
_LOADS = (
    "SELECT athlete_id, day, coalesce(sum(training_load), 0.0) AS load FROM fg_activities "
    "WHERE gone_at IS NULL AND day IS NOT NULL GROUP BY athlete_id, day"
)
_NEXT_DAY = {
    "sqlite": "date(d.day, '+1 day')",
    "postgresql": "to_char(d.day::date + 1, 'YYYY-MM-DD')",
}


def load_views(dialect: str) -> dict[str, str]:
    """Return the SELECT of each view of this module by its name.

    Args:
        dialect: ``sqlite`` or ``postgresql``.
    """
    computed = _computed_of_sqlite() if dialect == "sqlite" else _computed_of_postgresql()
    return {
        "computed": computed,
        "fitness": _fitness(_NEXT_DAY[dialect]),
    }


def _computed_of_sqlite() -> str:
    return (
        f"SELECT {_WHOSE}, c.booster, c.version, item.key AS name, item.value AS value, "
        # The document leaves out what is the default.
        "coalesce(json_extract(c.document, '$.how'), 'computed') AS how, "
        "json_extract(c.document, '$.method') AS method, c.at AS computed_at "
        f"{_STORED}, json_each(c.document, '$.values') item "
        "WHERE a.gone_at IS NULL AND item.type IN ('integer', 'real')"
    )


def _computed_of_postgresql() -> str:
    return (
        f"SELECT {_WHOSE}, c.booster, c.version, item.key AS name, "
        "(item.value #>> '{}')::double precision AS value, "
        "coalesce(c.document::jsonb ->> 'how', 'computed') AS how, "
        "c.document::jsonb ->> 'method' AS method, c.at AS computed_at "
        f"{_STORED} CROSS JOIN LATERAL "
        "jsonb_each(coalesce(c.document::jsonb -> 'values', '{}'::jsonb)) AS item(key, value) "
        "WHERE a.gone_at IS NULL AND jsonb_typeof(item.value) = 'number'"
    )


def _fitness(next_day: str) -> str:
    """Return the view of the formulas of ``model/fitness.py``, day by day.

    Args:
        next_day: The expression of the day after ``d.day``.
    """
    load = "coalesce(l.load, 0.0)"
    first = f"{load} * {FITNESS_SHARE!r}, {load} * {FATIGUE_SHARE!r}"
    following = (
        f"d.fitness + ({load} - d.fitness) * {FITNESS_SHARE!r}, "
        f"d.fatigue + ({load} - d.fatigue) * {FATIGUE_SHARE!r}"
    )
    return (
        f"WITH RECURSIVE loads AS ({_LOADS}), spans AS ("
        "SELECT athlete_id, min(day) AS first_day, max(day) AS last_day FROM loads "
        "GROUP BY athlete_id), "
        "days(athlete_id, day, last_day, load, fitness, fatigue) AS ("
        f"SELECT s.athlete_id, s.first_day, s.last_day, {load}, {first} FROM spans s "
        "JOIN loads l ON l.athlete_id = s.athlete_id AND l.day = s.first_day "
        f"UNION ALL SELECT d.athlete_id, {next_day}, d.last_day, {load}, {following} FROM days d "
        f"LEFT JOIN loads l ON l.athlete_id = d.athlete_id AND l.day = {next_day} "
        "WHERE d.day < d.last_day) "
        "SELECT athlete_id, day, load, fitness, fatigue, fitness - fatigue AS form, "
        f"fitness - lag(fitness, {RAMP_DAYS}) OVER (PARTITION BY athlete_id ORDER BY day) AS ramp "
        "FROM days"
    )
