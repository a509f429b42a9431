"""Compares the values of two source activities: assigns each comparison its level of agreement."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fitglue_registry.dedupe.time_evidence import duration_s, time_level

if TYPE_CHECKING:
    from fitglue_registry.dedupe.traits import Traits
    from fitglue_registry.dedupe.weights import Cuts

Levels = dict[str, str]
"""Comparison → level of agreement. A comparison for which a value is missing has no entry.

The names are keys of ``weights.toml`` and are stored in the reasons of ``fg_opinions``, so they
must not change.
"""


def comparison_levels(
    first: Traits,
    second: Traits,
    cuts: Cuts,
) -> Levels:
    """Return the level of every comparison that needs no samples."""
    levels: Levels = {"time": time_level(first, second, cuts)}
    levels["account"] = "one" if first.account == second.account else "two"
    if first.family and second.family:
        levels["sport"] = "same" if first.family == second.family else "other"
    levels |= _compare_size(first, second, cuts)
    levels |= _compare_heart_rate(first, second, cuts)
    levels |= _compare_values("power", first.average_watts, second.average_watts, cuts)
    levels |= _compare_values("calories", first.calories_kcal, second.calories_kcal, cuts)
    levels |= _compare_values("climb", first.elevation_gain_m, second.elevation_gain_m, cuts)
    return levels


def relative_difference(first: float, second: float) -> float:
    """Return how far two values are apart, as a share of the larger one."""
    # The lower bound avoids a division by zero if both are zero.
    return abs(first - second) / max(abs(first), abs(second), 1e-9)


def _compare_values(
    comparison: str,
    first: float | None,
    second: float | None,
    cuts: Cuts,
) -> Levels:
    """Return the level of a comparison of two values; without one of them, or if one is zero,
    nothing.
    """
    if not first or not second:
        return {}
    return {comparison: _level(relative_difference(first, second), cuts, comparison)}


def _level(
    difference: float,
    cuts: Cuts,
    comparison: str,
) -> str:
    """Return the level of a relative difference, by the cut-off values of the comparison."""
    if difference <= cuts[f"{comparison}_equal"]:
        return "equal"
    if difference <= cuts[f"{comparison}_near"]:
        return "near"
    return "far"


def _compare_size(
    first: Traits,
    second: Traits,
    cuts: Cuts,
) -> Levels:
    """Compare distance and duration together.

    The two depend on each other: a cut at the start changes both. As separate comparisons they
    would count the same fact twice, and Fellegi and Sunter's sum of weights assumes independence.
    """
    duration = duration_difference(first, second)
    if first.distance_m is None or second.distance_m is None:
        return _compare_duration(duration, cuts)
    distance = relative_difference(first.distance_m, second.distance_m)
    if duration is None:
        return {"distance": _level(distance, cuts, "distance")}
    level = _size_level(distance, duration, cuts)
    # Only sizes that agree in nothing can be those of a part and of the complete workout.
    if level is not None:
        return {"size": level}
    if not _is_shorter_in_both(first, second):
        return {"size": "other"}
    return {"size": "a piece" if distance <= cuts["piece"] else "a fragment"}


def _compare_duration(duration: float | None, cuts: Cuts) -> Levels:
    """Compare the durations of two source activities if one of them has no distance."""
    if duration is None:
        return {}
    if duration > cuts["piece"]:
        return {"duration": "a fragment"}
    return {"duration": _level(duration, cuts, "duration")}


def _size_level(
    distance: float,
    duration: float,
    cuts: Cuts,
) -> str | None:
    """Return the level of two sizes that agree in at least one respect, or else ``None``.

    Both arguments are relative differences.
    """
    if distance <= cuts["identical"] and duration <= cuts["identical"]:
        return "identical"
    if distance <= cuts["distance_equal"] and duration <= cuts["duration_equal"]:
        return "equal"
    if distance <= cuts["distance_near"]:
        return "near" if duration <= cuts["duration_near"] else "one distance"
    if duration <= cuts["duration_equal"]:
        return "one duration"
    if distance <= cuts["distance_loose"] and duration <= cuts["duration_loose"]:
        return "loose"
    return None


def duration_difference(first: Traits, second: Traits) -> float | None:
    """Return the relative difference of the durations, or ``None`` if one has no duration.

    Every source has its own rule for pauses, so both elapsed and moving time are compared, and the
    smaller difference is returned. If one has only elapsed time and the other only moving time,
    these two are compared.
    """
    differences = []
    if first.elapsed_s and second.elapsed_s:
        differences.append(relative_difference(first.elapsed_s, second.elapsed_s))
    if first.moving_s and second.moving_s:
        differences.append(relative_difference(first.moving_s, second.moving_s))
    if not differences and duration_s(first) and duration_s(second):
        return relative_difference(duration_s(first), duration_s(second))
    return min(differences, default=None)


def _is_shorter_in_both(first: Traits, second: Traits) -> bool:
    """Return whether the shorter duration also has the shorter distance, as a part would."""
    brief, long = sorted((first, second), key=duration_s)
    return (brief.distance_m or 0.0) < (long.distance_m or 0.0)


def _compare_heart_rate(
    first: Traits,
    second: Traits,
    cuts: Cuts,
) -> Levels:
    """Compare average and maximum heart rate together, because the same beats determine both."""
    if not first.average_heartrate_bpm or not second.average_heartrate_bpm:
        return {}
    difference = relative_difference(first.average_heartrate_bpm, second.average_heartrate_bpm)
    level = _level(difference, cuts, "heart")
    if level == "equal" and first.max_heartrate_bpm and second.max_heartrate_bpm:
        maximum = relative_difference(first.max_heartrate_bpm, second.max_heartrate_bpm)
        return {"heart": "equal twice" if maximum <= cuts["heart_equal"] else "near"}
    if level == "far" and difference <= cuts["heart_apart"]:
        return {"heart": "apart"}
    return {"heart": level}
