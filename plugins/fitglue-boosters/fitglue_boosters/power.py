"""Normalized power, intensity factor and training stress score (TSS): load by power.

Source: Hunter Allen and Andrew Coggan, *Training and Racing with a Power Meter* (2nd edition 2010,
chapter 7).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from fitglue_boosters.samples import Samples

WINDOW_S = 30
"""The length of the rolling mean, in seconds: as slow as the body answers to a change of effort."""


def normalized_power(samples: Samples) -> float | None:
    """Return the normalized power of a recording, in watts.

    Formula: the fourth root of the mean of the fourth powers of the rolling means of 30 s. The
    rolling means begin with second 30. Pauses and seconds without a value are cut out, and what is
    before and after them is joined; a second with 0 W is a second of coasting and counts.

    Example: one minute at 200 W and then one minute at 300 W. The rolling mean is 200 W for 31
    values (seconds 30 to 60), rises by 10/3 W per second for 29 values, and is 300 W for 31
    values (seconds 90 to 120). The mean of the 91 fourth powers is 4.643e9 W⁴; its fourth root is
    261.0 W, while the average power is 250 W.

    Args:
        samples: The samples of power.

    Returns:
        ``None`` if less than 30 s have a value, or if the usual step is longer than a rolling mean.
    """
    if samples.known_s < WINDOW_S or samples.step_s > WINDOW_S:
        return None
    known = samples.is_known
    seconds = samples.seconds[known]
    # Work is linear between two samples of a step function, so the mean of any 30 s is exact,
    # whatever the steps of the recording are.
    clock = np.concatenate(([0.0], np.cumsum(seconds)))
    work = np.concatenate(([0.0], np.cumsum(seconds * samples.values[known])))
    ends = np.arange(WINDOW_S, np.floor(clock[-1]) + 1.0)
    until = np.interp(ends, clock, work)
    before = np.interp(ends - WINDOW_S, clock, work)
    means = (until - before) / WINDOW_S
    return float(np.mean(means**4) ** 0.25)


def intensity_factor(weighted_watts: float, threshold_watts: float) -> float:
    """Return the intensity factor: normalized power divided by threshold power.

    Example: 200 W normalized at a threshold of 250 W is 0.8, or 80 %.

    Args:
        weighted_watts: Normalized power, in watts.
        threshold_watts: Power that the athlete can hold for about an hour (FTP), in watts.
    """
    return weighted_watts / threshold_watts


def stress_score(
    duration_s: float,
    weighted_watts: float,
    threshold_watts: float,
) -> float:
    """Return the training stress score (TSS).

    Formula: ``seconds · NP · IF / (FTP · 3600) · 100``, which is ``hours · IF² · 100``: an hour at
    threshold power is 100.

    Example: 5400 s (1.5 h) at 200 W normalized with a threshold of 250 W: 1.5 · 0.8² · 100 = 96.

    Args:
        duration_s: The duration, in seconds. Intervals.icu takes the moving time: so do 282 of 284
            activities of a real account, and so do we.
        weighted_watts: Normalized power, in watts.
        threshold_watts: The threshold power, in watts.
    """
    factor = intensity_factor(weighted_watts, threshold_watts)
    return duration_s / 3600.0 * factor**2 * 100.0
