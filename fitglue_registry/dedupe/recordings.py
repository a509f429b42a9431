"""Compares the samples of two recordings: their tracks, and the curves of their channels."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from fitglue_registry.dedupe import tracks
from fitglue_registry.dedupe.time_evidence import gap_s

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fitglue_registry.dedupe.evidence import Levels
    from fitglue_registry.dedupe.traits import Point, Samples, Traits
    from fitglue_registry.dedupe.weights import Cuts

    Values = np.ndarray[tuple[int], np.dtype[np.float64]]

#: Seconds between two lags that are tried.
_LAG_STEP_S = 5
#: Values are interpolated between samples that are at most this many seconds apart.
_MAX_INTERPOLATED_GAP_S = 10
#: Longer recordings are not compared, since a curve has one value for each second.
_MAX_RECORDING_S = 200_000
#: A channel with a smaller standard deviation is constant, and has no correlation with anything.
_MIN_DEVIATION = 1e-9


class Channel(NamedTuple):
    """One channel of a recording: seconds since the start, and a value for each of them."""

    time_s: Sequence[float]
    values: Sequence[float]


class _Curve(NamedTuple):
    """A channel with one value per second; the first value belongs to the second ``start``."""

    start: int
    values: Values

    def part(
        self,
        start: int,
        end: int,
    ) -> Values:
        return self.values[start - self.start : end - self.start]


def sample_levels(
    pair: tuple[Traits, Traits],
    samples: tuple[Samples | None, Samples | None],
    cuts: Cuts,
) -> Levels:
    """Return the levels of the comparisons ``track`` and ``curve``, as far as samples allow it."""
    first, second = samples
    if first is None or second is None:
        return {}
    levels: Levels = {}
    track = track_level(first.track, second.track, cuts)
    if track is not None:
        levels["track"] = track
    curve = _curve_level(pair, (first, second), cuts)
    if curve is not None:
        levels["curve"] = curve
    return levels


def track_level(
    first: Sequence[Point],
    second: Sequence[Point],
    cuts: Cuts,
) -> str | None:
    """Return the level of the comparison ``track``, or ``None`` if a track has too few points.

    Shared points show that both are exports of one recording. A shared route ("way" in the names of
    the levels) may also have been covered twice.
    """
    if min(len(first), len(second)) < cuts["track_points"]:
        return None
    if tracks.box_gap_m(first, second) > cuts["place_m"]:
        return "another place"
    points = tracks.shared_points(first, second, cuts["point_m"])
    if points >= cuts["points_most"]:
        return "same points"
    if points >= cuts["points_many"]:
        return "many points"
    route = tracks.shared_route(first, second, cuts["route_m"])
    if route >= cuts["route_most"]:
        return "same way"
    return "part of the way" if route >= cuts["route_part"] else "another way"


def _curve_level(
    pair: tuple[Traits, Traits],
    samples: tuple[Samples, Samples],
    cuts: Cuts,
) -> str | None:
    """Return the level of the comparison ``curve``: of heart rate if both have it, else of power.

    Two hearts do not beat alike for an hour, so heart rate distinguishes two people who train side
    by side.
    """
    first, second = samples
    offset_s = _offset_s(pair, cuts)
    for name in ("heartrate", "watts"):
        if name not in first.channels or name not in second.channels:
            continue
        correlation = best_correlation(
            Channel(first.time_s, first.channels[name]),
            Channel(second.time_s, second.channels[name]),
            offset_s,
            cuts,
        )
        if correlation is not None:
            return _correlation_level(correlation, cuts)
    return None


def _offset_s(
    pair: tuple[Traits, Traits],
    cuts: Cuts,
) -> float:
    """Return how many seconds later the second recording starts, without a shift of its clock."""
    gap = gap_s(*pair) or 0.0
    if abs(gap) <= cuts["drift_s"]:
        return gap
    # One clock is wrong by some half hours. What exceeds them is the true gap.
    step = cuts["shift_step_s"]
    return (gap + step / 2) % step - step / 2


def _correlation_level(
    correlation: float,
    cuts: Cuts,
) -> str:
    if correlation >= cuts["curve_most"]:
        return "one curve"
    if correlation >= cuts["curve_like"]:
        return "alike"
    return "another curve"


def best_correlation(
    first: Channel,
    second: Channel,
    offset_s: float,
    cuts: Cuts,
) -> float | None:
    """Return Pearson's correlation of two channels at the lag at which it is largest.

    Args:
        first: A channel of one recording.
        second: The same channel of the other recording.
        offset_s: How many seconds later the second recording starts.
        cuts: Lags of up to ``curve_lag_s`` to either side are tried, because programs that save a
            file again have moved its start by minutes.

    Returns:
        The correlation, or ``None`` if fewer than ``curve_overlap_s`` seconds are shared or if a
        channel is constant.
    """
    first_curve = _by_second(first, 0.0)
    second_curve = _by_second(second, offset_s)
    if first_curve is None or second_curve is None:
        return None
    max_lag = int(cuts["curve_lag_s"])
    best: float | None = None
    for lag in range(-max_lag, max_lag + 1, _LAG_STEP_S):
        lagged = _Curve(second_curve.start + lag, second_curve.values)
        correlation = _correlation(first_curve, lagged, cuts["curve_overlap_s"])
        if correlation is not None and (best is None or correlation > best):
            best = correlation
    return best


def _correlation(
    first: _Curve,
    second: _Curve,
    min_shared_s: float,
) -> float | None:
    """Return Pearson's correlation over the seconds in which both curves have a value."""
    start = max(first.start, second.start)
    end = min(first.start + len(first.values), second.start + len(second.values))
    if end - start < min_shared_s:
        return None
    a = first.part(start, end)
    b = second.part(start, end)
    is_known = ~(np.isnan(a) | np.isnan(b))
    a = a[is_known]
    b = b[is_known]
    if len(a) < min_shared_s or a.std() < _MIN_DEVIATION or b.std() < _MIN_DEVIATION:
        return None
    return float(np.corrcoef(a, b)[0, 1])


def _by_second(
    channel: Channel,
    offset_s: float,
) -> _Curve | None:
    """Return the channel interpolated to one value per second, with NaN in its long gaps."""
    time = np.asarray(channel.time_s, float) + offset_s
    values = np.asarray(channel.values, float)
    is_known = ~(np.isnan(time) | np.isnan(values))
    time = time[is_known]
    values = values[is_known]
    if len(time) < 2 or time[-1] - time[0] > _MAX_RECORDING_S:
        return None
    seconds = np.arange(np.ceil(time[0]), np.floor(time[-1]) + 1)
    filled = np.interp(seconds, time, values)
    # ``np.interp`` also fills gaps of any length, so those must be emptied again.
    after = np.clip(np.searchsorted(time, seconds), 1, len(time) - 1)
    filled[time[after] - time[after - 1] > _MAX_INTERPOLATED_GAP_S] = np.nan
    return _Curve(int(seconds[0]), filled)
