"""Puts two source activities side by side: for each line of evidence the level at which they agree,
or nothing where one is silent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fitglue_registry.dedupe import tracks
from fitglue_registry.dedupe.curves import best_correlation

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fitglue_registry.dedupe.traits import Point, Samples, Traits

Cuts = dict[str, float]
"""The points between two levels, by name, as ``matching.toml`` states them."""

Levels = dict[str, str]
"""Line of evidence → level of agreement. A line that is not there is no evidence."""


def levels(one: Traits, two: Traits, cuts: Cuts) -> Levels:
    """Every line of evidence but those that need samples."""
    found = {
        "time": time_level(one, two, cuts),
        "account": "one" if one.account == two.account else "two",
    }
    found.update(_figures(one, two, cuts))
    return found


def _figures(one: Traits, two: Traits, cuts: Cuts) -> Iterator[tuple[str, str]]:
    if one.family and two.family:
        yield "sport", "same" if one.family == two.family else "other"
    if size := _size_level(one, two, cuts):
        yield size
    if heart := _heart_level(one, two, cuts):
        yield "heart", heart
    for name, first, second in (
        ("power", one.average_watts, two.average_watts),
        ("calories", one.calories_kcal, two.calories_kcal),
    ):
        if first and second:
            yield name, _ladder(difference(first, second), cuts, name)
    if one.elevation_gain_m and two.elevation_gain_m:
        yield (
            "climb",
            _ladder(difference(one.elevation_gain_m, two.elevation_gain_m), cuts, "climb"),
        )


def difference(one: float, two: float) -> float:
    """How far two figures are apart, as a share of the larger."""
    return abs(one - two) / max(abs(one), abs(two), 1e-9)


def _ladder(apart: float, cuts: Cuts, name: str) -> str:
    if apart <= cuts[f"{name}_equal"]:
        return "equal"
    return "near" if apart <= cuts[f"{name}_near"] else "far"


# -- time ------------------------------------------------------------------------------------------


def gap_s(one: Traits, two: Traits) -> float | None:
    """Seconds from the first start to the second, on the clock that both have; ``None`` where a
    start is missing.

    Where one has UTC alone and the other local time alone, the zone between them is unknown and
    stays in the figure.
    """
    if one.start_utc_s is not None and two.start_utc_s is not None:
        return two.start_utc_s - one.start_utc_s
    if one.start_s is None or two.start_s is None:
        return None
    return two.start_s - one.start_s


def off_hours_s(gap: float, cuts: Cuts) -> float:
    """How far a gap is from a whole number of the steps by which clocks and zones are shifted (half
    hours).
    """
    step = cuts["shift_step_s"]
    return abs((gap + step / 2) % step - step / 2)


def time_level(one: Traits, two: Traits, cuts: Cuts) -> str:
    """How the two recorded stretches of time lie to each other."""
    gap = gap_s(one, two)
    if gap is None:
        return "unknown"
    if max(one.precision_s, two.precision_s) >= cuts["day_s"]:
        return "same day" if on_one_day(one, two, cuts) else "apart"
    if _is_between_zones(one, two):
        return _zoneless_level(gap, cuts)
    if abs(gap) <= cuts["same_second_s"]:
        return "same second"
    if abs(gap) <= cuts["same_minute_s"] and not _is_over(one, two, gap):
        return "same minute"
    return _overlap_level(one, two, gap, cuts) or _shift_level(gap, cuts)


def _is_over(one: Traits, two: Traits, gap: float) -> bool:
    """Whether the first had ended when the second began, as short recordings do within a minute."""
    return span_s(one) > 0 and span_s(two) > 0 and overlap(one, two, gap) <= 0


def _is_between_zones(one: Traits, two: Traits) -> bool:
    """Whether one knows UTC alone and the other local time alone, so that the zone between them is
    anybody's guess.
    """
    return (one.start_utc_s is None or two.start_utc_s is None) and (
        one.start_local_s is None or two.start_local_s is None
    )


def _zoneless_level(gap: float, cuts: Cuts) -> str:
    off = off_hours_s(gap, cuts)
    if abs(gap) > cuts["shift_most_s"] or off > cuts["same_minute_s"]:
        return "apart"
    return (
        "same second of some zone" if off <= cuts["same_second_s"] else "same minute of some zone"
    )


def on_one_day(one: Traits, two: Traits, cuts: Cuts) -> bool:
    """Whether both begin on the same day of the calendar, by the local clock."""
    first, second = ((side.start_s or 0.0) // cuts["day_s"] for side in (one, two))
    return first == second


def _overlap_level(one: Traits, two: Traits, gap: float, cuts: Cuts) -> str | None:
    share = overlap(one, two, gap)
    if share <= 0:
        return None
    if off_hours_s(gap, cuts) <= cuts["shift_second_s"] and abs(gap) > cuts["drift_s"]:
        # Three hours of which two seem shared, an hour to the second apart: rather a clock.
        return None
    if share < cuts["overlap"]:
        return "in part"
    return "together" if abs(gap) < cuts["drift_s"] else "inside"


def overlap(one: Traits, two: Traits, gap: float) -> float:
    """The share of the shorter recording that falls into the other; zero where one has no
    length.
    """
    first, second = span_s(one), span_s(two)
    shorter = min(first, second)
    return (min(first, gap + second) - max(0.0, gap)) / shorter if shorter > 0 else 0.0


def span_s(one: Traits) -> float:
    """The length on the clock, as far as it is known: moving time is the least that it can be."""
    return one.elapsed_s or one.moving_s or 0.0


def _shift_level(gap: float, cuts: Cuts) -> str:
    if abs(gap) < cuts["drift_s"]:
        return "beside"
    if abs(gap) <= cuts["shift_most_s"]:
        off = off_hours_s(gap, cuts)
        if off <= cuts["shift_second_s"]:
            return "hours to the second"
        if off <= cuts["same_minute_s"]:
            return "hours to the minute"
    return "apart"


# -- size and heart --------------------------------------------------------------------------------


def _size_level(one: Traits, two: Traits, cuts: Cuts) -> tuple[str, str] | None:
    """Distance and duration together: counted singly, one cut or one pause rule would count
    twice.
    """
    time = durations_apart(one, two)
    if one.distance_m is None or two.distance_m is None:
        return (
            None
            if time is None
            else (
                "duration",
                "a fragment" if time > cuts["piece"] else _ladder(time, cuts, "duration"),
            )
        )
    way = difference(one.distance_m, two.distance_m)
    if time is None:
        return "distance", _ladder(way, cuts, "distance")
    if way <= cuts["identical"] and time <= cuts["identical"]:
        return "size", "identical"
    if way <= cuts["distance_equal"] and time <= cuts["duration_equal"]:
        return "size", "equal"
    if way <= cuts["distance_near"]:
        return "size", "near" if time <= cuts["duration_near"] else "one distance"
    if time <= cuts["duration_equal"]:
        return "size", "one duration"
    if way <= cuts["distance_loose"] and time <= cuts["duration_loose"]:
        return "size", "loose"
    if not _is_piece(one, two):
        return "size", "other"
    return "size", "a piece" if way <= cuts["piece"] else "a fragment"


def durations_apart(one: Traits, two: Traits) -> float | None:
    """The least that the durations differ by: each source has its own pause rule, so elapsed and
    moving time are tried.
    """
    pairs = ((one.elapsed_s, two.elapsed_s), (one.moving_s, two.moving_s))
    known = [difference(first, second) for first, second in pairs if first and second]
    if not known and span_s(one) and span_s(two):
        return difference(span_s(one), span_s(two))
    return min(known, default=None)


def _is_piece(one: Traits, two: Traits) -> bool:
    """Whether the shorter way also took the shorter time, as a piece of it would."""
    brief, long = sorted((one, two), key=span_s)
    return (brief.distance_m or 0.0) < (long.distance_m or 0.0)


def _heart_level(one: Traits, two: Traits, cuts: Cuts) -> str | None:
    """Average and highest heart rate together, for the same beats make both."""
    if not (one.average_heartrate_bpm and two.average_heartrate_bpm):
        return None
    level = _ladder(difference(one.average_heartrate_bpm, two.average_heartrate_bpm), cuts, "heart")
    if level == "equal" and one.max_heartrate_bpm and two.max_heartrate_bpm:
        return (
            "equal twice"
            if difference(one.max_heartrate_bpm, two.max_heartrate_bpm) <= cuts["heart_equal"]
            else "near"
        )
    if (
        level == "far"
        and difference(one.average_heartrate_bpm, two.average_heartrate_bpm) <= cuts["heart_apart"]
    ):
        return "apart"
    return level


# -- samples ---------------------------------------------------------------------------------------


def sample_levels(
    one: Traits, two: Traits, first: Samples | None, second: Samples | None, cuts: Cuts
) -> Levels:
    """The lines that need both recordings."""
    found: Levels = {}
    if first is None or second is None:
        return found
    if track := track_level(first.track, second.track, cuts):
        found["track"] = track
    if curve := _curve_level(one, two, first, second, cuts):
        found["curve"] = curve
    return found


def track_level(first: Sequence[Point], second: Sequence[Point], cuts: Cuts) -> str | None:
    """What two tracks share: points (one recording), the way (one route), or nothing; ``None``
    where one has none.
    """
    if min(len(first), len(second)) < cuts["track_points"]:
        return None
    if tracks.gap_m(first, second) > cuts["place_m"]:
        return "another place"
    points = tracks.shared(first, second, cuts["point_m"])
    if points >= cuts["points_most"]:
        return "same points"
    if points >= cuts["points_many"]:
        return "many points"
    way = tracks.along(first, second, cuts["way_m"])
    if way >= cuts["way_most"]:
        return "same way"
    return "part of the way" if way >= cuts["way_part"] else "another way"


def _curve_level(
    one: Traits, two: Traits, first: Samples, second: Samples, cuts: Cuts
) -> str | None:
    """How alike heart rate runs in both, else power: two hearts do not beat alike for an hour."""
    gap = gap_s(one, two) or 0.0
    # A clock that is hours off: what is left of the gap is what is compared.
    if abs(gap) > cuts["drift_s"]:
        gap = (gap + cuts["shift_step_s"] / 2) % cuts["shift_step_s"] - cuts["shift_step_s"] / 2
    for channel in ("heartrate", "watts"):
        if channel in first.channels and channel in second.channels:
            r = best_correlation(
                (first.time_s, first.channels[channel]),
                (second.time_s, second.channels[channel]),
                gap,
                cuts["curve_lag_s"],
                cuts["curve_overlap_s"],
            )
            if r is not None:
                return (
                    "one curve"
                    if r >= cuts["curve_most"]
                    else "alike"
                    if r >= cuts["curve_like"]
                    else "another curve"
                )
    return None
