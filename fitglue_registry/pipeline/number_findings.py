"""The findings of conditions about numbers, which can be unknown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fitglue_registry.pipeline.circles import distance_m
from fitglue_registry.pipeline.finding import Finding

if TYPE_CHECKING:
    from fitglue_registry.model import SourceActivity
    from fitglue_registry.pipeline.candidate import Candidate
    from fitglue_registry.pipeline.conditions import Place, Range, RangeKey

#: Key of a range → what its number is called, and the unit.
_NOUNS = {
    "distance_km": ("distance", "km"),
    "duration_min": ("duration", "min"),
    "climb_m": ("climb", "m"),
}
#: The most digits after the point that a number is shown with.
_MOST_DIGITS = 6


def range_finding(condition: Range, candidate: Candidate) -> Finding:
    """Return whether a number lies in a range."""
    noun, unit = _NOUNS[condition.key]
    wanted = _range(condition, unit)
    value = _value(condition.key, candidate.activity)
    if value is None:
        return Finding(
            None,
            f"its {noun} is not known",
            wanted,
        )
    shown = rounded(
        value,
        condition.minimum,
        condition.maximum,
    )
    return Finding(
        _is_within(condition, value),
        f"its {noun} is {shown} {unit}",
        wanted,
    )


def _value(key: RangeKey, activity: SourceActivity) -> float | None:
    """Return the number that a range is about, in its unit."""
    if key == "climb_m":
        return activity.elevation_gain_m
    if key == "distance_km":
        return _divided(activity.distance_m, 1_000)
    if activity.moving_s is not None:
        return _divided(activity.moving_s, 60)
    return _divided(activity.elapsed_s, 60)


def _divided(value: float | None, divisor: int) -> float | None:
    if value is None:
        return None
    return value / divisor


def _is_within(condition: Range, value: float) -> bool:
    if condition.minimum is not None and value < condition.minimum:
        return False
    return condition.maximum is None or value <= condition.maximum


def _range(condition: Range, unit: str) -> str:
    minimum = condition.minimum
    maximum = condition.maximum
    if maximum is None:
        return f"{minimum:.10g} {unit} or more"
    if minimum is None:
        return f"{maximum:.10g} {unit} or less"
    return f"{minimum:.10g} to {maximum:.10g} {unit}"


def place_finding(condition: Place, candidate: Candidate) -> Finding:
    """Return whether the workout begins in a circle."""
    radius = condition.radius_m
    center = (
        condition.latitude_deg,
        condition.longitude_deg,
    )
    place = f"{center[0]:.10g}, {center[1]:.10g}"
    wanted = f"workouts that start within {radius:.10g} m of {place}"
    start = candidate.starts_in
    if start is None:
        return Finding(
            None,
            "the place of its start is not known",
            wanted,
        )
    meters = distance_m(start, center)
    shown = rounded(meters, radius)
    return Finding(
        meters <= radius,
        f"it starts {shown} m from {place}",
        wanted,
    )


def rounded(value: float, *limits: float | None) -> str:
    """Return a number with as few digits as show on which side of the limits it is.

    Args:
        value: The number.
        limits: The limits that it was compared with; ``None`` is no limit.
    """
    for digits in range(1, _MOST_DIGITS):
        text = f"{value:.{digits}f}"
        shown = float(text)
        if _sides(shown, limits) == _sides(value, limits):
            return text.removesuffix(".0")
    return repr(value)


def _sides(value: float, limits: tuple[float | None, ...]) -> list[int]:
    """Return for each limit whether a value is below it (-1), at it (0) or above it (1)."""
    sides: list[int] = []
    for limit in limits:
        if limit is not None:
            is_above = value > limit
            is_below = value < limit
            sides.append(is_above - is_below)
    return sides
