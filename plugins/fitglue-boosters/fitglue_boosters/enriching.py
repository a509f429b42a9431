"""Turns the training load of a workout into the values that the host stores."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fitglue_boosters.load import training_load
from fitglue_boosters.thresholds import Thresholds
from fitglue_boosters.workout import Workout
from fitglue_registry.plugin_api import Enrichment

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fitglue_boosters.load import Load
    from fitglue_registry.model import SourceActivity
    from fitglue_registry.plugin_api import BoosterContext

_METHODS = {"heart_rate": "heart rate", "session_rpe": "session RPE"}
#: The values that have no field of their own in an activity.
_METRICS = frozenset({"trimp", "session_rpe"})


def enrich(
    activity: SourceActivity,
    settings: Mapping[str, str],
    context: BoosterContext,
) -> Enrichment:
    """Return the training load of an activity, or what is missing for it.

    Args:
        activity: The activity with its streams.
        settings: The settings of the booster.
        context: The day, and the settings of the athlete on that day.
    """
    thresholds = Thresholds(activity, context.day, settings, context.athlete.get)
    workout = Workout(activity, lambda: activity.streams, thresholds)
    load, lacking = training_load(
        workout,
        counts_rating=settings.get("session_rpe") != "no",
    )
    notes = [_sentence(str(reason)) for reason in lacking]
    if load is None:
        return Enrichment(notes=tuple(notes))
    method = _method(load)
    if load.is_stated:
        # The load of a source stays as it is, so there is nothing to compute.
        return Enrichment(method=method)
    return Enrichment(
        _values(load),
        how="estimated" if load.is_estimated else "computed",
        method=method,
        notes=(*map(_sentence, load.remarks), *notes),
    )


def _values(load: Load) -> dict[str, float]:
    """Return the values of a load by field or metric."""
    values = {"training_load": round(load.value, 1)}
    for name, value in load.others.items():
        field = name
        if name in _METRICS:
            field = f"metrics.{name}"
        values[field] = value
    return values


def _method(load: Load) -> str | None:
    """Return the method of a load in words, such as ``heart rate (HRSS)``."""
    if load.method is None:
        return None
    method = _METHODS.get(load.method, load.method)
    if load.variant:
        method += f" ({load.variant})"
    return method


def _sentence(remark: str) -> str:
    return f"{remark[0].upper()}{remark[1:]}."
