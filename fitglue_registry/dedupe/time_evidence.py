"""How the times of two source activities lie to each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fitglue_registry.dedupe.traits import Traits
    from fitglue_registry.dedupe.weights import Cuts


def gap_s(one: Traits, other: Traits) -> float | None:
    """Seconds from the first start to the second, on the clock that both have.

    ``None`` where a start is missing. Where one has only UTC and the other only local time, the
    zone between them is unknown and stays in the figure.
    """
    if one.start_utc_s is not None and other.start_utc_s is not None:
        return other.start_utc_s - one.start_utc_s
    if one.start_s is None or other.start_s is None:
        return None
    return other.start_s - one.start_s


def off_hours_s(gap: float, cuts: Cuts) -> float:
    """How far a gap is from a whole number of half hours, by which clocks and zones are shifted."""
    step = cuts["shift_step_s"]
    return abs((gap + step / 2) % step - step / 2)


def span_s(traits: Traits) -> float:
    """The length on the clock, as far as it is known: moving time is the least that it can be."""
    return traits.elapsed_s or traits.moving_s or 0.0


def overlap(
    one: Traits,
    other: Traits,
    gap: float,
) -> float:
    """The share of the shorter recording that falls into the other.

    Zero where one has no length.
    """
    length = span_s(one)
    other_length = span_s(other)
    shorter = min(length, other_length)
    if shorter <= 0:
        return 0.0
    shared = min(length, gap + other_length) - max(0.0, gap)
    return shared / shorter


def is_same_day(
    one: Traits,
    other: Traits,
    cuts: Cuts,
) -> bool:
    """Whether both begin on the same day of the calendar, by the local clock."""
    day = (one.start_s or 0.0) // cuts["day_s"]
    other_day = (other.start_s or 0.0) // cuts["day_s"]
    return day == other_day


def time_level(
    one: Traits,
    other: Traits,
    cuts: Cuts,
) -> str:
    """How the two recorded spans of time lie to each other."""
    gap = gap_s(one, other)
    if gap is None:
        return "unknown"
    if max(one.precision_s, other.precision_s) >= cuts["day_s"]:
        return "same day" if is_same_day(one, other, cuts) else "apart"
    if _is_zone_unknown(one, other):
        return _level_without_zone(gap, cuts)
    if abs(gap) <= cuts["same_second_s"]:
        return "same second"
    if abs(gap) <= cuts["same_minute_s"] and not _is_over(one, other, gap):
        return "same minute"
    return _overlap_level(one, other, gap, cuts) or _shift_level(gap, cuts)


def _is_over(
    one: Traits,
    other: Traits,
    gap: float,
) -> bool:
    """Whether the first had ended when the second began, as short recordings do within a minute."""
    return span_s(one) > 0 and span_s(other) > 0 and overlap(one, other, gap) <= 0


def _is_zone_unknown(one: Traits, other: Traits) -> bool:
    """Whether one has only UTC and the other only local time."""
    is_utc_missing = one.start_utc_s is None or other.start_utc_s is None
    is_local_missing = one.start_local_s is None or other.start_local_s is None
    return is_utc_missing and is_local_missing


def _level_without_zone(gap: float, cuts: Cuts) -> str:
    off = off_hours_s(gap, cuts)
    if abs(gap) > cuts["shift_most_s"] or off > cuts["same_minute_s"]:
        return "apart"
    if off <= cuts["same_second_s"]:
        return "same second of some zone"
    return "same minute of some zone"


def _overlap_level(
    one: Traits,
    other: Traits,
    gap: float,
    cuts: Cuts,
) -> str | None:
    share = overlap(one, other, gap)
    if share <= 0:
        return None
    is_near = abs(gap) < cuts["drift_s"]
    if off_hours_s(gap, cuts) <= cuts["shift_second_s"] and abs(gap) > cuts["drift_s"]:
        # Three hours of which two seem shared, an hour to the second apart: rather a clock.
        return None
    if share < cuts["overlap"]:
        return "in part"
    return "together" if is_near else "inside"


def _shift_level(gap: float, cuts: Cuts) -> str:
    if abs(gap) < cuts["drift_s"]:
        return "beside"
    if abs(gap) > cuts["shift_most_s"]:
        return "apart"
    off = off_hours_s(gap, cuts)
    if off <= cuts["shift_second_s"]:
        return "hours to the second"
    if off <= cuts["same_minute_s"]:
        return "hours to the minute"
    return "apart"
