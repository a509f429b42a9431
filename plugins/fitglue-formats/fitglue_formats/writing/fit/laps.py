"""The laps and pool lengths of a leg as messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from fitglue_formats.fit.laps import NUMBERS
from fitglue_formats.writing.fit.fields import put, put_all, put_cadence, scale_of
from fitglue_formats.writing.fit.sdk import LAP, LENGTH, numbers_of
from fitglue_formats.writing.laps import laps_of as all_laps

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fitglue_formats.writing.fit.leg import Leg
    from fitglue_formats.writing.fit.sdk import Message
    from fitglue_registry.model import Lap

#: The model → FIT profile, type ``intensity``; other values have the same name in both.
_INTENSITIES = {"work": "active"}


class Placed(NamedTuple):
    """A lap or length with its start in whole seconds after the FIT epoch."""

    at: int
    lap: Lap

    @property
    def end(self) -> int:
        """The end in whole seconds after the FIT epoch."""
        lasts_s = self.lap.elapsed_s or self.lap.moving_s or 0.0
        return self.at + round(lasts_s)


def laps_of(leg: Leg) -> list[Placed]:
    """Return the laps of a leg; a FIT file has at least one for each."""
    laps = all_laps(leg.activity, leg.elapsed_s)
    return _placed(leg, laps)


def lengths_of(leg: Leg) -> list[Placed]:
    """Return the pool lengths of a leg."""
    lengths = [lap for lap in leg.activity.laps if lap.kind == "length"]
    return _placed(leg, lengths)


def _placed(leg: Leg, laps: Sequence[Lap]) -> list[Placed]:
    """Return the laps whose start FIT can state."""
    placed = []
    for lap in laps:
        at = leg.at(lap)
        if at is not None and scale_of(LAP, "start_time").fits(at):
            placed.append(Placed(at, lap))
    return placed


def lap_message(
    leg: Leg,
    placed: Placed,
    index: int,
    lengths: Sequence[tuple[int, Placed]],
) -> Message:
    """Return the message of a lap.

    Args:
        leg: The leg.
        placed: The lap.
        index: Its number in the file.
        lengths: The pool lengths of the leg, with their numbers in the file.
    """
    message = _common(placed, index)
    message["event"] = "lap"
    message["event_type"] = "stop"
    message["sport"] = leg.sport.sport
    message["sub_sport"] = leg.sport.sub_sport
    message["lap_trigger"] = "session_end" if placed.end >= leg.end else "manual"
    numbers = {name: getattr(placed.lap, field) for field, name in NUMBERS.items()}
    numbers["avg_grade"] = placed.lap.average_grade_pct
    # Every reader expects the time on the timer.
    if numbers["total_timer_time"] is None:
        numbers["total_timer_time"] = placed.lap.elapsed_s
    put_all(message, LAP, numbers.items())
    cadence = placed.lap.average_cadence_rpm
    if cadence is not None:
        put_cadence(
            message,
            LAP,
            "avg_cadence",
            cadence * leg.cadence_factor,
        )
    own = [(number, length) for number, length in lengths if placed.at <= length.at < placed.end]
    if own:
        message["first_length_index"] = own[0][0]
        message["num_lengths"] = len(own)
        message["num_active_lengths"] = sum(not _is_idle(length.lap) for _, length in own)
    return message


def length_message(
    placed: Placed,
    index: int,
) -> Message:
    """Return the message of one length of a pool."""
    lap = placed.lap
    message = _common(placed, index)
    message.pop("intensity", None)
    message["event"] = "length"
    message["event_type"] = "stop"
    message["length_type"] = "idle" if _is_idle(lap) else "active"
    put_all(
        message,
        LENGTH,
        [
            ("total_elapsed_time", lap.elapsed_s),
            ("total_timer_time", lap.elapsed_s if lap.moving_s is None else lap.moving_s),
            ("total_calories", lap.calories_kcal),
            ("avg_speed", lap.average_speed_mps),
            ("avg_swimming_cadence", lap.average_cadence_rpm),
        ],
    )
    return message


def _common(
    placed: Placed,
    index: int,
) -> Message:
    """Return the fields that laps and lengths have in common."""
    message: Message = {"timestamp": placed.end, "start_time": placed.at}
    put(
        message,
        LAP,
        "message_index",
        index,
    )
    label = placed.lap.label
    if label in numbers_of("swim_stroke"):
        message["swim_stroke"] = label
    intensity = placed.lap.intensity or ""
    intensity = _INTENSITIES.get(intensity, intensity)
    if intensity in numbers_of("intensity"):
        message["intensity"] = intensity
    return message


def _is_idle(lap: Lap) -> bool:
    """Return whether a length is a rest at the wall rather than a swum one."""
    return lap.intensity == "rest"
