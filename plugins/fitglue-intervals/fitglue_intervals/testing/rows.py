"""A workout as an Activity object, as the list answers it: about a hundred of the API's fields,
with its habits.

Numbers are float32, averages agree with the streams, nulls are written out on some rows and left
away on others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fitglue_intervals.testing.row_context import (
    extras,
    fitness,
    opinion,
    settings,
    weather,
)
from fitglue_intervals.testing.row_figures import (
    course,
    heart,
    load,
    pace,
    power,
)
from fitglue_intervals.testing.row_identity import identity, manual, times
from fitglue_intervals.testing.unset import UNSET
from fitglue_intervals.testing.workout import workout_of

if TYPE_CHECKING:
    from fitglue_intervals.testing.plan import Plan
    from fitglue_intervals.testing.values import Row

_PARTS = (
    course,
    heart,
    power,
    pace,
    load,
    fitness,
    settings,
    weather,
    opinion,
    extras,
)


def stub_row(id_: str, athlete_id: str, start_date_local: str) -> Row:
    """All that is ever said of an activity that came from Strava."""
    return {
        "id": id_,
        "icu_athlete_id": athlete_id,
        "start_date_local": start_date_local,
        "source": "STRAVA",
        "_note": "STRAVA activities are not available via the API",
    }


def activity_row(plan: Plan, athlete_id: str) -> Row:
    """The whole Activity of a plan; equal plans have equal rows."""
    workout = workout_of(plan)
    row = identity(workout)
    row["icu_athlete_id"] = athlete_id
    row |= times(workout)
    if workout.origin.source == "MANUAL":
        return row | manual(workout)
    for part in _PARTS:
        row |= part(workout)
    row |= workout.shape.sport.fields
    if plan.number % 3:
        for name in UNSET:
            row.setdefault(name, None)
    return row
