"""The cadence as Garmin's formats count it: the steps of one leg on foot."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fitglue_registry.model.cadence import counts_one_leg
from fitglue_registry.model.sports import ON_FOOT

if TYPE_CHECKING:
    from fitglue_registry.model import SourceActivity


def cadence_factor(activity: SourceActivity) -> float:
    """Return 0.5 if the cadences of an activity count the steps of both legs, otherwise 1.

    FIT, TCX and the extension of GPX count those of one leg, and programs double them.
    """
    sport = activity.sport or "Other"
    if sport not in ON_FOOT:
        return 1.0
    one_leg = activity.cadence_per_leg
    if one_leg is None:
        one_leg = counts_one_leg(sport, activity.average_cadence_rpm)
    return 0.5 if one_leg is False else 1.0
