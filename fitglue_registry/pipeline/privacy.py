"""What of an activity may leave this machine through a pipeline.

Titles, descriptions and other texts stay as they are, also where they name a place; ``leave_out``
removes them. Distances and times stay as well, so the totals remain true.

The original file of a workout is never sent by a pipeline with privacy rules, because it has what
the rules remove (``Privacy.allows_files``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec

from fitglue_registry.pipeline.candidate import place_of
from fitglue_registry.pipeline.hidden_positions import (
    circle_of,
    hidden_samples,
    track_of,
    with_gaps,
)
from fitglue_registry.pipeline.leaving_out import without
from fitglue_registry.pipeline.left_out import CONTENTS, KNOWN_STREAMS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from fitglue_registry.model import SourceActivity, Stream
    from fitglue_registry.pipeline.circles import Point
    from fitglue_registry.pipeline.document import Privacy, Zone


class Departure(NamedTuple):
    """What may leave.

    Attributes:
        activity: The activity that may leave, or ``None`` if nothing of it may.
        removed: What was removed and why, one clause each; empty if nothing was.
    """

    activity: SourceActivity | None
    removed: tuple[str, ...] = ()


def departing(activity: SourceActivity, privacy: Privacy) -> Departure:
    """Return what may leave of an activity.

    Args:
        activity: The merged activity with all of its streams. Without its stream of positions,
            only the place that it states is compared with the zones.
        privacy: The rules of the pipeline.
    """
    removed: list[str] = []
    hidden = _hidden(activity, privacy.zones)
    if hidden.hides("everything"):
        return Departure(None, ("it enters a privacy zone that hides everything of a workout",))
    if hidden.hides("track"):
        activity = without(activity, "gps")
        removed.append("all positions, because it enters a privacy zone that hides the track")
    elif hidden.zones:
        activity = _without_samples(activity, hidden.samples)
        removed.append("its positions in a privacy zone, the place and the links")
    for name in privacy.leave_out:
        rest = without(activity, name)
        if rest != activity:
            removed.append(f"the {CONTENTS[name].noun}, which the pipeline leaves out")
        activity = rest
    return Departure(activity, tuple(removed))


class _Hidden(NamedTuple):
    """The zones that an activity enters, and the samples that they hide."""

    zones: list[Zone]
    samples: set[int]

    def hides(self, what: str) -> bool:
        """Return whether one of the zones hides this."""
        return any(zone.hide == what for zone in self.zones)


def _hidden(activity: SourceActivity, zones: Iterable[Zone]) -> _Hidden:
    track: Sequence[Point | None] = track_of(activity.streams)
    place = place_of(activity)
    entered: list[Zone] = []
    samples: set[int] = set()
    for zone in zones:
        circle = circle_of(zone)
        inside = hidden_samples(track, circle)
        samples |= inside
        if inside or (place and circle.contains(place)):
            entered.append(zone)
    return _Hidden(entered, samples)


def _without_samples(activity: SourceActivity, samples: set[int]) -> SourceActivity:
    """Return an activity without some positions, and without what else would show them."""
    rest = without(activity, "gps")
    streams: list[Stream] = []
    for stream in activity.streams:
        if stream.type == "latlng":
            streams.append(with_gaps(stream, samples))
        elif stream.type in KNOWN_STREAMS:
            streams.append(stream)
    return msgspec.structs.replace(rest, streams=tuple(streams))
