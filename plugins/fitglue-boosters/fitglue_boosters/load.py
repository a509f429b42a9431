"""The training load of one workout: the first step that has what it needs gives the load.

1. The load that a source states, with its method.
2. Power: the training stress score of the normalized power (``power.py``).
3. Heart rate: the training impulse of the recorded samples (``heart_rate.py``).
4. Average heart rate: the same of one number, marked as estimated.
5. What the athlete felt: rating · minutes (``session_rpe.py``).

The scale of the steps differs, so each load names its method. Power gives 100 for an hour at
threshold. Heart rate gives the same if the threshold heart rate is known, and the training impulse
itself if it is not. A session rating gives several hundred for a hard hour.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from fitglue_boosters.heart_rate import impulse, impulse_of_average, in_hours_at_threshold
from fitglue_boosters.power import intensity_factor, normalized_power, stress_score
from fitglue_boosters.session_rpe import session_load
from fitglue_boosters.thresholds import Lacking

if TYPE_CHECKING:
    from fitglue_boosters.heart_rate import Heart
    from fitglue_boosters.samples import Samples
    from fitglue_boosters.workout import Workout

LEAST_COVERAGE = 0.8
"""The share of the recording that must have values, if its samples are to stand for all of it."""
#: The order in which a load is taken of a source that says of none that it counts.
_METHODS = ("power", "heart_rate", "pace")


@dataclass(frozen=True, slots=True)
class Load:
    """The training load of one workout.

    Attributes:
        value: The load, in the points of its method.
        method: power, heart_rate, session_rpe, or what a source states.
        variant: The variant of the method: TSS, HRSS or TRIMP.
        is_estimated: Whether it follows from an estimate, or from one average.
        is_stated: Whether a source states that this load counts.
        others: Other values that were computed for it, by field or metric.
        remarks: What a reader should know about it.
    """

    value: float
    method: str | None
    variant: str | None = None
    is_estimated: bool = False
    is_stated: bool = False
    others: dict[str, float] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()


def training_load(
    workout: Workout,
    *,
    counts_rating: bool = True,
) -> tuple[Load | None, list[Lacking]]:
    """Return the load of a workout, and what the better steps lacked.

    Args:
        workout: The workout.
        counts_rating: Whether what the athlete felt gives a load if nothing else does.
    """
    steps = [
        stated_load,
        load_by_power,
        load_by_heart_rate,
        load_by_average_heart_rate,
    ]
    if counts_rating:
        steps.append(load_by_rating)
    lacking: dict[Lacking, None] = {}
    # Two steps that lack the same setting say so once.
    for step in steps:
        outcome = step(workout)
        if isinstance(outcome, Load):
            return outcome, list(lacking)
        if outcome is not None:
            lacking[outcome] = None
    if not lacking:
        lacking[Lacking("it has neither power nor a heart rate nor a rating")] = None
    return None, list(lacking)


# -- the steps, from the best to the last ----------------------------------------------------------


def stated_load(workout: Workout) -> Load | Lacking | None:
    """Return the load that a source states for a workout; it is never computed again.

    Example: Intervals.icu states 79 by power, 71 by heart rate and 96 by pace, and counts 79.
    """
    activity = workout.activity
    stated = activity.training_loads
    if activity.training_load is not None:
        chosen = next((load for load in stated if load.chosen), None)
        return Load(
            activity.training_load,
            chosen.method if chosen else None,
            is_stated=True,
        )
    for method in _METHODS:
        for load in stated:
            if load.method == method:
                return Load(
                    load.value,
                    method,
                    load.variant,
                )
    return None


def load_by_power(workout: Workout) -> Load | Lacking | None:
    """Return the training stress score.

    Example: a source states 200 W normalized and 5400 s in motion, and the threshold is 250 W: 96.
    """
    if "power" in workout.ignored:
        return None
    activity = workout.activity
    others = {}
    # The device computed its own figure from all of its samples, also those that it did not keep.
    weighted = activity.weighted_average_watts
    if not weighted:
        computed = _weighted(workout)
        if not isinstance(computed, float):
            return computed
        weighted = computed
        others["weighted_average_watts"] = round(weighted, 1)
    duration = workout.duration_s
    if duration is None:
        return Lacking("its duration is not known")
    threshold = workout.thresholds.power()
    if isinstance(threshold, Lacking):
        return threshold
    factor = intensity_factor(weighted, threshold)
    others["intensity_pct"] = round(100.0 * factor, 1)
    remark = f"{weighted:.0f} W normalized for {duration / 60:.0f} min, threshold {threshold:g} W"
    return Load(
        stress_score(duration, weighted, threshold),
        "power",
        "TSS",
        is_estimated=activity.power_kind == "estimated",
        others=others,
        remarks=(remark,),
    )


def load_by_heart_rate(workout: Workout) -> Load | Lacking | None:
    """Return the training impulse of the recorded heart rate, on the scale of the TSS if possible.

    Example: 30 minutes at 130 bpm with rest 50 and maximum 190, a man: 32.9.
    """
    samples = workout.heart_rate
    if samples is None or "heartrate" in workout.ignored:
        return None
    if samples.coverage < LEAST_COVERAGE:
        return Lacking(f"the heart rate is missing for {_missing(samples)} of the recording")
    heart = workout.thresholds.heart()
    if isinstance(heart, Lacking):
        return heart
    return _by_impulse(
        workout,
        impulse(samples, heart),
        heart,
        _remarks_on(samples, heart),
    )


def load_by_average_heart_rate(workout: Workout) -> Load | Lacking | None:
    """Return the training impulse of the average heart rate: an estimate.

    Example: 2179 s at an average of 128 bpm with rest 57 and maximum 179, a man: 41.3.
    """
    average = workout.activity.average_heartrate_bpm
    if not average or "heartrate" in workout.ignored:
        return None
    duration = workout.duration_s
    if duration is None:
        return Lacking("its duration is not known")
    heart = workout.thresholds.heart()
    if isinstance(heart, Lacking):
        return heart
    remark = f"estimated from the average heart rate of {average:g} bpm"
    return _by_impulse(
        workout,
        impulse_of_average(duration, average, heart),
        heart,
        [remark],
        is_estimated=True,
    )


def load_by_rating(workout: Workout) -> Load | Lacking | None:
    """Return the load of the athlete's rating.

    Example: 45 minutes with a rating of 4: 180.
    """
    rating = workout.activity.rpe
    if rating is None:
        return None
    duration = workout.duration_s
    if duration is None:
        return Lacking("its duration is not known")
    load = session_load(duration, rating)
    return Load(
        load,
        "session_rpe",
        is_estimated=True,
        others={"session_rpe": round(load, 1)},
        remarks=("rating · minutes, a scale on which a hard hour is several hundred",),
    )


# -- parts of the steps ----------------------------------------------------------------------------


def _weighted(workout: Workout) -> float | Lacking | None:
    """Return the normalized power of the samples."""
    samples = workout.power
    if samples is None:
        return None
    if samples.coverage < LEAST_COVERAGE:
        return Lacking(f"power is missing for {_missing(samples)} of the recording")
    weighted = normalized_power(samples)
    if weighted is None:
        return Lacking("its samples of power are too few for a normalized power")
    return weighted


def _by_impulse(
    workout: Workout,
    trimp: float,
    heart: Heart,
    remarks: list[str],
    *,
    is_estimated: bool = False,
) -> Load:
    """Return a load by heart rate, on the scale of the TSS if the threshold is known."""
    value = trimp
    variant = "TRIMP"
    threshold = workout.thresholds.threshold_heart_rate()
    scaled = None
    if threshold is not None:
        scaled = in_hours_at_threshold(trimp, threshold, heart)
    if scaled is not None:
        value = scaled
        variant = "HRSS"
    else:
        remark = "an hour at threshold is not 100 on this scale, but it is with a threshold"
        remarks = [*remarks, f"{remark} heart rate: `fitglue settings lthr 170`"]
    return Load(
        value,
        "heart_rate",
        variant,
        is_estimated=is_estimated,
        others={"trimp": round(trimp, 1)},
        remarks=tuple(remarks),
    )


def _remarks_on(samples: Samples, heart: Heart) -> list[str]:
    """Return what a reader should know about a recorded heart rate."""
    remarks = []
    # What is missing makes the load too low, and no value is invented for it.
    if samples.coverage < 1.0:
        missing = _missing(samples)
        remarks.append(f"the heart rate is missing for {missing}, which count as nothing")
    highest = float(samples.values[samples.is_known].max())
    if highest > heart.max_bpm:
        maximum = f"the maximum of {heart.max_bpm:g} bpm, which counts instead"
        remarks.append(f"the heart rate reached {highest:g} bpm, above {maximum}")
    return remarks


def _missing(samples: Samples) -> str:
    """Return the share without a value as text; a small share is not called 0 %."""
    percent = round(100 * (1 - samples.coverage))
    return f"{max(1, percent)} %"
