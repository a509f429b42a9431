"""What a booster computed for an activity, and how the activity takes it over.

Only what no source states is taken over, so a booster never hides a value of a source.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import msgspec
from msgspec import Struct

from fitglue_registry.model.activity import Provenance, SourceActivity

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

METRICS = "metrics."
"""The beginning of the name of a value that has no field of its own, such as metrics.trimp."""
#: What a booster changes only in what is sent on.
_ONLY_SENT = frozenset({"title", "description", "sport", "tags"})


class Computation(Struct, frozen=True, omit_defaults=True):
    """The stored result of a booster for one activity.

    Attributes:
        booster: The id of its entry.
        version: The version of its plugin.
        values: Field of the activity, or ``metrics.NAME`` → value.
        how: ``computed``, or ``estimated`` if a value that it needs was assumed.
        method: How it was computed, such as ``power (TSS)``.
        notes: Sentences for the athlete, such as what is missing.
    """

    booster: str
    version: str
    values: dict[str, float | str | bool] = {}
    how: Literal["computed", "estimated"] = "computed"
    method: str | None = None
    notes: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The booster with its version, without the number of the patch."""
        version = ".".join(self.version.split(".")[:2])
        return f"{self.booster} {version}"


def is_storable(name: str, value: object) -> bool:
    """Return whether a value of a booster can be a value of an activity.

    Args:
        name: The field of the activity, or ``metrics.NAME``.
        value: The value.
    """
    document: dict[str, Any] = {name: value}
    if name.startswith(METRICS):
        document = {"metrics": {name.removeprefix(METRICS): value}}
    if name in _ONLY_SENT:
        return False
    try:
        msgspec.convert(document, SourceActivity)
    except msgspec.ValidationError:
        return False
    return True


def with_computed(
    activity: SourceActivity,
    computations: Iterable[Computation],
    decided: Collection[str] = (),
) -> tuple[SourceActivity, list[str]]:
    """Return an activity with what boosters computed, where it has no value of its own.

    Args:
        activity: The merged activity.
        computations: The results of boosters; the first one that has a value counts.
        decided: The fields whose values the athlete chose, also if the choice is to have none.

    Returns:
        The activity, and the names of the values that it took over.
    """
    values: dict[str, Any] = {}
    metrics = dict(activity.metrics)
    provenance = dict(activity.provenance)
    taken = []
    for computation in computations:
        stated = Provenance(computation.how, by=computation.name, note=computation.method)
        for name, value in computation.values.items():
            metric = name.removeprefix(METRICS)
            if name.startswith(METRICS):
                if metric in metrics:
                    continue
                metrics[metric] = float(value)
            elif name in values or name in decided or getattr(activity, name, 0) is not None:
                continue
            else:
                values[name] = value
            provenance[name] = stated
            taken.append(name)
    if not taken:
        return activity, []
    changes = {**values, "metrics": metrics, "provenance": provenance}
    return msgspec.structs.replace(activity, **changes), taken


def without_computed(activity: SourceActivity, taken: Iterable[str]) -> SourceActivity:
    """Return an activity without values that it took over from boosters.

    Args:
        activity: The activity.
        taken: The names that ``with_computed`` returned.
    """
    values: dict[str, Any] = {}
    metrics = dict(activity.metrics)
    provenance = dict(activity.provenance)
    for name in taken:
        provenance.pop(name, None)
        if name.startswith(METRICS):
            metrics.pop(name.removeprefix(METRICS), None)
        else:
            values[name] = None
    changes = {**values, "metrics": metrics, "provenance": provenance}
    return msgspec.structs.replace(activity, **changes)
