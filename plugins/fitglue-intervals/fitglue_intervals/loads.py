"""Training load: the figures that Intervals.icu offers for one activity, and which of them it
counts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fitglue_registry.model import TrainingLoad

if TYPE_CHECKING:
    from fitglue_intervals.values import Values

BY = "Intervals.icu"
#: Name in ``tiz_order``, the method as the model names it, key of the figure, key of its variant.
#: Only the first is a TSS.
_METHODS = (
    ("POWER", "power", "power_load", None),
    ("HR", "heart_rate", "hr_load", "hr_load_type"),
    ("PACE", "pace", "pace_load", "pace_load_type"),
)
_USUAL_ORDER = "POWER_HR_PACE"


def training_loads(values: Values) -> tuple[TrainingLoad, ...]:
    """Every figure of the activity, the counted one marked.

    Nothing says which one was taken: it is the first in the order of the sport's settings that
    equals ``icu_training_load``. A counted figure that is none of them stands as one more: the
    athlete's own where the activity says that it was edited.
    """
    counted = values.figure("icu_training_load")
    found = {
        name: (value, method, variant and values.text(variant))
        for name, method, key, variant in _METHODS
        if (value := values.figure(key)) is not None
    }
    order = (values.text("tiz_order") or _USUAL_ORDER).split("_")
    ranked = sorted(found, key=lambda name: order.index(name) if name in order else len(order))
    chosen = next(
        (name for name in ranked if counted is not None and found[name][0] == counted), None
    )
    loads = tuple(
        TrainingLoad(value, method, variant, BY, name == chosen)
        for name, (value, method, variant) in found.items()
    )
    if counted is None or chosen is not None:
        return loads
    return (*loads, TrainingLoad(counted, by="athlete" if edited(values) else BY, chosen=True))


def edited(values: Values) -> bool:
    """Whether the athlete typed the counted figure."""
    return values.flag("icu_training_load_edited") is True
