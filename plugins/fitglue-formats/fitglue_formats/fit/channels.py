"""Conversion of columns into channels: native and developer fields become streams in our units."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from fitglue_formats.fit.arrays import filled, without
from fitglue_formats.fit.channel_names import NATIVE, UNUSED, of_developer
from fitglue_registry.model import STREAM_UNITS

if TYPE_CHECKING:
    from fitglue_formats.fit.arrays import Columns, Numbers
    from fitglue_formats.fit.columns import Column, Table


class Maker(NamedTuple):
    """How the manufacturer describes a channel that is not a stream of the model."""

    name: str
    unit: str | None
    developer: bool


#: The position of each native field in its table: later fields win over earlier ones.
_ORDER = {name: position for position, name in enumerate(NATIVE)}


@dataclass(slots=True)
class Channels:
    """The values by stream, and the descriptions of the streams that are not in the model."""

    values: Columns = field(default_factory=dict)
    makers: dict[str, Maker] = field(default_factory=dict)


def channels_of(table: Table, columns: Columns) -> Channels:
    """Return the columns as channels, each under the name of its stream.

    Native fields come before developer fields, so a value that the device measured itself wins over
    one of an app. Of two native fields, the later one wins, and its gaps are filled from the
    earlier one.
    """
    channels = Channels()
    values = channels.values
    names = sorted(columns, key=lambda name: _rank(table, name))
    for name in names:
        column = table.columns[name]
        if name in UNUSED and not column.developer:
            continue
        stream, column_values = _channel(name, column, columns)
        if np.isnan(column_values).all():
            continue
        if stream in STREAM_UNITS and stream not in values:
            values[stream] = column_values
        elif stream in STREAM_UNITS and name in NATIVE:
            values[stream] = filled(column_values, values[stream])
        else:
            key = stream
            if stream in values:
                # A developer field whose stream is already there is kept as its developer wrote it:
                # under its own name and in its own unit.
                key = name
                column_values = columns[name]
            values[key] = column_values
            maker = Maker(name, column.unit, column.developer)
            channels.makers[key] = maker
    return channels


def _rank(table: Table, name: str) -> tuple[bool, int, str]:
    """Return the sort key of a column: native before developer fields, then by table, then
    by name.
    """
    is_developer = table.columns[name].developer
    place = _ORDER.get(name, len(_ORDER))
    return is_developer, place, name


def _channel(
    name: str,
    column: Column,
    columns: Columns,
) -> tuple[str, Numbers]:
    """Return the name of the stream that a column becomes, and its values in the unit of that
    stream.
    """
    values = columns[name]
    if column.developer:
        channel = of_developer(name, column.unit, column.native)
    else:
        channel = NATIVE.get(name)
        values = _native(name, columns)
    if name == "heart_rate":
        # Devices write a heart rate of 0 when they receive no strap. In every other column, 0 is a
        # measured value (coasting has 0 W).
        values = without(values, values == 0)
    if channel is None:
        return name, values
    return channel.stream, values * channel.factor


def _native(name: str, columns: Columns) -> Numbers:
    """Return the values of a native column, some of which are combined from two fields."""
    values = columns[name]
    if name == "left_right_balance":
        return _balance(values)
    if name == "cadence" and "fractional_cadence" in columns:
        # ``cadence`` has whole revolutions; the fraction is in a field of its own.
        fraction = columns["fractional_cadence"]
        return values + np.nan_to_num(fraction)
    return values


def _balance(values: Numbers) -> Numbers:
    """Return the share of the left side in percent.

    FIT profile, type ``left_right_balance``: the low seven bits are a percentage, and the highest
    bit states whether it is the share of the right side.
    """
    share = np.nan_to_num(values).astype(np.int64)
    percent = (share & 0x7F).astype(np.float64)
    is_right = (share & 0x80) > 0
    left = np.where(is_right, 100 - percent, percent)
    return without(left, np.isnan(values))
