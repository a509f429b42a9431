"""The samples of an activity as arrays, for the writers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from fitglue_registry.model import Column, SourceActivity, Stream

    Floats: TypeAlias = npt.NDArray[np.float64]
    Indexes: TypeAlias = npt.NDArray[np.int64]


@dataclass(slots=True)
class Samples:
    """The samples of an activity in the order of time.

    Attributes:
        time: Seconds after the start.
        channels: The values by the type of their stream; a gap is NaN.
        streams: The streams of the channels, with their units.
        latitudes: In degrees, or ``None`` if no sample has a position.
        longitudes: The same.
        lists: The values of the streams of lists, such as ``hrv``; a gap is ``None``.
    """

    time: Floats
    channels: dict[str, Floats] = field(default_factory=dict)
    streams: dict[str, Stream] = field(default_factory=dict)
    latitudes: Floats | None = None
    longitudes: Floats | None = None
    lists: dict[str, list[tuple[float, ...] | None]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.time)

    def only(self, wanted: npt.NDArray[np.bool_]) -> Samples:
        """Return the samples for which ``wanted`` is true."""
        rows = np.flatnonzero(wanted)
        chosen = Samples(self.time[rows], streams=self.streams)
        for name, values in self.channels.items():
            chosen.channels[name] = values[rows]
        if self.latitudes is not None and self.longitudes is not None:
            chosen.latitudes = self.latitudes[rows]
            chosen.longitudes = self.longitudes[rows]
        for name, lists in self.lists.items():
            chosen.lists[name] = [lists[row] for row in rows.tolist()]
        return chosen


def samples_of(activity: SourceActivity) -> Samples:
    """Return the samples of an activity; those without a time are left out."""
    by_type = {stream.type: stream for stream in activity.streams}
    if "time" not in by_type:
        return Samples(np.empty(0))
    time = _doubles(by_type.pop("time").values)
    timed = np.flatnonzero(np.isfinite(time))
    # Stable, so that samples of the same time stay in their order.
    order = timed[np.argsort(time[timed], kind="stable")]
    samples = Samples(time[order])
    for name, stream in by_type.items():
        column = stream.values
        if column.width == 1:
            samples.channels[name] = _finite(_doubles(column)[order])
            samples.streams[name] = stream
        elif column.width == 2 and name == "latlng":
            _place(samples, _doubles(column).reshape(-1, 2)[order])
        elif column.width == 0:
            samples.lists[name] = _lists(column, order)
    return samples


def _place(samples: Samples, pairs: Floats) -> None:
    """Take the positions; latitudes and longitudes that no place has are gaps."""
    is_place = np.isfinite(pairs).all(axis=1)
    with np.errstate(invalid="ignore"):
        is_place &= np.abs(pairs[:, 0]) <= 90
        is_place &= np.abs(pairs[:, 1]) <= 180
    if is_place.any():
        samples.latitudes = np.where(is_place, pairs[:, 0], np.nan)
        samples.longitudes = np.where(is_place, pairs[:, 1], np.nan)


def _doubles(column: Column) -> Floats:
    return np.frombuffer(column.doubles, dtype=np.float64)


def _finite(values: Floats) -> Floats:
    return np.where(np.isfinite(values), values, np.nan)


def _lists(
    column: Column,
    order: Indexes,
) -> list[tuple[float, ...] | None]:
    lists: Sequence[object] = list(column)
    return [_tuple(lists[row]) for row in order.tolist()]


def _tuple(sample: object) -> tuple[float, ...] | None:
    return sample if isinstance(sample, tuple) else None


# -- samples of whole seconds ----------------------------------------------------------------------


def in_whole_seconds(samples: Samples) -> Samples:
    """Return the samples with at most one for each second, for formats without fractions.

    Of several samples of one second, the first one is kept, and its gaps are filled from the
    others. Halves are rounded up, so that two samples a second apart never become one.
    """
    seconds = np.floor(samples.time + 0.5)
    kept, group = np.unique(seconds, return_inverse=True)
    if len(kept) == len(seconds):
        return Samples(
            seconds,
            samples.channels,
            samples.streams,
            samples.latitudes,
            samples.longitudes,
            samples.lists,
        )
    whole = Samples(kept, streams=samples.streams)
    for name, values in samples.channels.items():
        whole.channels[name] = _first_known(values, group, len(kept))
    if samples.latitudes is not None and samples.longitudes is not None:
        whole.latitudes = _first_known(samples.latitudes, group, len(kept))
        whole.longitudes = _first_known(samples.longitudes, group, len(kept))
    for name, lists in samples.lists.items():
        whole.lists[name] = _joined(lists, group, len(kept))
    return whole


def _first_known(
    values: Floats,
    group: Indexes,
    count: int,
) -> Floats:
    """Return the first known value of each group."""
    first = np.full(count, np.nan)
    known = np.flatnonzero(~np.isnan(values))[::-1]
    # Of several values for one place, NumPy keeps the last one, and they are in reverse order.
    first[group[known]] = values[known]
    return first


def _joined(
    lists: Sequence[tuple[float, ...] | None],
    group: Indexes,
    count: int,
) -> list[tuple[float, ...] | None]:
    """Return the lists of each group as one."""
    joined: list[tuple[float, ...] | None] = [None] * count
    for place, values in zip(group.tolist(), lists, strict=True):
        if values is not None:
            joined[place] = (joined[place] or ()) + values
    return joined
