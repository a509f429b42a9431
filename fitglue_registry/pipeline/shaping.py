"""The form in which an activity is sent to a destination: merged, boosted, and without what stays.

Planning and sending use the same form, so that what was announced is what is sent.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec

from fitglue_registry.pipeline.privacy import departing

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fitglue_registry.model import SourceActivity
    from fitglue_registry.pipeline.document import Pipeline
    from fitglue_registry.pipeline.subject import Subject
    from fitglue_registry.pipeline.target import Target

_METRICS = "metrics."


@dataclass(frozen=True, slots=True)
class Boosted:
    """What the boosters of a pipeline computed and changed together.

    Attributes:
        values: Field of the activity, or ``metrics.NAME`` → value, used where it has none.
        changes: ``title``, ``description``, ``sport`` and ``tags`` → what is sent instead.
        steps: What each booster said.
        stop: Why the activity is not sent on; ``None`` if it is.
    """

    values: Mapping[str, Any] = field(default_factory=dict)
    changes: Mapping[str, Any] = field(default_factory=dict)
    steps: tuple[Mapping[str, Any], ...] = ()
    stop: str | None = None


@dataclass(frozen=True, slots=True)
class Shaped:
    """An activity as a destination gets it.

    Attributes:
        activity: The activity; it has streams only if they were asked for, or if a place must stay
            private.
        left_out: What stays here, in sentences.
        whole: Whether the original file may be sent.
    """

    activity: SourceActivity
    left_out: tuple[str, ...] = ()
    whole: bool = True


@dataclass(frozen=True, slots=True)
class Kept:
    """The statement that an activity is not sent to a destination, and why."""

    reason: str


def shape(
    pipeline: Pipeline,
    subject: Subject,
    target: Target,
    boosted: Boosted,
    *,
    with_streams: bool,
) -> Shaped | Kept:
    """Return an activity as a destination gets it.

    Args:
        pipeline: The pipeline.
        subject: The activity.
        target: The destination.
        boosted: What the boosters said.
        with_streams: Whether the samples are needed.

    Returns:
        What is sent, or why nothing is sent.
    """
    excluded = target.excluded(subject.members)
    activity = subject.merged_without(excluded)
    if activity is None:
        reasons = list(dict.fromkeys(excluded.values()))
        return Kept("; ".join(reasons) or "it has no record that could be sent")
    activity = with_boosts(activity, boosted)
    if with_streams or pipeline.privacy.zones:
        activity = msgspec.structs.replace(activity, streams=subject.streams(excluded))
    departure = departing(activity, pipeline.privacy)
    if departure.activity is None:
        return Kept("; ".join(departure.removed))
    return Shaped(
        departure.activity,
        departure.removed,
        whole=pipeline.privacy.allows_files,
    )


def with_boosts(activity: SourceActivity, boosted: Boosted) -> SourceActivity:
    """Return an activity with what boosters computed, where it has no value, and with changes."""
    values: dict[str, Any] = {}
    metrics = dict(activity.metrics)
    for name, value in boosted.values.items():
        if name.startswith(_METRICS):
            metrics.setdefault(name.removeprefix(_METRICS), value)
        elif getattr(activity, name, None) is None:
            values[name] = value
    return msgspec.structs.replace(activity, **values, **boosted.changes, metrics=metrics)
