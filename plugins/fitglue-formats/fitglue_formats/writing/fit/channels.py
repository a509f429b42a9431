"""Which field of a FIT sample holds which stream: a field of the profile, or a developer field."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from fitglue_formats.fit.channel_names import NATIVE, UNUSED
from fitglue_formats.writing.fit.fields import column
from fitglue_formats.writing.fit.sdk import RECORD, fields_of
from fitglue_formats.writing.texts import cut_to_bytes, one_line
from fitglue_registry.model import STREAM_UNITS

if TYPE_CHECKING:
    from fitglue_formats.writing.fit.leg import Leg
    from fitglue_formats.writing.samples import Floats
    from fitglue_registry.model import Stream

#: Degrees → semicircles: 2**31 of them are 180 degrees.
_SEMICIRCLES = 2**31 / 180
#: The highest number of semicircles that a field can hold.
_MOST_SEMICIRCLES = 2**31 - 2
#: FIT profile, type ``left_right_balance``: this bit says that the percentage is that of the right
#: side.
_RIGHT = 0x80
#: The most developer fields of one file: their numbers have one byte.
_MOST_DEVELOPER_FIELDS = 200
#: The longest name of a developer field in bytes (FIT profile, ``field_name``), without its end.
_LONGEST_NAME = 63
_LONGEST_UNIT = 15
#: Streams of the model whose developer field has another name than the stream.
_DEVELOPER_NAMES = {"skin_temperature": ("Skin temperature", "C")}


class DeveloperField(NamedTuple):
    """A field that the profile lacks: its number, name and unit, and its values."""

    number: int
    name: str
    unit: str
    values: list[Any]


@dataclass(slots=True)
class Columns:
    """The samples as columns: one value for each sample, ``None`` for a gap.

    Attributes:
        native: The columns by the name of their field in the profile.
        developer: The columns of the developer fields.
    """

    native: dict[str, list[Any]] = field(default_factory=dict)
    developer: list[DeveloperField] = field(default_factory=list)


def _native_fields() -> dict[str, tuple[str, float]]:
    """Return for each stream its field in the profile, and the factor of its values.

    This is the table of the reader, turned around. Of several fields, the one with the highest
    resolution counts, which is the last one.
    """
    fields = {}
    for name, channel in NATIVE.items():
        fields[channel.stream] = (name, 1 / channel.factor)
    return fields


_FIELDS = _native_fields()


def columns_of(leg: Leg) -> Columns:
    """Return the samples of a leg as columns."""
    columns = Columns()
    _positions(leg, columns)
    for name, values in leg.samples.channels.items():
        stream = leg.samples.streams[name]
        if name == "cadence":
            _cadence(columns, values * leg.cadence_factor)
        elif name == "left_right_balance":
            columns.native[name] = _balance(values)
        elif name in _FIELDS:
            field_name, factor = _FIELDS[name]
            columns.native[field_name] = column(RECORD, field_name, values * factor)
        elif _is_native(stream):
            columns.native[name] = column(RECORD, name, values)
        elif len(columns.developer) < _MOST_DEVELOPER_FIELDS:
            columns.developer.append(_developer(stream, values, len(columns.developer)))
    return columns


def _positions(leg: Leg, columns: Columns) -> None:
    samples = leg.samples
    if samples.latitudes is None or samples.longitudes is None:
        return
    latitudes = np.rint(samples.latitudes * _SEMICIRCLES)
    longitudes = np.rint(samples.longitudes * _SEMICIRCLES)
    # 180 degrees east is one semicircle more than a field can hold.
    longitudes = np.minimum(longitudes, _MOST_SEMICIRCLES)
    columns.native["position_lat"] = column(RECORD, "position_lat", latitudes)
    columns.native["position_long"] = column(RECORD, "position_long", longitudes)


def _cadence(columns: Columns, values: Floats) -> None:
    """Add a cadence, whose fraction has a field of its own in steps of 1/128."""
    steps = np.rint(values * 128)
    whole = np.floor(steps / 128)
    fraction = (steps - whole * 128) / 128
    columns.native["cadence"] = column(RECORD, "cadence", whole)
    if np.nan_to_num(fraction).any():
        columns.native["fractional_cadence"] = column(RECORD, "fractional_cadence", fraction)


def _balance(left: Floats) -> list[Any]:
    """Return the share of the left side as FIT states it: that of the right side, with its bit."""
    right = 100 - np.rint(left)
    with np.errstate(invalid="ignore"):
        is_share = (right >= 0) & (right <= 100)
    raw = np.where(is_share, right + _RIGHT, np.nan)
    return column(RECORD, "left_right_balance", raw)


def _is_native(stream: Stream) -> bool:
    """Return whether a stream that the model does not know came from a field of the profile."""
    if stream.custom or stream.type in UNUSED:
        return False
    described = fields_of(RECORD).get(stream.type)
    if described is None or described["base_type"] == "string" or len(described["scale"]) > 1:
        return False
    return stream.unit is None or stream.unit == described["units"]


def _developer(
    stream: Stream,
    values: Floats,
    number: int,
) -> DeveloperField:
    """Return the developer field of a stream, with all its digits."""
    name, unit = _DEVELOPER_NAMES.get(
        stream.type,
        (stream.raw_type or stream.type, stream.unit or STREAM_UNITS.get(stream.type, "")),
    )
    kept = np.isnan(values)
    numbers: list[Any] = values.tolist()
    return DeveloperField(
        number,
        cut_to_bytes(one_line(name) or f"field {number}", _LONGEST_NAME),
        cut_to_bytes(one_line(unit) or "", _LONGEST_UNIT),
        [None if is_gap else value for value, is_gap in zip(numbers, kept.tolist(), strict=True)],
    )
