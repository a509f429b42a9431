"""The totals of a leg as the message ``session``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fitglue_formats.fit.summary import AMOUNTS, CADENCES, METRICS, OTHER_VALUES
from fitglue_formats.writing.fit.fields import put, put_all, put_cadence
from fitglue_formats.writing.fit.sdk import SESSION
from fitglue_formats.writing.texts import cut_to_bytes, one_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fitglue_formats.writing.fit.laps import Placed
    from fitglue_formats.writing.fit.leg import Leg
    from fitglue_formats.writing.fit.sdk import Message
    from fitglue_registry.model import SourceActivity

#: Degrees → semicircles: 2**31 of them are 180 degrees.
_SEMICIRCLES = 2**31 / 180
_LONGEST_PROFILE = 60
#: FIT profile: the cycles of a session on foot are strides, and readers name them so.
_CYCLES = {"total_strides": "total_cycles"}


def session_message(
    leg: Leg,
    index: int,
    first_lap: int,
    laps: Sequence[Placed],
) -> Message:
    """Return the message of a leg.

    Args:
        leg: The leg.
        index: Its number in the file.
        first_lap: The number of its first lap in the file.
        laps: Its laps.
    """
    activity = leg.activity
    message: Message = {
        "message_index": index,
        "timestamp": leg.end,
        "start_time": leg.start,
        "event": "session",
        "event_type": "stop",
        "sport": leg.sport.sport,
        "sub_sport": leg.sport.sub_sport,
        "first_lap_index": first_lap,
        "num_laps": len(laps),
        "trigger": "activity_end",
    }
    values = dict(_values(activity))
    values["total_elapsed_time"] = leg.elapsed_s
    values["total_timer_time"] = leg.timer_s
    put_all(message, SESSION, values.items())
    for field, name in CADENCES.items():
        cadence = getattr(activity, field)
        if cadence is not None:
            put_cadence(
                message,
                SESSION,
                name,
                cadence * leg.cadence_factor,
            )
    _pool(message, activity)
    _position(message, leg)
    profile = activity.extensions.get("sport_profile")
    if isinstance(profile, str) and one_line(profile):
        message["sport_profile_name"] = cut_to_bytes(one_line(profile) or "", _LONGEST_PROFILE)
    return message


def _values(activity: SourceActivity) -> Iterator[tuple[str, float | None]]:
    """Yield the numbers of an activity under the names of the profile."""
    for field, name in (AMOUNTS | OTHER_VALUES).items():
        yield name, getattr(activity, field)
    for metric, name in METRICS.items():
        yield _CYCLES.get(name, name), activity.metrics.get(metric)
    stride_m = activity.average_stride_m
    if stride_m is not None:
        yield "avg_step_length", stride_m * 1000  # FIT: millimeters
    yield from _effort(activity)


def _effort(activity: SourceActivity) -> Iterator[tuple[str, float | None]]:
    """Yield how hard the workout was; the reader explains the scales of FIT."""
    if activity.rpe is not None and activity.rpe > 0:
        yield "workout_rpe", activity.rpe * 10
    if activity.feel is not None:
        yield "workout_feel", (5 - activity.feel) * 25
    if activity.intensity_pct is not None:
        yield "intensity_factor", activity.intensity_pct / 100
    # Only a load that was computed from power is a training stress score.
    for load in activity.training_loads:
        if load.method == "power":
            yield "training_stress_score", load.value
            return


def _pool(
    message: Message,
    activity: SourceActivity,
) -> None:
    """Add the pool: its length, and the number of lengths."""
    if activity.pool_length_m is None:
        return
    message["pool_length_unit"] = "metric"
    for name in ("num_active_lengths", "num_lengths"):
        put(
            message,
            SESSION,
            name,
            activity.pool_lengths,
        )


def _position(message: Message, leg: Leg) -> None:
    """Add the first position, by which readers find the time zone."""
    samples = leg.samples
    if samples.latitudes is None or samples.longitudes is None:
        return
    for latitude, longitude in zip(
        samples.latitudes.tolist(),
        samples.longitudes.tolist(),
        strict=True,
    ):
        if latitude == latitude:  # not NaN
            put_all(
                message,
                SESSION,
                [
                    ("start_position_lat", latitude * _SEMICIRCLES),
                    ("start_position_long", longitude * _SEMICIRCLES),
                ],
            )
            return
