"""Compares the figures of two source activities.

For each line of evidence there is the level at which they agree, or nothing where one is silent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fitglue_registry.dedupe.time_evidence import span_s, time_level

if TYPE_CHECKING:
    from fitglue_registry.dedupe.traits import Traits
    from fitglue_registry.dedupe.weights import Cuts

Levels = dict[str, str]
"""Line of evidence → level of agreement. A line that is not there is no evidence."""


def levels(
    one: Traits,
    other: Traits,
    cuts: Cuts,
) -> Levels:
    """Every line of evidence except those that need samples."""
    found: Levels = {"time": time_level(one, other, cuts)}
    found["account"] = "one" if one.account == other.account else "two"
    if one.family and other.family:
        found["sport"] = "same" if one.family == other.family else "other"
    found |= _size(one, other, cuts)
    found |= _heart(one, other, cuts)
    found |= _figure("power", one.average_watts, other.average_watts, cuts)
    found |= _figure("calories", one.calories_kcal, other.calories_kcal, cuts)
    found |= _figure("climb", one.elevation_gain_m, other.elevation_gain_m, cuts)
    return found


def difference(one: float, other: float) -> float:
    """How far two figures are apart, as a share of the larger."""
    return abs(one - other) / max(abs(one), abs(other), 1e-9)


def _figure(
    line: str,
    one: float | None,
    other: float | None,
    cuts: Cuts,
) -> Levels:
    if not one or not other:
        return {}
    return {line: _level(difference(one, other), cuts, line)}


def _level(
    apart: float,
    cuts: Cuts,
    line: str,
) -> str:
    if apart <= cuts[f"{line}_equal"]:
        return "equal"
    if apart <= cuts[f"{line}_near"]:
        return "near"
    return "far"


def _size(
    one: Traits,
    other: Traits,
    cuts: Cuts,
) -> Levels:
    """Distance and duration together.

    Counted one by one, a single cut or a single pause rule would count twice.
    """
    duration = durations_apart(one, other)
    if one.distance_m is None or other.distance_m is None:
        return _duration_only(duration, cuts)
    distance = difference(one.distance_m, other.distance_m)
    if duration is None:
        return {"distance": _level(distance, cuts, "distance")}
    level = _size_level(distance, duration, cuts)
    if level is not None:
        return {"size": level}
    if not _is_piece(one, other):
        return {"size": "other"}
    return {"size": "a piece" if distance <= cuts["piece"] else "a fragment"}


def _duration_only(duration: float | None, cuts: Cuts) -> Levels:
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
    """The level of two sizes that are alike in anything; ``None`` where they are not."""
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


def durations_apart(one: Traits, other: Traits) -> float | None:
    """The least that the durations differ by, as a share; ``None`` where one has none.

    Each source has its own pause rule, so both elapsed and moving time are compared.
    """
    apart = []
    if one.elapsed_s and other.elapsed_s:
        apart.append(difference(one.elapsed_s, other.elapsed_s))
    if one.moving_s and other.moving_s:
        apart.append(difference(one.moving_s, other.moving_s))
    if not apart and span_s(one) and span_s(other):
        return difference(span_s(one), span_s(other))
    return min(apart, default=None)


def _is_piece(one: Traits, other: Traits) -> bool:
    """Whether the shorter distance also took the shorter time, as a piece of it would."""
    brief, long = sorted((one, other), key=span_s)
    return (brief.distance_m or 0.0) < (long.distance_m or 0.0)


def _heart(
    one: Traits,
    other: Traits,
    cuts: Cuts,
) -> Levels:
    """Average and highest heart rate together, for the same beats make both."""
    if not one.average_heartrate_bpm or not other.average_heartrate_bpm:
        return {}
    apart = difference(one.average_heartrate_bpm, other.average_heartrate_bpm)
    level = _level(apart, cuts, "heart")
    if level == "equal" and one.max_heartrate_bpm and other.max_heartrate_bpm:
        highest = difference(one.max_heartrate_bpm, other.max_heartrate_bpm)
        return {"heart": "equal twice" if highest <= cuts["heart_equal"] else "near"}
    if level == "far" and apart <= cuts["heart_apart"]:
        return {"heart": "apart"}
    return {"heart": level}
