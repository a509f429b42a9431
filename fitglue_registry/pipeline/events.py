"""The events that a run of pipelines reports while it works, for an interface to show."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fitglue_registry.errors import FitglueError
    from fitglue_registry.model.stored import DeliveryAction, DeliveryState


@dataclass(frozen=True, slots=True)
class PipelineEvent:
    """Something that happened in a pipeline; the base class of these events.

    Attributes:
        pipeline: The name of the pipeline.
    """

    pipeline: str


@dataclass(frozen=True, slots=True)
class ActivityDecided(PipelineEvent):
    """A pipeline has decided about an activity.

    Attributes:
        number: The short number of the activity; ``None`` if it no longer exists.
        day: Its local day, if it is known.
        title: Its title, if it has one.
        steps: What each step said: ``step``, ``outcome`` and ``what``.
    """

    number: int | None
    day: str | None
    title: str | None
    steps: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class DeliveryChanged(PipelineEvent):
    """A delivery has moved to another state.

    Attributes:
        destination: The name of the destination.
        delivery_id: The id of the delivery.
        number: The short number of the activity; ``None`` if it no longer exists.
        action: What is done at the destination.
        state: Its state now.
        what: What happened, in one sentence.
        next_try_at: When it is looked after again; ``None`` if nothing more is done by itself.
        url: The address at which the athlete finds it, if the destination has stated one.
        error: The failure, if there was one.
    """

    destination: str
    delivery_id: int
    number: int | None
    action: DeliveryAction
    state: DeliveryState
    what: str
    next_try_at: str | None = None
    url: str | None = None
    error: FitglueError | None = None


@dataclass(frozen=True, slots=True)
class SentTwice(PipelineEvent):
    """Two activities that were both sent turned out to be one workout.

    Attributes:
        destination: The name of the destination, where there are two copies now.
        number: The short number of the activity that is left.
        urls: The addresses of the copies, as far as they are known.
    """

    destination: str
    number: int | None
    urls: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PipelineHeld(PipelineEvent):
    """A pipeline cannot decide about anything; what it was offered waits.

    Attributes:
        error: Why, such as a destination that is no longer connected.
    """

    error: FitglueError


@dataclass(frozen=True, slots=True)
class PipelineFinished(PipelineEvent):
    """A run of a pipeline has ended.

    Attributes:
        counts: What became of activities and deliveries → how many.
        waiting: How many activities wait for their copies.
        waiting_until: Until when the first of them waits at most; ``None`` if none waits.
        planned: Destination → how many deliveries to it wait for a later run.
        next_try_at: When the first of these is tried again; ``None`` if none waits.
        history: How many activities are new here, but older than the pipeline; they are sent only
            if the athlete asks for it.
    """

    counts: Mapping[str, int] = field(default_factory=dict)
    waiting: int = 0
    waiting_until: str | None = None
    planned: Mapping[str, int] = field(default_factory=dict)
    next_try_at: str | None = None
    history: int = 0
