"""The typed values of a pipeline; ``docs/pipelines-reference.md`` explains each key."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct

from fitglue_registry.pipeline.conditions import Condition

SCHEMA = 1
"""Version of the format of a pipeline, which each document states in its key ``schema``."""

Hiding = Literal["ends", "track", "everything"]


class BoosterStep(Struct, frozen=True):
    """One booster of a pipeline.

    Attributes:
        use: Id of the booster in the registry.
        settings: Name → value of its settings, as text.
    """

    use: str
    settings: Mapping[str, str] = {}


class DestinationStep(Struct, frozen=True):
    """One destination of a pipeline.

    Attributes:
        to: Id of the destination in the registry.
        name: Name of the step, unique within the pipeline.
        connection: Name of the connection that is sent to, or ``None`` for the only one.
        update: Whether later changes are sent as well.
        fill_back: Whether empty fields of records that are already there are filled in.
        settings: Name → value of its settings, as text.
    """

    to: str
    name: str
    connection: str | None = None
    update: bool = True
    fill_back: bool = False
    settings: Mapping[str, str] = {}


class Zone(Struct, frozen=True):
    """A circle around a place that stays private.

    Attributes:
        latitude_deg: Latitude of the place, in degrees (WGS 84).
        longitude_deg: Longitude of the place, in degrees (WGS 84).
        radius_m: Radius of the circle, in meters.
        hide: ``ends`` for the positions within the circle, ``track`` for all positions of a workout
            that enters it, ``everything`` for the workout itself.
    """

    latitude_deg: float
    longitude_deg: float
    radius_m: float
    hide: Hiding = "ends"


class Privacy(Struct, frozen=True):
    """What never leaves this machine through a pipeline.

    Attributes:
        zones: Places whose surroundings stay private.
        leave_out: What is left out of every workout, such as ``heartrate``.
    """

    zones: tuple[Zone, ...] = ()
    leave_out: tuple[str, ...] = ()

    @property
    def allows_files(self) -> bool:
        """Whether the original file of a workout may leave as it is.

        A file has what the rules remove, and more: the beginning that the athlete cut off at the
        service, or a heart rate that another source measured better. So no rule allows it.
        """
        return not self.zones and not self.leave_out


class Pipeline(Struct, frozen=True):
    """One pipeline: sources → filter → boosters → destinations.

    Attributes:
        name: Name, unique among the pipelines of an athlete.
        destinations: Where the workouts are sent; at least one.
        sources: Names of connections, or ``None`` for all of them.
        filter: Condition that a workout must meet, or ``None`` if every workout is taken.
        wait_s: Seconds that a workout waits for its copies, or ``None`` to wait until all
            connections were synced, at most 20 minutes.
        boosters: Boosters in the order in which they run.
        privacy: What never leaves this machine.
        delete_there: Whether what is deleted or hidden here is deleted at the destinations.
    """

    name: str
    destinations: tuple[DestinationStep, ...]
    sources: tuple[str, ...] | None = None
    filter: Condition | None = None
    wait_s: int | None = None
    boosters: tuple[BoosterStep, ...] = ()
    privacy: Privacy = Privacy()
    delete_there: bool = False

    def destination(self, name: str) -> DestinationStep | None:
        """Return the destination with this name, or ``None`` if the pipeline has no such step."""
        return next((step for step in self.destinations if step.name == name), None)
