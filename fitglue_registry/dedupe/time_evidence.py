"""Compares the start times of two source activities, and the spans of time that they cover."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fitglue_registry.dedupe.traits import Traits
    from fitglue_registry.dedupe.weights import Cuts


def gap_s(first: Traits, second: Traits) -> float | None:
    """Return the seconds from the first start to the second, on a clock that both have.

    The result is negative if the second starts earlier, and ``None`` if a start is missing. If one
    has only UTC and the other only local time, the unknown offset between them is part of the
    result.
    """
    if first.start_utc_s is not None and second.start_utc_s is not None:
        return second.start_utc_s - first.start_utc_s
    if first.start_s is None or second.start_s is None:
        return None
    return second.start_s - first.start_s


def half_hour_remainder_s(gap: float, cuts: Cuts) -> float:
    """Return how many seconds a gap is away from the nearest whole number of half hours.

    A wrong clock or zone shifts a start by a multiple of half an hour, so a small remainder is a
    sign of such a shift.
    """
    step = cuts["shift_step_s"]
    return abs((gap + step / 2) % step - step / 2)


def duration_s(traits: Traits) -> float:
    """Return the elapsed time in seconds, or else the moving time, which is its lower bound.

    The result is zero if neither is known.
    """
    return traits.elapsed_s or traits.moving_s or 0.0


def overlap_share(
    first: Traits,
    second: Traits,
    gap: float,
) -> float:
    """Return which share of the shorter recording lies within the other one, at most 1.

    The result is negative if they do not overlap, and zero if a duration is unknown. ``gap`` is the
    result of ``gap_s``.
    """
    first_s = duration_s(first)
    second_s = duration_s(second)
    shorter_s = min(first_s, second_s)
    if shorter_s <= 0:
        return 0.0
    shared_s = min(first_s, gap + second_s) - max(0.0, gap)
    return shared_s / shorter_s


def is_same_day(
    first: Traits,
    second: Traits,
    cuts: Cuts,
) -> bool:
    """Return whether both start on the same calendar day by their local clocks."""
    first_day = (first.start_s or 0.0) // cuts["day_s"]
    second_day = (second.start_s or 0.0) // cuts["day_s"]
    return first_day == second_day


def time_level(
    first: Traits,
    second: Traits,
    cuts: Cuts,
) -> str:
    """Return the level of the comparison ``time``.

    The order of the checks matters: a precise agreement is reported as such even if the recordings
    also overlap.
    """
    gap = gap_s(first, second)
    if gap is None:
        return "unknown"
    if max(first.precision_s, second.precision_s) >= cuts["day_s"]:
        return "same day" if is_same_day(first, second, cuts) else "apart"
    if _is_zone_unknown(first, second):
        return _level_without_zone(gap, cuts)
    if abs(gap) <= cuts["same_second_s"]:
        return "same second"
    if abs(gap) <= cuts["same_minute_s"] and not _has_ended_before(first, second, gap):
        return "same minute"
    return _overlap_level(first, second, gap, cuts) or _shift_level(gap, cuts)


def _has_ended_before(
    first: Traits,
    second: Traits,
    gap: float,
) -> bool:
    """Return whether one had ended when the other began.

    A false start of half a minute and the next attempt start within a minute of each other, and yet
    they are two recordings.
    """
    have_durations = duration_s(first) > 0 and duration_s(second) > 0
    return have_durations and overlap_share(first, second, gap) <= 0


def _is_zone_unknown(first: Traits, second: Traits) -> bool:
    """Return whether one has only UTC and the other only local time."""
    is_utc_missing = first.start_utc_s is None or second.start_utc_s is None
    is_local_missing = first.start_local_s is None or second.start_local_s is None
    return is_utc_missing and is_local_missing


def _level_without_zone(gap: float, cuts: Cuts) -> str:
    """Return the level if any zone may lie between the two clocks."""
    remainder = half_hour_remainder_s(gap, cuts)
    if abs(gap) > cuts["shift_most_s"] or remainder > cuts["same_minute_s"]:
        return "apart"
    if remainder <= cuts["same_second_s"]:
        return "same second of some zone"
    return "same minute of some zone"


def _overlap_level(
    first: Traits,
    second: Traits,
    gap: float,
    cuts: Cuts,
) -> str | None:
    """Return the level of two recordings that overlap, or ``None`` if they do not."""
    share = overlap_share(first, second, gap)
    if share <= 0:
        return None
    is_near = abs(gap) < cuts["drift_s"]
    remainder = half_hour_remainder_s(gap, cuts)
    if remainder <= cuts["shift_second_s"] and abs(gap) > cuts["drift_s"]:
        # A copy of a three-hour ride with a clock that is one hour off overlaps it for two hours.
        # A wrong clock explains a gap of exactly an hour better than an overlap by chance does.
        return None
    if share < cuts["overlap"]:
        return "in part"
    return "together" if is_near else "inside"


def _shift_level(gap: float, cuts: Cuts) -> str:
    """Return the level of two recordings that do not overlap."""
    if abs(gap) < cuts["drift_s"]:
        return "beside"
    if abs(gap) > cuts["shift_most_s"]:
        return "apart"
    remainder = half_hour_remainder_s(gap, cuts)
    if remainder <= cuts["shift_second_s"]:
        return "hours to the second"
    if remainder <= cuts["same_minute_s"]:
        return "hours to the minute"
    return "apart"
