"""Training impulse (TRIMP): load by heart rate.

Sources: Eric Banister, *Modeling elite athletic performance*, in: Physiological Testing of Elite
Athletes (1991), pages 403–424, for the formula; R. Hugh Morton, John R. Fitz-Clarke and Eric W.
Banister, *Modeling human performance in running*, Journal of Applied Physiology 69 (1990), pages
1171–1177, for both sets of factors.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from fitglue_boosters.samples import Samples

    Sex = Literal["male", "female"]

#: Sex → factor and exponent of the weight of a heart rate. Both numbers differ: 0.64 with 1.67
#: gives women a load that is a quarter too low.
FACTORS: dict[str, tuple[float, float]] = {
    "male": (0.64, 1.92),
    "female": (0.86, 1.67),
}


@dataclass(frozen=True, slots=True)
class Heart:
    """What a heart rate is compared with.

    Attributes:
        rest_bpm: The resting heart rate, in beats per minute.
        max_bpm: The maximum heart rate, in beats per minute.
        sex: ``male`` or ``female``, which selects the factors.
    """

    rest_bpm: float
    max_bpm: float
    sex: str

    @property
    def range_bpm(self) -> float:
        """The heart rate reserve, in beats per minute."""
        return self.max_bpm - self.rest_bpm


def impulse(samples: Samples, heart: Heart) -> float:
    """Return the training impulse of a recorded heart rate.

    Formula: the sum of ``minutes · x · a · e^(b·x)``, where ``x`` is the heart rate reserve in use,
    ``(HR - rest) / (max - rest)``, limited to 0 … 1, and ``a`` and ``b`` are 0.64 and 1.92 for men,
    0.86 and 1.67 for women. From one sample to the next, the mean of both is taken. Pauses and
    seconds without a value count as nothing, and 0 bpm is no heart rate.

    Example: 30 minutes at 130 bpm with rest 50 and maximum 190 (x = 0.5714), a man:
    30 · 0.5714 · 0.64 · e^(1.92·0.5714) = 32.87; a woman: 30 · 0.5714 · 0.86 · e^(1.67·0.5714) =
    38.28.

    Args:
        samples: The samples of the heart rate.
        heart: What they are compared with.
    """
    known = samples.is_known
    values = samples.values[known]
    # A pause has no time of its own, so joining the samples before and after it changes little.
    following = np.append(values[1:], values[-1:])
    rates = (values + following) / 2.0
    reserve = np.clip((rates - heart.rest_bpm) / heart.range_bpm, 0.0, 1.0)
    factor, exponent = FACTORS[heart.sex]
    weights = reserve * factor * np.exp(exponent * reserve)
    return float(np.sum(samples.seconds[known] * weights)) / 60.0


def impulse_of_average(
    duration_s: float,
    average_bpm: float,
    heart: Heart,
) -> float:
    """Return the training impulse of an average heart rate: an estimate.

    The formula is that of ``impulse``. Because the weight of a heart rate grows faster than the
    heart rate, the estimate of an uneven workout is too low.

    Example: 36.3 minutes at an average of 128 bpm with rest 57 and maximum 179 (x = 0.582), a man:
    36.3 · 0.582 · 0.64 · e^(1.92·0.582) = 41.34.

    Args:
        duration_s: The duration, in seconds.
        average_bpm: The average heart rate, in beats per minute.
        heart: What it is compared with.
    """
    factor, exponent = FACTORS[heart.sex]
    reserve = (average_bpm - heart.rest_bpm) / heart.range_bpm
    reserve = min(max(reserve, 0.0), 1.0)
    return duration_s / 60.0 * reserve * factor * math.exp(exponent * reserve)


def in_hours_at_threshold(
    trimp: float,
    threshold_bpm: float,
    heart: Heart,
) -> float | None:
    """Return a training impulse on the scale of the TSS: an hour at threshold is 100.

    Formula: ``100 · TRIMP / TRIMP of 60 minutes at the threshold heart rate``. Others call it HRSS.

    Example: a TRIMP of 68.45 with threshold 153, rest 57, maximum 179, a man: 60 minutes at 153 bpm
    have a TRIMP of 136.9, so it is 50.

    Args:
        trimp: The training impulse.
        threshold_bpm: The heart rate at the lactate threshold, in beats per minute.
        heart: What heart rates are compared with.

    Returns:
        ``None`` if the threshold is not above the resting heart rate.
    """
    hour = impulse_of_average(3600.0, threshold_bpm, heart)
    if not hour:
        return None
    return 100.0 * trimp / hour
