"""Training load: the values that Intervals.icu computes for one activity, and which of them counts
toward fitness.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from fitglue_registry.model import TrainingLoad

if TYPE_CHECKING:
    from fitglue_intervals.values import Values

BY = "Intervals.icu"


class _Method(NamedTuple):
    """One way to compute a load: its name in ``tiz_order`` and in the model, and its keys."""

    name: str
    method: str
    key: str
    variant_key: str | None


#: Documented: only the first value is a TSS.
_METHODS = (
    _Method("POWER", "power", "power_load", None),
    _Method("HR", "heart_rate", "hr_load", "hr_load_type"),
    _Method("PACE", "pace", "pace_load", "pace_load_type"),
)
#: The order of preference of a sport whose settings the row does not repeat.
_USUAL_ORDER = "POWER_HR_PACE"


def training_loads(values: Values) -> tuple[TrainingLoad, ...]:
    """Return all loads of the activity, with the one that counts marked as chosen.

    The API does not say which load it took for ``icu_training_load``. Seen: it is not the highest
    (a swim with a pace load of 72 and a heart rate load of 40 counts 40). The chosen load is the
    first in the order of the sport's settings whose value is equal. If none is equal,
    ``icu_training_load`` is one more load, which the athlete typed if the activity says so.
    """
    counted = values.number("icu_training_load")
    computed = _computed_loads(values)
    chosen = None
    if counted is not None:
        chosen = _chosen(values, computed, counted)
    loads = []
    for method, number in computed.items():
        variant = values.text(method.variant_key) if method.variant_key else None
        load = TrainingLoad(
            number,
            method.method,
            variant,
            BY,
            chosen=method == chosen,
        )
        loads.append(load)
    if counted is not None and chosen is None:
        by = "athlete" if edited(values) else BY
        loads.append(TrainingLoad(counted, by=by, chosen=True))
    return tuple(loads)


def edited(values: Values) -> bool:
    """Return whether the athlete typed the load that counts."""
    return values.flag("icu_training_load_edited") is True


def _computed_loads(values: Values) -> dict[_Method, float]:
    """Return the load of each method that has one."""
    computed = {}
    for method in _METHODS:
        number = values.number(method.key)
        if number is not None:
            computed[method] = number
    return computed


def _chosen(
    values: Values,
    computed: dict[_Method, float],
    counted: float,
) -> _Method | None:
    """Return the first method, in the order of the sport's settings, whose load counts."""
    order = (values.text("tiz_order") or _USUAL_ORDER).split("_")
    equal = [method for method, number in computed.items() if number == counted]
    listed = [method for method in equal if method.name in order]
    if listed:
        return min(listed, key=lambda method: order.index(method.name))
    return equal[0] if equal else None
