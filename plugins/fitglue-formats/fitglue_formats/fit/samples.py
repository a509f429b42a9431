"""Makes streams of the samples of one session: one time base, one name and unit for each
channel.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from fitglue_formats.fit.channels import NATIVE, UNUSED, of_developer
from fitglue_registry.model import STREAM_UNITS, Column, Stream

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from fitglue_formats.fit.columns import Column as TableColumn
    from fitglue_formats.fit.columns import Table

    Numbers = NDArray[np.float64]
    Rows = NDArray[np.int_]

_SEMICIRCLE = 180 / 2**31
#: Samples of one moment are joined where they complete each other, three of them at most.
_JOINS = 3
_DAY_S = 86_400


class Maker(NamedTuple):
    """What the maker of a channel that is not the model's says of it."""

    name: str
    unit: str | None
    developer: bool


@dataclass(frozen=True, slots=True)
class Samples:
    """The streams of one session as columns of doubles, gaps as NaN."""

    time: Numbers  # seconds of the FIT epoch
    channels: dict[str, Numbers]
    makers: dict[str, Maker]  # of the channels that are not the model's
    latlng: tuple[Numbers, Numbers] | None
    beats: list[tuple[float, ...] | None] | None

    def __len__(self) -> int:
        return len(self.time)

    def place(self) -> tuple[float, float] | None:
        """Where the first sample with a position was."""
        if self.latlng is None:
            return None
        latitude, longitude = self.latlng
        known = np.flatnonzero(~np.isnan(latitude))
        if not len(known):
            return None
        first = known[0]
        return float(latitude[first]), float(longitude[first])


def split(
    table: Table,
    starts: Sequence[float],
    end: float | None,
) -> tuple[list[Samples], int]:
    """The samples of each session, which begin at ``starts``, and how many have no moment that
    makes sense.

    What was sampled up to a day before the first start or after the end is of the first or the last
    session.
    """
    if end is None:
        end = starts[-1]
    known = ~np.isnan(table.time)
    known &= table.time >= starts[0] - _DAY_S
    known &= table.time <= end + _DAY_S
    rows = np.flatnonzero(known)
    rows = rows[np.argsort(table.time[rows], kind="stable")]
    # A session begins with the second in which its first sample was taken.
    begins = np.floor(np.array(starts[1:], dtype=np.float64))
    legs = np.searchsorted(begins, table.time[rows], side="right")
    parts = [_samples(table, rows[legs == leg]) for leg in range(len(starts))]
    _count_from_start(parts)
    return parts, len(table.time) - len(rows)


def _count_from_start(legs: Sequence[Samples]) -> None:
    """Some devices count the way through all legs of a race: each leg of ours begins with its
    own.
    """
    gone = 0.0
    for samples in legs:
        way = samples.channels.get("distance")
        if way is None:
            continue
        known = way[~np.isnan(way)]
        if not len(known):
            continue
        if gone and known[0] >= gone:
            samples.channels["distance"] = way - gone
        gone = float(known[-1])


# -- from channels to streams ----------------------------------------------------------------------


def streams(samples: Samples, start: float) -> tuple[Stream, ...]:
    """The samples as streams of the model, seconds counted from ``start``."""
    if not len(samples):
        return ()
    made = [Stream("time", _column(samples.time - start), STREAM_UNITS["time"])]
    if samples.latlng is not None:
        pairs = np.column_stack(samples.latlng).reshape(-1)
        made.append(Stream("latlng", _column(pairs, width=2), STREAM_UNITS["latlng"]))
    for name, values in samples.channels.items():
        made.append(_stream(name, values, samples.makers.get(name)))
    if samples.beats is not None:
        made.append(Stream("hrv", Column.lists(samples.beats), STREAM_UNITS["hrv"]))
    return tuple(made)


def _stream(name: str, values: Numbers, maker: Maker | None) -> Stream:
    column = _column(values)
    if maker is None:
        return Stream(name, column, STREAM_UNITS.get(name))
    raw_type = None
    if maker.name != name:
        raw_type = maker.name
    return Stream(
        name,
        column,
        maker.unit,
        raw_type=raw_type,
        custom=maker.developer,
    )


def _column(values: Numbers, width: int = 1) -> Column:
    doubles = np.ascontiguousarray(values, dtype=np.float64)
    return Column(memoryview(doubles.data).cast("B").cast("d"), width)


# -- from columns to channels ----------------------------------------------------------------------


def _samples(table: Table, rows: Rows) -> Samples:
    columns = {name: column.values[rows] for name, column in table.columns.items()}
    time, columns, joined_to = _joined(table.time[rows], columns)
    channels, makers = _channels(table, columns)
    beats = _beats(table, rows, joined_to)
    return Samples(time, channels, makers, _latlng(columns), beats)


