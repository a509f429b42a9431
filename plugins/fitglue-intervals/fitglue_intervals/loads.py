"""Training load: the figures that Intervals.icu offers for one activity, and which of them it
counts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from fitglue_registry.model import TrainingLoad

if TYPE_CHECKING:
    from fitglue_intervals.values import Values

BY = "Intervals.icu"


class _Method(NamedTuple):
    """How a load is computed: its name in ``tiz_order`` and in the model, and its keys."""

    name: str
    method: str
    figure: str
    variant: str | None


#: Only the first is a TSS.
_METHODS = (
    _Method("POWER", "power", "power_load", None),
    _Method("HR", "heart_rate", "hr_load", "hr_load_type"),
    _Method("PACE", "pace", "pace_load", "pace_load_type"),
)
_USUAL_ORDER = "POWER_HR_PACE"


def training_loads(values: Values) -> tuple[TrainingLoad, ...]:
    """Every figure of the activity, the counted one marked.

    Nothing says which one was taken: it is the first in the order of the sport's settings that
    equals ``icu_training_load``. A counted figure that is none of them stands as one more: the
    athlete's own where the activity says that it was edited.
    """
    counted = values.figure("icu_training_load")
    figures = _figures(values)
    chosen = None
    if counted is not None:
        chosen = _chosen(values, figures, counted)
    loads = []
    for method, figure in figures.items():
        variant = values.text(method.variant) if method.variant else None
        load = TrainingLoad(
            figure,
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
    """Whether the athlete typed the counted figure."""
    return values.flag("icu_training_load_edited") is True


def _figures(values: Values) -> dict[_Method, float]:
    figures = {}
    for method in _METHODS:
        figure = values.figure(method.figure)
        if figure is not None:
            figures[method] = figure
    return figures


def _chosen(
    values: Values,
    figures: dict[_Method, float],
    counted: float,
) -> _Method | None:
    """The first method, in the order of the sport's settings, that gives the counted figure."""
    order = (values.text("tiz_order") or _USUAL_ORDER).split("_")
    equal = [method for method, figure in figures.items() if figure == counted]
    listed = [method for method in equal if method.name in order]
    if listed:
        return min(listed, key=lambda method: order.index(method.name))
    return equal[0] if equal else None
