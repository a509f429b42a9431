"""Makes streams of the samples of one session: one time base, one name and unit for each
channel.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fitglue_formats.fit.channels import NATIVE, UNUSED, of_developer
from fitglue_registry.model import STREAM_UNITS, Column, Stream

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from fitglue_formats.fit.columns import Table

    Numbers = NDArray[np.float64]

_SEMICIRCLE = 180 / 2**31
#: Samples of one moment are joined where they complete each other, three of them at most.
_JOINS = 3
_DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class Samples:
    """The streams of one session as columns of doubles, gaps as NaN."""

    time: Numbers  # seconds of the FIT epoch
    channels: dict[str, Numbers]
    # Name of a channel that is not the model's → its maker's name, unit, is a developer's.
    others: dict[str, tuple[str, str | None, bool]]
    latlng: tuple[Numbers, Numbers] | None
    beats: list[tuple[float, ...] | None] | None

    def __len__(self) -> int:
        return len(self.time)

    def place(self) -> tuple[float, float] | None:
        """Where the first sample with a position was."""
        if self.latlng is None:
            return None
        known = np.flatnonzero(~np.isnan(self.latlng[0]))
        return (
            (float(self.latlng[0][known[0]]), float(self.latlng[1][known[0]]))
            if len(known)
            else None
        )


def split(table: Table, starts: Sequence[float], end: float | None) -> tuple[list[Samples], int]:
    """The samples of each session, which begin at ``starts``, and how many have no moment that
    makes sense.

    What was sampled up to a day before the first start or after the end is of the first or the last
    session.
    """
    known = ~np.isnan(table.time)
    if starts:
        known &= table.time >= starts[0] - _DAY_S
        known &= table.time <= (starts[-1] if end is None else end) + _DAY_S
    rows = np.flatnonzero(known)
    rows = rows[np.argsort(table.time[rows], kind="stable")]
    # A session begins with the second in which its first sample was taken.
    legs = np.searchsorted(
        np.floor(np.array(starts[1:], dtype=np.float64)), table.time[rows], side="right"
    )
    found = [_samples(table, rows[legs == leg]) for leg in range(max(len(starts), 1))]
    _count_from_start(found)
    return found, len(table.time) - len(rows)


def _count_from_start(legs: Sequence[Samples]) -> None:
    """Some devices count the way through all legs of a race: each leg of ours begins with its
    own.
    """
    gone = 0.0
    for samples in legs:
        way = samples.channels.get("distance")
        known = way[~np.isnan(way)] if way is not None else np.array([])
        if way is None or not len(known):
            continue
        last = float(known[-1])
        if gone and known[0] >= gone:
            samples.channels["distance"] = way - gone
        gone = last


def streams(samples: Samples, start: float) -> tuple[Stream, ...]:
    """The samples as streams of the model, seconds counted from ``start``."""
    if not len(samples):
        return ()
    found = [Stream("time", _column(samples.time - start), STREAM_UNITS["time"])]
    if samples.latlng is not None:
        pairs = np.column_stack(samples.latlng).reshape(-1)
        found.append(
            Stream(
                "latlng",
                Column(memoryview(pairs.data).cast("B").cast("d"), 2),
                STREAM_UNITS["latlng"],
            )
        )
    for name, values in samples.channels.items():
        raw, unit, custom = samples.others.get(name, (None, STREAM_UNITS.get(name), False))
        found.append(
            Stream(
                name, _column(values), unit, raw_type=raw if raw != name else None, custom=custom
            )
        )
    if samples.beats is not None:
        found.append(Stream("hrv", Column.lists(samples.beats), STREAM_UNITS["hrv"]))
    return tuple(found)


def _column(values: Numbers) -> Column:
    return Column(
        memoryview(np.ascontiguousarray(values, dtype=np.float64).data).cast("B").cast("d")
    )


# -- from columns to channels ----------------------------------------------------------------------


def _samples(table: Table, rows: NDArray[np.int_]) -> Samples:
    columns = {name: column.values[rows] for name, column in table.columns.items()}
    beats: dict[int, tuple[float, ...]] = {}
    positions = {int(row): position for position, row in enumerate(rows)} if table.beats else {}
    for row, intervals in table.beats:
        if row in positions:
            beats[positions[row]] = beats.get(positions[row], ()) + intervals
    time, columns, kept = _joined(table.time[rows], columns)
    channels: dict[str, Numbers] = {}
    others: dict[str, tuple[str, str | None, bool]] = {}
    for name, made, values, unit in _channels(table, columns):
        if np.isnan(values).all():
            continue
        if made in STREAM_UNITS and made not in channels:
            channels[made] = values
        elif made in STREAM_UNITS and name in NATIVE:
            channels[made] = np.where(np.isnan(values), channels[made], values)
        else:
            other = made if made not in channels else name
            channels[other], others[other] = values, (name, unit, table.columns[name].developer)
    listed = None
    if beats:
        moved = {int(kept[position]): intervals for position, intervals in sorted(beats.items())}
        listed = [moved.get(position) for position in range(len(time))]
    return Samples(time, channels, others, _latlng(columns), listed)


def _channels(
    table: Table, columns: dict[str, Numbers]
) -> Iterator[tuple[str, str, Numbers, str | None]]:
    """Name at the source, stream, values and unit of each column: native ones first, in the order
    of their table.
    """
    for name in sorted(columns, key=lambda name: (table.columns[name].developer, *_rank(name))):
        column, values = table.columns[name], columns[name]
        if column.developer:
            known = of_developer(name, column.unit, column.native)
            yield (
                name,
                known.stream if known else name,
                _tidy(name, values * (known.factor if known else 1)),
                column.unit,
            )
        elif name in NATIVE:
            values = (
                _balance(values) if name == "left_right_balance" else values * NATIVE[name].factor
            )
            if name == "cadence" and "fractional_cadence" in columns:
                values = values + np.nan_to_num(columns["fractional_cadence"])
            yield name, NATIVE[name].stream, _tidy(name, values), column.unit
        elif name not in UNUSED:
            yield name, name, values, column.unit


_ORDER = {name: position for position, name in enumerate(NATIVE)}


def _rank(name: str) -> tuple[int, str]:
    return _ORDER.get(name, len(_ORDER)), name


def _tidy(name: str, values: Numbers) -> Numbers:
    # No heart beats zero times a minute: that is how a device says that it has no strap. Every
    # other zero is data.
    return np.where(values == 0, np.nan, values) if name == "heart_rate" else values


def _balance(values: Numbers) -> Numbers:
    """The left share in per cent: the highest bit says whether the right one was written."""
    share = np.nan_to_num(values).astype(np.int64)
    percent = (share & 0x7F).astype(np.float64)
    return np.where(np.isnan(values), np.nan, np.where(share & 0x80, 100 - percent, percent))


def _latlng(columns: dict[str, Numbers]) -> tuple[Numbers, Numbers] | None:
    latitude, longitude = columns.get("position_lat"), columns.get("position_long")
    if latitude is None or longitude is None:
        return None
    latitude, longitude = latitude * _SEMICIRCLE, longitude * _SEMICIRCLE
    # Exactly 0, 0 is what a receiver writes that does not know yet; and a pair with one half
    # missing is a gap whole.
    gaps = (
        np.isnan(latitude)
        | np.isnan(longitude)
        | ((latitude == 0) & (longitude == 0))
        | (np.abs(latitude) > 90)
    )
    if gaps.all():
        return None
    return np.where(gaps, np.nan, latitude), np.where(gaps, np.nan, longitude)


def _joined(
    time: Numbers, columns: dict[str, Numbers]
) -> tuple[Numbers, dict[str, Numbers], NDArray[np.int_]]:
    """Samples of one moment become one where no value would be lost: some apps write position and
    distance apart.
    """
    kept = np.arange(len(time))
    for _ in range(_JOINS):
        if len(time) < 2 or not columns:
            break
        there = ~np.isnan(np.column_stack(list(columns.values())))
        into = (time[1:] == time[:-1]) & ~(there[1:] & there[:-1]).any(axis=1)
        into[1:] &= ~into[:-1]
        if not into.any():
            break
        second = np.flatnonzero(into) + 1
        for values in columns.values():
            values[second - 1] = np.where(
                np.isnan(values[second - 1]), values[second], values[second - 1]
            )
        stays = np.ones(len(time), dtype=bool)
        stays[second] = False
        kept = (np.cumsum(stays) - 1)[kept]
        time, columns = time[stays], {name: values[stays] for name, values in columns.items()}
    return time, columns, kept