def _beats(
    table: Table,
    rows: Rows,
    joined_to: Rows,
) -> list[tuple[float, ...] | None] | None:
    """The intervals between heart beats by sample; ``None`` where there are none."""
    if not table.beats:
        return None
    positions = {int(row): position for position, row in enumerate(rows)}
    by_position: dict[int, tuple[float, ...]] = defaultdict(tuple)
    for row, intervals in table.beats:
        if row in positions:
            by_position[positions[row]] += intervals
    if not by_position:
        return None
    count = int(joined_to[-1]) + 1
    beats: list[tuple[float, ...] | None] = [None] * count
    for position in sorted(by_position):
        beats[joined_to[position]] = by_position[position]
    return beats


def _channels(
    table: Table, columns: dict[str, Numbers]
) -> tuple[dict[str, Numbers], dict[str, Maker]]:
    """The columns by the stream that each is, and the makers of those that are none of the
    model's.
    """
    channels: dict[str, Numbers] = {}
    makers: dict[str, Maker] = {}
    for name in sorted(columns, key=lambda name: _rank(table, name)):
        column = table.columns[name]
        stream, values = _channel(name, column, columns)
        if np.isnan(values).all() or (name in UNUSED and not column.developer):
            continue
        if stream in STREAM_UNITS and stream not in channels:
            channels[stream] = values
        elif stream in STREAM_UNITS and name in NATIVE:
            channels[stream] = np.where(np.isnan(values), channels[stream], values)
        else:
            key = stream if stream not in channels else name
            channels[key] = values
            makers[key] = Maker(name, column.unit, column.developer)
    return channels, makers


def _channel(
    name: str,
    column: TableColumn,
    columns: dict[str, Numbers],
) -> tuple[str, Numbers]:
    """The stream that a column is, and its values in the unit of that."""
    values = columns[name]
    if column.developer:
        known = of_developer(name, column.unit, column.native)
        if known is None:
            return name, _tidy(name, values)
        return known.stream, _tidy(name, values * known.factor)
    if name not in NATIVE:
        return name, values
    channel = NATIVE[name]
    if name == "left_right_balance":
        return channel.stream, _balance(values)
    values = values * channel.factor
    if name == "cadence" and "fractional_cadence" in columns:
        values = values + np.nan_to_num(columns["fractional_cadence"])
    return channel.stream, _tidy(name, values)


_ORDER = {name: position for position, name in enumerate(NATIVE)}


def _rank(table: Table, name: str) -> tuple[bool, int, str]:
    """Native columns come first, in the order of their table."""
    return table.columns[name].developer, _ORDER.get(name, len(_ORDER)), name


def _tidy(name: str, values: Numbers) -> Numbers:
    if name != "heart_rate":
        return values
    # No heart beats zero times a minute: that is how a device says that it has no strap. Every
    # other zero is data.
    return np.where(values == 0, np.nan, values)


def _balance(values: Numbers) -> Numbers:
    """The left share in per cent: the highest bit says whether the right one was written."""
    share = np.nan_to_num(values).astype(np.int64)
    percent = (share & 0x7F).astype(np.float64)
    left = np.where(share & 0x80, 100 - percent, percent)
    return np.where(np.isnan(values), np.nan, left)


def _latlng(columns: dict[str, Numbers]) -> tuple[Numbers, Numbers] | None:
    if "position_lat" not in columns or "position_long" not in columns:
        return None
    latitude = columns["position_lat"] * _SEMICIRCLE
    longitude = columns["position_long"] * _SEMICIRCLE
    # A pair with one half missing is a gap whole, and exactly 0, 0 is what a receiver writes that
    # does not know yet.
    gaps = np.isnan(latitude) | np.isnan(longitude)
    gaps |= (latitude == 0) & (longitude == 0)
    gaps |= np.abs(latitude) > 90
    if gaps.all():
        return None
    return np.where(gaps, np.nan, latitude), np.where(gaps, np.nan, longitude)


def _joined(time: Numbers, columns: dict[str, Numbers]) -> tuple[Numbers, dict[str, Numbers], Rows]:
    """Samples of one moment become one where no value would be lost: some apps write position and
    distance apart. The third value says to which sample each one was joined.
    """
    joined_to = np.arange(len(time))
    for _ in range(_JOINS):
        second = _complements(time, columns)
        if not len(second):
            break
        first = second - 1
        for values in columns.values():
            is_gap = np.isnan(values[first])
            values[first] = np.where(is_gap, values[second], values[first])
        stays = np.ones(len(time), dtype=bool)
        stays[second] = False
        joined_to = (np.cumsum(stays) - 1)[joined_to]
        time = time[stays]
        columns = {name: values[stays] for name, values in columns.items()}
    return time, columns, joined_to


def _complements(time: Numbers, columns: dict[str, Numbers]) -> Rows:
    """The samples that complete the one before them: both are of one moment, and no column has a
    value in both.
    """
    if len(time) < 2 or not columns:
        return np.array([], dtype=np.int_)
    there = ~np.isnan(np.column_stack(list(columns.values())))
    both = (there[1:] & there[:-1]).any(axis=1)
    completes = (time[1:] == time[:-1]) & ~both
    completes[1:] &= ~completes[:-1]
    return np.flatnonzero(completes) + 1
