"""How alike two channels of two recordings run: their correlation at the lag that suits them
best.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

    Channel = tuple[Sequence[float], Sequence[float]]
    Values = np.ndarray[tuple[int], np.dtype[np.float64]]


def best_correlation(
    one: Channel, two: Channel, offset_s: float, lag_s: float, least_s: float
) -> float | None:
    """Pearson's correlation of two channels (times in s since each start, values) at the best lag
    of up to ``lag_s`` to either side.

    ``offset_s`` is how much later the second starts. ``None`` where fewer than ``least_s`` seconds
    are shared, or one does not move.
    """
    import numpy as np

    first, second = _by_second(*one, 0.0), _by_second(*two, offset_s)
    if first is None or second is None:
        return None
    best: float | None = None
    for lag in range(-int(lag_s), int(lag_s) + 1, 5):
        start = max(first[0], second[0] + lag)
        end = min(first[0] + len(first[1]), second[0] + lag + len(second[1]))
        if end - start < least_s:
            continue
        a = first[1][start - first[0] : end - first[0]]
        b = second[1][start - second[0] - lag : end - second[0] - lag]
        there = ~(np.isnan(a) | np.isnan(b))
        a, b = a[there], b[there]
        if len(a) < least_s or a.std() < 1e-9 or b.std() < 1e-9:
            continue
        r = float(np.corrcoef(a, b)[0, 1])
        best = r if best is None else max(best, r)
    return best


def _by_second(
    times: Sequence[float], values: Sequence[float], offset_s: float
) -> tuple[int, Values] | None:
    """The channel second by second: the first second, and a value for each; a hole of more than ten
    seconds stays one.
    """
    import numpy as np

    t, v = np.asarray(times, float) + offset_s, np.asarray(values, float)
    there = ~(np.isnan(t) | np.isnan(v))
    t, v = t[there], v[there]
    if len(t) < 2 or t[-1] - t[0] > 200_000:
        return None
    seconds = np.arange(np.ceil(t[0]), np.floor(t[-1]) + 1)
    filled = np.interp(seconds, t, v)
    after = np.clip(np.searchsorted(t, seconds), 1, len(t) - 1)
    filled[t[after] - t[after - 1] > 10] = np.nan
    return int(seconds[0]), filled
