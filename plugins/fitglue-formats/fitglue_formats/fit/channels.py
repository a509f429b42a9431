"""Makes channels of columns: native and developers' fields become streams in our units."""

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
    """What the maker of a channel that is not the model's says of it."""

    name: str
    unit: str | None
    developer: bool


#: The place of each native field in their table.
_ORDER = {name: position for position, name in enumerate(NATIVE)}


@dataclass(slots=True)
class Channels:
    """Values by stream, and the makers of the streams that are none of the model's."""

    values: Columns = field(default_factory=dict)
    makers: dict[str, Maker] = field(default_factory=dict)


def channels_of(table: Table, columns: Columns) -> Channels:
    """The columns by the stream that each is; native ones come first, in the order of their
    table.
    """
    channels = Channels()
    values = channels.values
    names = sorted(columns, key=lambda name: _rank(table, name))
    for name in names:
        column = table.columns[name]
        if name in UNUSED and not column.developer:
            continue
        stream, its_values = _channel(name, column, columns)
        if np.isnan(its_values).all():
            continue
        if stream in STREAM_UNITS and stream not in values:
            values[stream] = its_values
        elif stream in STREAM_UNITS and name in NATIVE:
            values[stream] = filled(its_values, values[stream])
        else:
            key = name if stream in values else stream
            values[key] = its_values
            maker = Maker(name, column.unit, column.developer)
            channels.makers[key] = maker
    return channels


def _rank(table: Table, name: str) -> tuple[bool, int, str]:
    is_developers = table.columns[name].developer
    place = _ORDER.get(name, len(_ORDER))
    return is_developers, place, name


def _channel(
    name: str,
    column: Column,
    columns: Columns,
) -> tuple[str, Numbers]:
    """The stream that a column is, and its values in the unit of that."""
    values = columns[name]
    if column.developer:
        channel = of_developer(name, column.unit, column.native)
    else:
        channel = NATIVE.get(name)
        values = _native(name, columns)
    if name == "heart_rate":
        # No heart beats zero times a minute: that is how a device says that it has no strap. Every
        # other zero is data.
        values = without(values, values == 0)
    if channel is None:
        return name, values
    return channel.stream, values * channel.factor


def _native(name: str, columns: Columns) -> Numbers:
    """The values of a native column, of which some are put together."""
    values = columns[name]
    if name == "left_right_balance":
        return _balance(values)
    if name == "cadence" and "fractional_cadence" in columns:
        fraction = columns["fractional_cadence"]
        return values + np.nan_to_num(fraction)
    return values


def _balance(values: Numbers) -> Numbers:
    """The left share in per cent: the highest bit says whether the right one was written."""
    share = np.nan_to_num(values).astype(np.int64)
    percent = (share & 0x7F).astype(np.float64)
    is_right = (share & 0x80) > 0
    left = np.where(is_right, 100 - percent, percent)
    return without(left, np.isnan(values))
