"""A workout as an Activity object of a list: about a hundred of the API's fields, with its habits.

Numbers are float32, averages agree with the streams, and fields without a value are null in some
rows and missing in others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fitglue_intervals.testing.row_context import (
    fitness,
    service_fields,
    settings,
    subjective,
    weather,
)
from fitglue_intervals.testing.row_identity import identity, manual, times
from fitglue_intervals.testing.row_measurements import (
    course,
    heart,
    load,
    pace,
    power,
)
from fitglue_intervals.testing.unset import UNSET
from fitglue_intervals.testing.workout import workout_of

if TYPE_CHECKING:
    from fitglue_intervals.testing.plan import Plan
    from fitglue_intervals.testing.values import Row

#: The groups of fields, in the order in which they draw their random numbers.
_PARTS = (
    course,
    heart,
    power,
    pace,
    load,
    fitness,
    settings,
    weather,
    subjective,
    service_fields,
)


def stub_row(id_: str, athlete_id: str, start_date_local: str) -> Row:
    """Return the stub of an activity that came from Strava: the five keys that were seen."""
    return {
        "id": id_,
        "icu_athlete_id": athlete_id,
        "start_date_local": start_date_local,
        "source": "STRAVA",
        "_note": "STRAVA activities are not available via the API",
    }


def activity_row(plan: Plan, athlete_id: str) -> Row:
    """Return the Activity object of a plan; equal plans have equal rows."""
    workout = workout_of(plan)
    row = identity(workout)
    row["icu_athlete_id"] = athlete_id
    row |= times(workout)
    if workout.origin.source == "MANUAL":
        return row | manual(workout)
    for part in _PARTS:
        row |= part(workout)
    row |= workout.shape.sport.fields
    # Seen: explicit nulls in responses of 2025, missing keys in webhooks. A client must treat both
    # in the same way, so every third row leaves its nulls out.
    if plan.number % 3:
        for name in UNSET:
            row.setdefault(name, None)
    return row
