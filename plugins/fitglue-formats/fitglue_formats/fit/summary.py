"""The summary of one session: the values that it states, and those that follow from its samples."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, NamedTuple

from fitglue_formats.consistency import is_covered
from fitglue_formats.distances import steady
from fitglue_formats.fit.arrays import known, without
from fitglue_formats.fit.values import cadence, number
from fitglue_registry.model import TrainingLoad

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fitglue_formats.fit.arrays import Numbers
    from fitglue_formats.fit.messages import Values
    from fitglue_formats.fit.samples import Samples
    from fitglue_registry.model import Lap

#: Field of the model ← field of the message ``session``. A negative value means "not measured".
AMOUNTS = {
    "elapsed_s": "total_elapsed_time",
    "moving_s": "total_timer_time",
    "distance_m": "total_distance",
    "elevation_gain_m": "total_ascent",
    "elevation_loss_m": "total_descent",
    "calories_kcal": "total_calories",
    "average_heartrate_bpm": "avg_heart_rate",
    "max_heartrate_bpm": "max_heart_rate",
    "min_heartrate_bpm": "min_heart_rate",
    "average_ground_contact_ms": "avg_stance_time",
    "average_vertical_oscillation_mm": "avg_vertical_oscillation",
    "average_vertical_ratio_pct": "avg_vertical_ratio",
    "pool_length_m": "pool_length",
}
#: The same, for fields whose negative values are kept, such as a temperature.
OTHER_VALUES = {
    "average_watts": "avg_power",
    "max_watts": "max_power",
    "weighted_average_watts": "normalized_power",
    "work_j": "total_work",
    "average_speed_mps": "enhanced_avg_speed",
    "max_speed_mps": "enhanced_max_speed",
    "average_temperature_c": "avg_temperature",
    "max_temperature_c": "max_temperature",
    "min_temperature_c": "min_temperature",
    "average_altitude_m": "enhanced_avg_altitude",
    "min_altitude_m": "enhanced_min_altitude",
    "max_altitude_m": "enhanced_max_altitude",
}
#: The same for cadences, which FIT keeps in two fields.
CADENCES = {
    "average_cadence_rpm": "avg_cadence",
    "max_cadence_rpm": "max_cadence",
}
#: Fields that are never 0 in a real workout: a zero means that the device did not measure them.
_NEVER_ZERO = frozenset(
    {
        "elapsed_s",
        "moving_s",
        "average_heartrate_bpm",
        "max_heartrate_bpm",
        "min_heartrate_bpm",
        "pool_length_m",
        "average_ground_contact_ms",
        "average_vertical_oscillation_mm",
        "average_vertical_ratio_pct",
        "average_speed_mps",
    }
)
#: Name of a metric of the model ← field of the message ``session``.
METRICS = {
    "aerobic_training_effect": "total_training_effect",
    "anaerobic_training_effect": "total_anaerobic_training_effect",
    "threshold_watts": "threshold_power",
    "average_respiration_brpm": "enhanced_avg_respiration_rate",
    "average_core_temperature_c": "avg_core_temperature",
    "max_core_temperature_c": "max_core_temperature",
    "strides": "total_strides",
    "rmssd_ms": "rmssd_hrv",
    "grit": "total_grit",
    "flow": "total_flow",
    "jumps": "jump_count",
    "training_load_peak": "training_load_peak",
}


#: The last distance of the samples is that of the session if they differ by less than this.
_NEAR_M = 100.0


class _Statistics(NamedTuple):
    """The fields of the model for the mean, the maximum and the minimum of a channel."""

    mean: str
    highest: str
    lowest: str | None = None


_STATISTICS = {
    "heartrate": _Statistics("average_heartrate_bpm", "max_heartrate_bpm"),
    "watts": _Statistics("average_watts", "max_watts"),
    "cadence": _Statistics("average_cadence_rpm", "max_cadence_rpm"),
    "temperature": _Statistics(
        "average_temperature_c",
        "max_temperature_c",
        "min_temperature_c",
    ),
    "altitude": _Statistics(
        "average_altitude_m",
        "max_altitude_m",
        "min_altitude_m",
    ),
}
#: Totals and averages whose zero is no value if the samples or laps have a positive one. Without
#: such evidence, the zero is kept.
DOUBTFUL_ZEROS = frozenset(
    {
        "distance_m",
        "calories_kcal",
        "average_watts",
        "max_watts",
        "average_cadence_rpm",
        "max_cadence_rpm",
    }
)


def stated_values(session: Values) -> dict[str, Any]:
    """Return the fields of the model that the session states."""
    fields = {}
    for field, name in (AMOUNTS | OTHER_VALUES).items():
        may_be_zero = field not in _NEVER_ZERO
        amount = number(
            session,
            name,
            zero=may_be_zero,
        )
        if amount is None:
            continue
        if amount < 0 and field in AMOUNTS:
            continue
        fields[field] = amount
    for field, name in CADENCES.items():
        revolutions = cadence(session, name)
        if revolutions is not None:
            fields[field] = revolutions
    return fields


def computed_values(
    samples: Samples,
    start: float,
    moving_s: float | None,
) -> dict[str, Any]:
    """Return the fields of the model that follow from the samples of a session.

    Args:
        samples: The samples of the session.
        start: Its start in seconds after the FIT epoch.
        moving_s: The stated time without pauses; the elapsed time is at least as long.
    """
    fields: dict[str, Any] = {}
    if not len(samples):
        return fields
    last = float(samples.time[-1])
    span = last - start
    # A single sample has no duration.
    if span > 0:
        fields["elapsed_s"] = max(span, moving_s or 0.0)
    distance = samples.channels.get("distance")
    if distance is not None:
        # The stream stays as the device wrote it.
        distances = known(steady(distance).values)
        last_distance = float(distances[-1])
        fields["distance_m"] = max(last_distance, 0.0)
    for channel, statistics in _STATISTICS.items():
        values = samples.channels.get(channel)
        if values is None:
            continue
        if channel == "cadence":
            # Devices leave the time without pedaling or walking out of the mean.
            values = without(values, values == 0)
        fields |= _statistics(known(values), statistics)
    return fields


def sampled_m(
    samples: Samples,
    stated_m: float | None,
) -> float | None:
    """Return the distance that the samples cover, or ``None`` if they do not show it.

    A file can continue the distance of an earlier one. But a device can also write its first sample
    late: if the last distance is the stated one, nothing was before the recording.

    Args:
        samples: The samples of the session.
        stated_m: The distance that the session states.
    """
    distance = samples.channels.get("distance")
    if distance is None:
        return None
    distances = known(steady(distance).values)
    first = float(distances[0])
    last = float(distances[-1])
    if stated_m is not None and abs(last - stated_m) < min(first, _NEAR_M):
        return last
    # The first sample of a leg can be the last one of the leg before, with the distance of both.
    return last - first if last >= first else None


def unsteady_distance(samples: Samples) -> str | None:
    """Return how the distance of the samples begins anew or jumps, in words, if it does."""
    distance = samples.channels.get("distance")
    return None if distance is None else steady(distance).note


def _statistics(values: Numbers, statistics: _Statistics) -> dict[str, float]:
    """Return the mean, maximum and minimum of a channel under the names of the model."""
    if not len(values):
        return {}
    fields = {
        statistics.mean: float(values.mean()),
        statistics.highest: float(values.max()),
    }
    if statistics.lowest is not None:
        fields[statistics.lowest] = float(values.min())
    return fields


def sums_of(laps: Iterable[Lap]) -> dict[str, float]:
    """Return the totals that the laps of a session have together."""
    sums: dict[str, float] = defaultdict(float)
    for lap in laps:
        if lap.kind != "lap":
            continue
        sums["distance_m"] += lap.distance_m or 0.0
        sums["calories_kcal"] += lap.calories_kcal or 0.0
    return {name: value for name, value in sums.items() if value > 0}


def durations_of(
    laps: Iterable[Lap],
    elapsed_s: float | None,
) -> dict[str, float]:
    """Return the durations that the laps of a session have together, if they are all known.

    Args:
        laps: The laps of the session.
        elapsed_s: The elapsed time of the session, if it is known. A file that was cut off lacks
            its last laps, so the others have to cover this time.
    """
    counted = [lap for lap in laps if lap.kind == "lap"]
    elapsed = [lap.elapsed_s for lap in counted if lap.elapsed_s]
    moving = [lap.moving_s for lap in counted if lap.moving_s]
    durations: dict[str, float] = {}
    if not counted or len(elapsed) < len(counted):
        return durations
    if elapsed_s is not None and not is_covered(elapsed_s, sum(elapsed)):
        return durations
    durations["elapsed_s"] = sum(elapsed)
    if len(moving) == len(counted):
        durations["moving_s"] = sum(moving)
    return durations


def metrics(session: Values) -> dict[str, float]:
    """Return the stated values that the model keeps in ``metrics``."""
    fields = {}
    for name, field in METRICS.items():
        amount = number(session, field)
        if amount is not None:
            fields[name] = amount
    return fields


def effort(session: Values) -> dict[str, Any]:
    """Return how hard the workout was, as rated by the athlete and as calculated by the device.

    FIT profile, message ``session``: ``workout_rpe`` is the rating of perceived exertion times ten,
    from 10 (very light) to 100, so 0 means that the athlete did not rate it; ``workout_feel`` runs
    from 0 (very weak) to 100 (very strong), in steps of 25.
    """
    fields: dict[str, Any] = {}
    exertion = number(session, "workout_rpe")
    if exertion is not None and 0 < exertion <= 100:
        fields["rpe"] = exertion / 10
    feel = number(session, "workout_feel")
    if feel is not None and 0 <= feel <= 100:
        fields["feel"] = 5 - round(feel / 25)  # of the model: 1 is very strong, 5 very weak
    load = number(
        session,
        "training_stress_score",
        zero=False,
    )
    if load is not None:
        fields["training_load"] = load
        # Devices state a TSS only if they computed it from power.
        fields["training_loads"] = (TrainingLoad(load, "power", chosen=True),)
    intensity = number(
        session,
        "intensity_factor",
        zero=False,
    )
    if intensity is not None:
        fields["intensity_pct"] = intensity * 100
    return fields
