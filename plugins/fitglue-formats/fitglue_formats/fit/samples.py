"""Division of the samples of a file among its sessions, with one name and unit for each channel."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np

from fitglue_formats.fit.arrays import gaps, known, without
from fitglue_formats.fit.channels import channels_of
from fitglue_formats.fit.joining import MOST_PARTS, join
from fitglue_formats.jumps import jumps

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fitglue_formats.clock import Place
    from fitglue_formats.fit.arrays import Columns, LatLng, Numbers, Rows
    from fitglue_formats.fit.channels import Maker
    from fitglue_formats.fit.columns import Intervals, Table
    from fitglue_formats.fit.joining import Joined

#: Degrees in a semicircle, the unit of positions in FIT.
_SEMICIRCLE = 180 / 2**31
_DAY_S = 86_400
#: The R-R intervals of each sample, ``None`` if it has none.
Beats: TypeAlias = "list[Intervals | None]"


@dataclass(frozen=True, slots=True)
class Samples:
    """The samples of one session, in the order of time.

    Attributes:
        time: Seconds after the FIT epoch.
        channels: The values by stream; a gap is NaN.
        makers: The descriptions of the channels that are not streams of the model.
        latlng: The positions in degrees, or ``None`` if no sample has one.
        beats: The R-R intervals in milliseconds, or ``None`` if there are none.
        count: The number of samples in the file that these were joined from.
        unplaced: The number of samples whose position is none, such as latitude and longitude 0.
    """

    time: Numbers
    channels: Columns
    makers: dict[str, Maker]
    latlng: LatLng | None
    beats: Beats | None
    count: int
    unplaced: int = 0

    def __len__(self) -> int:
        return len(self.time)

    def place(self) -> Place | None:
        """Return the first position that is not far from the others, or ``None``."""
        if self.latlng is None:
            return None
        latitudes, longitudes = self.latlng
        placed = np.flatnonzero(~np.isnan(latitudes))
        right = np.setdiff1d(placed, self._far())
        if not len(right):
            return None
        first = right[0]
        latitude = float(latitudes[first])
        longitude = float(longitudes[first])
        return latitude, longitude

    def doubtful_positions(self) -> dict[str, str]:
        """Return which positions are doubtful or none, as ``completeness.missing`` states it."""
        doubts = {}
        far = len(self._far())
        if far:
            # The streams are what the device wrote.
            doubts["steady positions"] = (
                f"{far:,} of {len(self):,} are far from the track; the stream keeps them"
            )
        if self.unplaced:
            doubts["position of each sample"] = (
                f"{self.unplaced:,} of {self.count:,} have none: the file states latitude and "
                "longitude 0, or an impossible latitude"
            )
        return doubts

    def _far(self) -> Rows:
        """Return the samples whose positions are far from those around them."""
        if self.latlng is None:
            return np.array([], dtype=np.int_)
        latitudes, longitudes = self.latlng
        placed = np.flatnonzero(~np.isnan(latitudes))
        wrong = jumps(
            self.time[placed],
            latitudes[placed],
            longitudes[placed],
            np.zeros(len(placed), dtype=np.int32),
        )
        return placed[wrong]


def split(
    table: Table,
    starts: Sequence[float],
    ends: Sequence[float | None],
) -> list[Samples]:
    """Divide the samples of a file among its sessions.

    Samples up to a day before the first start or after the end still belong to the first or last
    session: a device may correct its clock during the recording. Others have an impossible time.
    Each of the other samples belongs to exactly one session (see ``_leg_numbers``).

    Args:
        table: The samples of the file.
        starts: The starts of the sessions in ascending order, in seconds after the FIT epoch.
        ends: The end of each session, or ``None`` if it is unknown.

    Returns:
        The samples of each session.
    """
    end = ends[-1]
    if end is None:
        end = starts[-1]
    earliest = starts[0] - _DAY_S
    latest = end + _DAY_S
    rows = _rows_between(table, earliest, latest)
    leg_numbers = _leg_numbers(
        table,
        rows,
        starts,
        ends,
    )
    legs = []
    for number in range(len(starts)):
        leg_rows = rows[leg_numbers == number]
        is_last = number == len(starts) - 1
        columns = _columns(
            table,
            leg_rows,
            is_last=is_last and not table.is_shared,
        )
        legs.append(_samples(table, leg_rows, columns))
    _count_from_start(legs)
    return legs


def _rows_between(
    table: Table,
    earliest: float,
    latest: float,
) -> Rows:
    """Return the rows of the samples within a range of time, in the order of time."""
    time = table.time
    in_time = time >= earliest
    in_time &= time <= latest
    rows = np.flatnonzero(in_time)
    # Stable, so that samples of the same time stay in the order of the file.
    order = np.argsort(time[rows], kind="stable")
    return rows[order]


def _leg_numbers(
    table: Table,
    rows: Rows,
    starts: Sequence[float],
    ends: Sequence[float | None],
) -> Rows:
    """Return for each sample the number of the leg to which it belongs.

    A sample in the second in which a leg starts is the first one of that leg. If a device ended the
    leg before in the same second, it may have written a sample for each of the two.
    """
    # Sessions start at fractions of a second, and samples have whole seconds.
    seconds = np.floor(starts[1:])
    time = table.time[rows]
    numbers = np.searchsorted(seconds, time, side="right")
    for leg, second in enumerate(seconds):
        end = ends[leg]
        # A leg that began in this second, or ended before it, has no last sample in it.
        if starts[leg] >= second or (end is not None and end < second):
            continue
        first, last = np.searchsorted(time, [second, second + 1])
        count = _samples_before(table, rows[first:last])
        numbers[first : first + count] = leg
    return numbers


def _samples_before(table: Table, rows: Rows) -> int:
    """Return how many samples of the second in which a leg starts belong to the leg before.

    The last sample belongs to the leg that starts, together with those before it that complete or
    repeat it: a Garmin fēnix 2 writes the first sample of each leg twice.

    Args:
        table: The samples of the file.
        rows: The samples of that second, in the order of the file.
    """
    later: dict[str, float] = {}
    newest_first = range(len(rows) - 1, -1, -1)
    for place in newest_first[:MOST_PARTS]:
        values = _values_of(table, rows[place])
        # Two samples that contradict each other are of different legs.
        if any(values[name] != later[name] for name in values.keys() & later.keys()):
            return place + 1
        later |= values
    return 0


def _values_of(table: Table, row: int) -> dict[str, float]:
    """Return the values that a sample has, by the names of the columns."""
    values = {}
    for name, column in table.columns.items():
        value = float(column.values[row])
        if not np.isnan(value):
            values[name] = value
    return values


def _count_from_start(legs: Sequence[Samples]) -> None:
    """Make the distance of each leg begin at 0.

    Some devices count the distance through all legs of a multisport recording.
    """
    distance_before = 0.0
    for samples in legs:
        distance = samples.channels.get("distance")
        if distance is None:
            continue
        distances = known(distance)
        if not len(distances):
            continue
        # A leg with a distance below the end of the last one was counted from 0 by the device.
        if distance_before and distances.min() >= distance_before:
            samples.channels["distance"] = distance - distance_before
        distance_before = float(distances[-1])


def _columns(
    table: Table,
    rows: Rows,
    *,
    is_last: bool,
) -> Columns:
    """Return the values of some samples of a file.

    Args:
        table: The samples of the file.
        rows: Which of them are wanted, in their order.
        is_last: Whether nothing else needs the values of the table, so that their memory can be
            released.
    """
    columns: Columns = {}
    # The samples are often those of the entire table in its order, which need no copy.
    is_all = len(rows) == len(table.time) and bool((rows[1:] > rows[:-1]).all())
    for name, column in table.columns.items():
        columns[name] = column.values if is_all else column.values[rows]
        if is_last:
            column.values = gaps(0)
    return columns


def _samples(
    table: Table,
    rows: Rows,
    columns: Columns,
) -> Samples:
    """Return some samples of a file, joined and converted to channels."""
    joined = join(table.time[rows], columns)
    channels = channels_of(table, joined.columns)
    positions = _positions(joined.columns)
    return Samples(
        joined.time,
        channels.values,
        channels.makers,
        latlng=positions.latlng,
        beats=_beats(table, rows, joined),
        count=len(rows),
        unplaced=positions.unplaced,
    )


def _beats(
    table: Table,
    rows: Rows,
    joined: Joined,
) -> Beats | None:
    """Return the R-R intervals of each sample, or ``None`` if there are none."""
    if not table.beats:
        return None
    positions = {int(row): position for position, row in enumerate(rows)}
    by_position: dict[int, list[float]] = defaultdict(list)
    for row, intervals in table.beats:
        if row in positions:
            position = positions[row]
            by_position[position].extend(intervals)
    if not by_position:
        return None
    beats: Beats = [None] * len(joined.time)
    for position in sorted(by_position):
        sample = joined.new_rows[position]
        beats[sample] = tuple(by_position[position])
    return beats


class _Positions(NamedTuple):
    """The positions in degrees, if any sample has one, and the number of those that are none."""

    latlng: LatLng | None
    unplaced: int


def _positions(columns: Columns) -> _Positions:
    """Return the positions of samples."""
    if "position_lat" not in columns or "position_long" not in columns:
        return _Positions(None, 0)
    latitudes = columns["position_lat"] * _SEMICIRCLE
    longitudes = columns["position_long"] * _SEMICIRCLE
    # If one coordinate is missing, the other is dropped. A receiver without a fix writes 0, 0.
    is_incomplete = np.isnan(latitudes)
    is_incomplete |= np.isnan(longitudes)
    is_none = (latitudes == 0) & (longitudes == 0)
    is_none |= np.abs(latitudes) > 90
    is_gap = is_incomplete | is_none
    unplaced = int((is_none & ~is_incomplete).sum())
    if is_gap.all():
        return _Positions(None, unplaced)
    latlng = without(latitudes, is_gap), without(longitudes, is_gap)
    return _Positions(latlng, unplaced)
