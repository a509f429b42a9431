"""The workouts of a simulated Intervals.icu account as an account at Garmin Connect.

Intervals.icu got some of its workouts from Garmin, and knows them by their ids there. With both
accounts, the demo and the tests have the same workouts in several sources.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC
from typing import TYPE_CHECKING

from fitglue_garmin.testing import Account, Leg, Squats, Workout
from fitglue_intervals.testing.files import plain_file_of, serial_of
from fitglue_intervals.testing.fit_files import strength_sets
from fitglue_intervals.testing.garmin_archive import TYPES
from fitglue_intervals.testing.shapes import shape_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fitglue_intervals.testing import Account as IntervalsAccount
    from fitglue_intervals.testing.plan import Plan

#: The same with the legs of a triathlon, which the archive does not have.
_KINDS = TYPES | {
    "tri_swim": "open_water_swimming",
    "tri_ride": "road_biking",
    "tri_run": "running",
}
#: The transitions of a triathlon, by the number of their leg.
_TRANSITIONS = {1: "swimToBikeTransition_v2", 3: "bikeToRunTransition_v2"}


def garmin_account(account: IntervalsAccount) -> Account:
    """Return an account at Garmin Connect with the workouts that Intervals.icu got from there."""
    return Account(_workouts(account), zone=account.timezone)


def _workouts(account: IntervalsAccount) -> Iterator[Workout]:
    """Yield each workout once; the legs of a race are one workout at Garmin Connect."""
    for external_id in account.ids():
        row = account.row(external_id)
        # Intervals.icu lists each leg of a race, all of them with the id of the race.
        if row.get("source") == "GARMIN_CONNECT" and not row.get("file_sport_index"):
            yield garmin_workout(int(row["external_id"]), account.plan(external_id), row["name"])


def garmin_workout(number: int, plan: Plan, title: str) -> Workout:
    """Return a workout as Garmin Connect has it.

    Args:
        number: Its id there.
        plan: The workout, or a leg of a race.
        title: Its title.
    """
    legs = tuple(_leg(number, plan, leg_no) for leg_no in range(len(plan.legs)))
    whole, parts = replace(legs[0], id=number), ()
    if len(legs) > 1:
        elapsed_s = round((legs[-1].end - legs[0].start).total_seconds())
        distance_m = sum(leg.moved_m for leg in legs)
        whole = Leg(number, legs[0].start, "multi_sport", elapsed_s, distance_m)
        parts = legs
    file = plain_file_of(plan)
    return Workout(
        whole,
        parts,
        plan.leg.zone,
        title,
        manual=file is None,
        file=file,
        serial=serial_of(plan),
    )


def _leg(number: int, plan: Plan, leg_no: int) -> Leg:
    """Return one leg of a workout; legs have the ids that follow that of their race."""
    start, leg = plan.legs[leg_no]
    shape = shape_of(leg)
    kind = _KINDS.get(leg.sport) or _TRANSITIONS[leg_no]
    begin = (start - plan.place.offset(start)).replace(tzinfo=UTC)
    measured = {"duration": float(shape.recording_s), "movingDuration": None}
    whole = Leg(number + leg_no + 1, begin, kind, shape.elapsed_s, shape.distance_m, measured)
    # The file of Intervals.icu has these sets, so the totals at Garmin are theirs.
    return replace(whole, sets=tuple(Squats(*each) for each in strength_sets()))
