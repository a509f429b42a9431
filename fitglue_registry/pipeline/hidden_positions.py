"""Which positions of a track must be hidden, so that no part of it leads into a zone."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, cast

import msgspec

from fitglue_registry.model import Column
from fitglue_registry.pipeline.circles import Circle

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from fitglue_registry.model import Stream
    from fitglue_registry.pipeline.circles import Point
    from fitglue_registry.pipeline.document import Zone


def circle_of(zone: Zone) -> Circle:
    """Return the circle of a zone."""
    center = (zone.latitude_deg, zone.longitude_deg)
    return Circle(center, zone.radius_m)


def hidden_samples(track: Sequence[Point | None], circle: Circle) -> set[int]:
    """Return the indices of the samples that are in a circle, or on both ends of a way through it.

    A fast rider can have no sample in a small circle; a straight line between the samples before
    and after would still lead through it.

    Args:
        track: Positions; ``None`` is a gap, and nobody knows the way through it.
        circle: The circle.
    """
    hidden: set[int] = set()
    for index, point in enumerate(track):
        if point is not None and circle.contains(point):
            hidden.add(index)
    through: set[int] = set()
    for index, (point, following) in enumerate(pairwise(track)):
        if point is None or following is None:
            continue
        # If one end is inside, it is hidden, and the way ends at the other one.
        if hidden.isdisjoint((index, index + 1)) and circle.is_touched(point, following):
            through |= {index, index + 1}
    return hidden | through


def track_of(streams: Iterable[Stream]) -> list[Point | None]:
    """Return the positions of an activity, or an empty list if it has no such stream."""
    for stream in streams:
        if stream.type == "latlng":
            # A stream of positions is a column of pairs.
            return cast("list[Point | None]", list(stream.values))
    return []


def with_gaps(stream: Stream, hidden: set[int]) -> Stream:
    """Return a stream of positions with gaps in place of hidden samples."""
    samples = stream.values.to_list()
    for index in hidden:
        samples[index] = None
    values = Column.from_list(samples)
    return msgspec.structs.replace(stream, values=values)
