"""The measurements of a workout in the units of the model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fitglue_garmin.reading import text_of
from fitglue_garmin.tables import tables
from fitglue_registry.model import TrainingLoad, gives_way
from fitglue_registry.model.cadence import counts_one_leg
from fitglue_registry.model.sports import ON_FOOT

if TYPE_CHECKING:
    from fitglue_garmin.payload import Payload

#: ``unitKey`` of the unit of a pool length in a detail → meters.
_POOL_UNITS = {
    "centimeter": 0.01,
    "feet": 0.3048,
    "foot": 0.3048,
    "meter": 1.0,
    "yard": 0.9144,
}
#: An intensity factor that is larger is a percentage. Nobody works at 300 % of the threshold for a
#: complete workout, and nobody at 3 %.
_LARGEST_FACTOR = 3.0
#: Guess, from the FIT profile, message ``session``: both ratings run to 100, the exertion in steps
#: of 10, and the feeling in steps of 25.
_HIGHEST_RATING = 100.0
_RPE_STEP = 10.0
_FEEL_STEP = 25.0


def measurements(
    payload: Payload,
    sport: str,
) -> dict[str, Any]:
    """Return the measurements of a workout as fields of the model; unknown ones are ``None``."""
    fields: dict[str, Any] = {}
    for name, value in tables().fields.items():
        fields[name] = payload.number(value)
    duration_s = payload.other("duration_s")
    for name in ("elapsed_s", "moving_s"):
        if gives_way(
            name,
            fields[name],
            duration_s,
        ):
            fields[name] = duration_s
    return {
        **fields,
        **_cadence(payload, sport),
        **_load(payload),
        **_pool(payload),
    }


def metrics(payload: Payload) -> dict[str, float]:
    """Return the numbers that have a known meaning but no field of the model."""
    numbers = {}
    for name, value in tables().metrics.items():
        number = payload.number(value)
        if number is not None:
            numbers[name] = number
    return numbers


def ratings(
    payload: Payload,
    missing: dict[str, str],
) -> dict[str, Any]:
    """Return how hard the workout was for the athlete, and how the athlete felt.

    Only the detail has them. A value that is off the scale is left out, with a remark.

    Args:
        payload: The row and the detail.
        missing: Gets the reason for each field that is left out.
    """
    fields: dict[str, Any] = {}
    exertion = _on_scale(
        payload,
        "exertion",
        "rpe",
        missing,
    )
    # FIT profile, message session: 0 means that the athlete did not rate it.
    # A smaller one than the first step is of a scale that we do not know.
    if exertion and exertion < _RPE_STEP:
        missing["rpe"] = f"the source says {exertion:g}, which is off the scale"
    elif exertion:
        fields["rpe"] = exertion / _RPE_STEP
    feeling = _on_scale(
        payload,
        "feeling",
        "feel",
        missing,
    )
    if feeling is not None:
        # 1 of the model is very strong, and 5 very weak.
        fields["feel"] = 5 - round(feeling / _FEEL_STEP)
    return fields


def _on_scale(
    payload: Payload,
    name: str,
    field: str,
    missing: dict[str, str],
) -> float | None:
    """Return a rating from 0 to 100; ``None`` if there is none, or if it is off the scale."""
    rating = payload.other(name)
    if rating is None or 0 <= rating <= _HIGHEST_RATING:
        return rating
    missing[field] = f"the source says {rating:g}, which is off the scale"
    return None


def _cadence(
    payload: Payload,
    sport: str,
) -> dict[str, Any]:
    """Return the cadence as fields of the model.

    Documented: a running cadence counts the steps of both legs. The value decides nevertheless, as
    for every source, and the documentation only if the value leaves it open.
    """
    fields: dict[str, Any] = {}
    for cadence in tables().cadences:
        value = payload.number(cadence.average)
        if not gives_way(
            "average_cadence_rpm",
            fields.get("average_cadence_rpm"),
            value,
        ):
            continue
        per_leg = counts_one_leg(sport, value)
        if per_leg is None and sport in ON_FOOT and value:
            per_leg = False
        fields = {
            "average_cadence_rpm": value,
            "max_cadence_rpm": payload.number(cadence.highest),
            "cadence_per_leg": per_leg,
        }
    return fields


def _load(payload: Payload) -> dict[str, Any]:
    """Return the training stress score, which is computed from power, and the intensity."""
    fields: dict[str, Any] = {}
    score = payload.other("training_stress_score")
    # A negative value makes no sense, and 0 means that there is none.
    if score and score > 0:
        fields["training_load"] = score
        fields["training_loads"] = (
            TrainingLoad(
                score,
                "power",
                chosen=True,
            ),
        )
    factor = payload.other("intensity_factor")
    if factor and factor > 0:
        # Documented: 0.80 in the list means 80 %, and the value of the detail is a percentage.
        if factor <= _LARGEST_FACTOR:
            factor = round(factor * 100, 2)
        fields["intensity_pct"] = factor
    return fields


def _pool(payload: Payload) -> dict[str, Any]:
    """Return the length of the pool, and how many lengths were swum."""
    fields: dict[str, Any] = {"pool_length_m": payload.other("pool_length_m")}
    if fields["pool_length_m"] is None:
        length = payload.other("pool_length_in_its_unit")
        factor = _POOL_UNITS.get(_pool_unit(payload))
        if length is not None and factor is not None:
            fields["pool_length_m"] = round(length * factor, 4)
    lengths = payload.other("pool_lengths")
    if lengths and lengths > 0:
        fields["pool_lengths"] = int(lengths)
    return fields


def _pool_unit(payload: Payload) -> str:
    """Return the unit of the length of the pool in the detail, or an empty text."""
    unit = payload.summary.get("unitOfPoolLength")
    if not isinstance(unit, dict):
        return ""
    key = text_of(unit.get("unitKey")) or ""
    return key.casefold().replace("metre", "meter").removesuffix("s")
