"""Compares two recordings, sample by sample: their tracks, and the curves of their channels."""

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

#: Seconds between the lags that are tried.
_LAG_STEP_S = 5
#: A gap between samples that is longer stays a gap.
_LONGEST_GAP_S = 10
_LONGEST_RECORDING_S = 200_000
#: A channel that varies less does not move, and correlates with nothing.
_STILL = 1e-9


class Channel(NamedTuple):
    """One channel of a recording: seconds since the start, and a value for each."""

    time_s: Sequence[float]
    values: Sequence[float]


class _Curve(NamedTuple):
    """A channel second by second, from the second ``start`` on."""

    start: int
    values: Values

    def part(self, start: int, end: int) -> Values:
        return self.values[start - self.start : end - self.start]


def sample_levels(
    pair: tuple[Traits, Traits],
    samples: tuple[Samples | None, Samples | None],
    cuts: Cuts,
) -> Levels:
    """The lines of evidence that need both recordings."""
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
    """What two tracks share; ``None`` where one has none.

    That is their points (one recording), their way (one route), or nothing.
    """
    if min(len(first), len(second)) < cuts["track_points"]:
        return None
    if tracks.gap_m(first, second) > cuts["place_m"]:
        return "another place"
    points = tracks.shared_points(first, second, cuts["point_m"])
    if points >= cuts["points_most"]:
        return "same points"
    if points >= cuts["points_many"]:
        return "many points"
    way = tracks.shared_way(first, second, cuts["way_m"])
    if way >= cuts["way_most"]:
        return "same way"
    return "part of the way" if way >= cuts["way_part"] else "another way"


def _curve_level(
    pair: tuple[Traits, Traits],
    samples: tuple[Samples, Samples],
    cuts: Cuts,
) -> str | None:
    """How alike heart rate runs in both, else power: two hearts do not beat alike for an hour."""
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


def _offset_s(pair: tuple[Traits, Traits], cuts: Cuts) -> float:
    gap = gap_s(*pair) or 0.0
    if abs(gap) <= cuts["drift_s"]:
        return gap
    # A clock is hours off: the rest of the gap is how much later the second starts.
    step = cuts["shift_step_s"]
    return (gap + step / 2) % step - step / 2


def _correlation_level(correlation: float, cuts: Cuts) -> str:
    if correlation >= cuts["curve_most"]:
        return "one curve"
    if correlation >= cuts["curve_like"]:
        return "alike"
    return "another curve"


def best_correlation(
    one: Channel,
    other: Channel,
    offset_s: float,
    cuts: Cuts,
) -> float | None:
    """Pearson's correlation of two channels, at the lag that suits them best.

    Lags of up to ``curve_lag_s`` to either side are tried; ``offset_s`` is how much later the
    second starts. ``None`` where fewer than ``curve_overlap_s`` seconds are shared, or where one
    does not move.
    """
    first = _by_second(one, 0.0)
    second = _by_second(other, offset_s)
    if first is None or second is None:
        return None
    longest_lag = int(cuts["curve_lag_s"])
    best: float | None = None
    for lag in range(-longest_lag, longest_lag + 1, _LAG_STEP_S):
        lagged = _Curve(second.start + lag, second.values)
        correlation = _correlation(first, lagged, cuts["curve_overlap_s"])
        if correlation is not None and (best is None or correlation > best):
            best = correlation
    return best


def _correlation(
    one: _Curve,
    other: _Curve,
    least_s: float,
) -> float | None:
    start = max(one.start, other.start)
    end = min(one.start + len(one.values), other.start + len(other.values))
    if end - start < least_s:
        return None
    a = one.part(start, end)
    b = other.part(start, end)
    is_known = ~(np.isnan(a) | np.isnan(b))
    a = a[is_known]
    b = b[is_known]
    if len(a) < least_s or a.std() < _STILL or b.std() < _STILL:
        return None
    return float(np.corrcoef(a, b)[0, 1])


def _by_second(channel: Channel, offset_s: float) -> _Curve | None:
    """The channel with a value for each second; longer gaps stay gaps."""
    time = np.asarray(channel.time_s, float) + offset_s
    values = np.asarray(channel.values, float)
    is_known = ~(np.isnan(time) | np.isnan(values))
    time = time[is_known]
    values = values[is_known]
    if len(time) < 2 or time[-1] - time[0] > _LONGEST_RECORDING_S:
        return None
    seconds = np.arange(np.ceil(time[0]), np.floor(time[-1]) + 1)
    filled = np.interp(seconds, time, values)
    after = np.clip(np.searchsorted(time, seconds), 1, len(time) - 1)
    filled[time[after] - time[after - 1] > _LONGEST_GAP_S] = np.nan
    return _Curve(int(seconds[0]), filled)
