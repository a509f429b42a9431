"""Counts what the events of a run of pipelines report, by pipeline and destination."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from fitglue_registry.errors import AthleteNeeded, Retryable
from fitglue_registry.model.stored import DeliveryAction, DeliveryState
from fitglue_registry.services import events

if TYPE_CHECKING:
    from collections.abc import Iterator

#: The name of a pipeline, and the name of one of its destinations.
Place = tuple[str, str]


@dataclass
class PipelineTally:
    """What one run of pipelines has reported so far.

    Attributes:
        decided: What was decided about each activity.
        changed: Id of a delivery → its last event.
        twice: The workouts of which a destination has two copies.
        held: The pipelines that could decide about nothing.
        finished: The last event of each pipeline.
    """

    decided: list[events.ActivityDecided] = field(default_factory=list)
    changed: dict[int, events.DeliveryChanged] = field(default_factory=dict)
    twice: list[events.SentTwice] = field(default_factory=list)
    held: list[events.PipelineHeld] = field(default_factory=list)
    finished: list[events.PipelineFinished] = field(default_factory=list)

    def take(self, event: events.PipelineEvent) -> None:
        """Count an event."""
        match event:
            case events.ActivityDecided():
                self.decided.append(event)
            case events.DeliveryChanged():
                self.changed[event.delivery_id] = event
            case events.SentTwice():
                self.twice.append(event)
            case events.PipelineHeld():
                self.held.append(event)
            case events.PipelineFinished():
                self.finished.append(event)

    @property
    def places(self) -> Iterator[Place]:
        """The destinations at which anything happened, in this order."""
        places = [(event.pipeline, event.destination) for event in self.changed.values()]
        return iter(dict.fromkeys(places))

    def at(self, place: Place) -> list[events.DeliveryChanged]:
        """Return the last events of the deliveries to one destination."""
        return [
            event for event in self.changed.values() if (event.pipeline, event.destination) == place
        ]

    def planned(self, place: Place) -> int:
        """Return how many deliveries to a destination wait for a later run."""
        for event in self.finished:
            if event.pipeline == place[0]:
                return event.planned.get(place[1], 0)
        return 0

    @property
    def exit_code(self) -> int:
        """The code of the first failure that ended the work at a destination, else 0.

        A workout that a destination refuses is no failure of the command.
        """
        for event in self.changed.values():
            if isinstance(event.error, Retryable | AthleteNeeded):
                return event.error.exit_code
        return AthleteNeeded.exit_code if self.held else 0


def arrivals(changed: list[events.DeliveryChanged]) -> Counter[DeliveryAction]:
    """Return what was done there → for how many workouts."""
    done: Counter[DeliveryAction] = Counter()
    for event in changed:
        if event.state == DeliveryState.SENT:
            done[event.action] += 1
    return done
