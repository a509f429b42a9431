"""Removes from an activity what a pipeline leaves out, and all that is computed from it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from fitglue_registry.model import Lap, SourceActivity
from fitglue_registry.pipeline.left_out import CONTENTS, KNOWN_EXTENSIONS, KNOWN_STREAMS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fitglue_registry.model import Stream, TrainingLoad
    from fitglue_registry.pipeline.left_out import Content

_EMPTY = SourceActivity()
_EMPTY_LAP = Lap()


def without(activity: SourceActivity, name: str) -> SourceActivity:
    """Return an activity without one of the contents of ``left_out``.

    Metrics, and streams of unknown types, are removed with anything that is measured, because
    nobody knows what they were computed from. Extensions other than zones are always removed.

    Args:
        activity: The activity, with its streams.
        name: Name in ``leave_out``, such as ``heartrate``.
    """
    content = CONTENTS[name]
    changes: dict[str, Any] = {}
    for field in content.fields:
        changes[field] = getattr(_EMPTY, field)
    changes["extensions"] = _extensions(activity, content)
    changes.setdefault("laps", _laps(activity.laps, content))
    if content.streams or content.metrics:
        changes["streams"] = _streams(activity.streams, content)
        changes["metrics"] = _metrics(activity, content)
    if content.load:
        changes |= _loads(activity.training_loads, content.load)
    changes["provenance"] = _provenance(activity, changes)
    return msgspec.structs.replace(activity, **changes)


def _streams(streams: Iterable[Stream], content: Content) -> tuple[Stream, ...]:
    kept = []
    for stream in streams:
        if stream.type in KNOWN_STREAMS and stream.type not in content.streams:
            kept.append(stream)
    return tuple(kept)


def _laps(laps: Iterable[Lap], content: Content) -> tuple[Lap, ...]:
    changes: dict[str, Any] = {}
    for field in content.laps:
        changes[field] = getattr(_EMPTY_LAP, field)
    kept: list[Lap] = []
    for lap in laps:
        kept.append(msgspec.structs.replace(lap, **changes))
    return tuple(kept)


def _extensions(activity: SourceActivity, content: Content) -> dict[str, Any]:
    kept = {}
    for name, value in activity.extensions.items():
        if name in KNOWN_EXTENSIONS and name not in content.zones:
            kept[name] = value
    return kept


def _metrics(activity: SourceActivity, content: Content) -> dict[str, float]:
    kept = {}
    for name, value in activity.metrics.items():
        if not any(part in name for part in content.metrics):
            kept[name] = value
    return kept


def _loads(loads: Iterable[TrainingLoad], method: str) -> dict[str, Any]:
    """Return the training loads that are surely not computed by a method.

    The load of the activity stays if the source says which one it is, and that one stays.
    """
    kept: list[TrainingLoad] = []
    counted: float | None = None
    for load in loads:
        if load.method in (None, method):
            continue
        kept.append(load)
        if load.chosen:
            counted = load.value
    return {
        "training_load": counted,
        "training_loads": tuple(kept),
    }


def _provenance(activity: SourceActivity, changes: dict[str, Any]) -> dict[str, Any]:
    """Return the origins of the values that stay."""
    kept = {}
    for field, origin in activity.provenance.items():
        value = getattr(activity, field, None)
        if changes.get(field, value) == value:
            kept[field] = origin
    return kept
