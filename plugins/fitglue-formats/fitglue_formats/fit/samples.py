"""Divides the samples of a file among its sessions: one time base, one name and unit for each
channel.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from fitglue_formats.fit.arrays import known, without
from fitglue_formats.fit.channels import channels_of
from fitglue_formats.fit.joining import join

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fitglue_formats.clock import Place
    from fitglue_formats.fit.arrays import Columns, LatLng, Numbers, Rows
    from fitglue_formats.fit.channels import Maker
    from fitglue_formats.fit.columns import Intervals, Table
    from fitglue_formats.fit.joining import Joined

_SEMICIRCLE = 180 / 2**31
_DAY_S = 86_400
#: The intervals between heart beats, by sample.
Beats: TypeAlias = "list[Intervals | None]"


@dataclass(frozen=True, slots=True)
class Samples:
    """The channels of one session, gaps as NaN."""

    time: Numbers  # seconds of the FIT epoch
    channels: Columns
    makers: dict[str, Maker]  # of the channels that are not the model's
    latlng: LatLng | None
    beats: Beats | None

    def __len__(self) -> int:
        return len(self.time)

    def place(self) -> Place | None:
        """Where the first sample with a position was."""
        if self.latlng is None:
            return None
        latitudes, longitudes = self.latlng
        placed = np.flatnonzero(~np.isnan(latitudes))
        if not len(placed):
            return None
        first = placed[0]
        latitude = float(latitudes[first])
        longitude = float(longitudes[first])
        return latitude, longitude


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
    earliest = starts[0] - _DAY_S
    latest = end + _DAY_S
    rows = _rows_between(table, earliest, latest)
    leg_numbers = _leg_numbers(table.time[rows], starts)
    legs = []
    for number in range(len(starts)):
        its_rows = rows[leg_numbers == number]
        legs.append(_samples(table, its_rows))
    _count_from_start(legs)
    strays = len(table.time) - len(rows)
    return legs, strays


def _rows_between(
    table: Table,
    earliest: float,
    latest: float,
) -> Rows:
    """The rows of the samples of some time, in the order of time."""
    time = table.time
    in_time = time >= earliest
    in_time &= time <= latest
    rows = np.flatnonzero(in_time)
    order = np.argsort(time[rows], kind="stable")
    return rows[order]


def _leg_numbers(time: Numbers, starts: Sequence[float]) -> Rows:
    """The number of the leg that each sample is of."""
    # A session begins with the second in which its first sample was taken.
    seconds = np.floor(starts[1:])
    return np.searchsorted(seconds, time, side="right")


def _count_from_start(legs: Sequence[Samples]) -> None:
    """Some devices count the way through all legs of a race: each leg of ours begins with its
    own.
    """
    gone = 0.0
    for samples in legs:
        way = samples.channels.get("distance")
        if way is None:
            continue
        distances = known(way)
        if not len(distances):
            continue
        if gone and distances[0] >= gone:
            samples.channels["distance"] = way - gone
        gone = float(distances[-1])


def _samples(table: Table, rows: Rows) -> Samples:
    """Some samples of a file with their channels."""
    columns: Columns = {}
    for name, column in table.columns.items():
        columns[name] = column.values[rows]
    joined = join(table.time[rows], columns)
    channels = channels_of(table, joined.columns)
    return Samples(
        joined.time,
        channels.values,
        channels.makers,
        latlng=_latlng(joined.columns),
        beats=_beats(table, rows, joined),
    )


def _beats(
    table: Table,
    rows: Rows,
    joined: Joined,
) -> Beats | None:
    """The intervals between heart beats; ``None`` where there are none."""
    if not table.beats:
        return None
    positions = {int(row): position for position, row in enumerate(rows)}
    by_position: dict[int, Intervals] = defaultdict(tuple)
    for row, intervals in table.beats:
        if row in positions:
            position = positions[row]
            by_position[position] += intervals
    if not by_position:
        return None
    beats: Beats = [None] * len(joined.time)
    for position in sorted(by_position):
        sample = joined.became[position]
        beats[sample] = by_position[position]
    return beats


def _latlng(columns: Columns) -> LatLng | None:
    """The positions in degrees; ``None`` where no sample has one."""
    if "position_lat" not in columns or "position_long" not in columns:
        return None
    latitudes = columns["position_lat"] * _SEMICIRCLE
    longitudes = columns["position_long"] * _SEMICIRCLE
    # A pair with one half missing is a gap whole, and exactly 0, 0 is what a receiver writes that
    # does not know yet.
    half = np.isnan(latitudes)
    half |= np.isnan(longitudes)
    unknown = (latitudes == 0) & (longitudes == 0)
    nowhere = np.abs(latitudes) > 90
    no_place = half | unknown | nowhere
    if no_place.all():
        return None
    return without(latitudes, no_place), without(longitudes, no_place)
