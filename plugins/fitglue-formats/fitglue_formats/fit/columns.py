"""Decodes the samples of a FIT file by the column: numpy reads all messages of one shape at once.

The profile of fitdecode says what a field is, its scale and its unit; message by message it would
take 200 µs for each second of a ride.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from fitdecode.profile import MESSAGE_TYPES

from fitglue_formats.fit.frames import HRV, RECORD, TIMESTAMP
from fitglue_formats.fit.strap import heart_rates

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from fitglue_formats.fit.frames import Definition, Frames, Message
    from fitglue_formats.fit.messages import Messages, Values

    Numbers = NDArray[np.float64]

#: Base type → its code in numpy and the value that means "none"; a text or an array is no sample.
_BASES: dict[int, tuple[str, float]] = {
    0: ("u1", 0xFF),
    1: ("i1", 0x7F),
    2: ("u1", 0xFF),
    3: ("i2", 0x7FFF),
    4: ("u2", 0xFFFF),
    5: ("i4", 0x7FFFFFFF),
    6: ("u4", 0xFFFFFFFF),
    8: ("f4", np.nan),
    9: ("f8", np.nan),
    10: ("u1", 0),
    11: ("u2", 0),
    12: ("u4", 0),
    14: ("i8", 2**63 - 1),
    15: ("u8", 2**64 - 1),
    16: ("u8", 0),
}
#: A file with more shapes of samples than this was made to keep a reader busy.
_MOST_SHAPES, _MOST_COLUMNS, _MOST_NUMBERS = 1_000, 150, 40_000_000


@dataclass(slots=True)
class Column:
    """One field of all samples, gaps as NaN."""

    values: Numbers
    unit: str | None = None
    native: str | None = None  # of a developer's field: the native one that it says it stands for
    developer: bool = False


@dataclass(slots=True)
class Table:
    """All samples of a file in its order."""

    time: Numbers  # seconds of the FIT epoch
    columns: dict[str, Column] = field(default_factory=dict)
    # Row → ms between heart beats.
    beats: list[tuple[int, tuple[float, ...]]] = field(default_factory=list)
    skipped: int = 0  # samples that were not decoded

    def of(self, name: str) -> Numbers | None:
        """One native column."""
        column = self.columns.get(name)
        return column.values if column is not None else None


def table(frames: Frames, messages: Messages) -> Table:
    """The samples of all parts of a file."""
    shapes: dict[Any, tuple[Definition, int, list[int], list[int]]] = {}
    times: list[int] = []
    beats: list[tuple[int, tuple[float, ...]]] = []
    skipped = 0
    for number, part in enumerate(frames.parts):
        for message in part.messages:
            definition = message.definition
            if definition.number == RECORD:
                key = (number, definition.shape)
                if key not in shapes and len(shapes) >= _MOST_SHAPES:
                    skipped += 1
                    continue
                _, _, rows, starts = shapes.setdefault(key, (definition, number, [], []))
                rows.append(len(times))
                starts.append(message.start)
                times.append(message.time)
            elif definition.number == HRV and times:
                beats.append((len(times) - 1, _beats(frames.content, message)))
    stated = np.array(times, dtype=np.float64)
    found = Table(np.where(stated < 0, np.nan, stated), beats=beats, skipped=skipped)
    for definition, number, rows, starts in shapes.values():
        _fill(
            found, frames.content, definition, np.array(rows), starts, _described(messages, number)
        )
    kept = heart_rates(
        frames.content, (message for part in frames.parts for message in part.messages), found.time
    )
    if kept is not None:
        column = _column(found, "heart_rate", unit="bpm")
        if column is not None:
            column[:] = np.where(np.isnan(column), kept, column)
    return found


def _beats(content: bytes, message: Message) -> tuple[float, ...]:
    size = message.definition.size // 2 * 2
    raw = np.frombuffer(
        content, ">u2" if message.definition.big_endian else "<u2", size // 2, message.start
    )
    # Of a second in thousands: milliseconds.
    return tuple(float(value) for value in raw[(raw != 0xFFFF) & (raw > 0)])


def _described(messages: Messages, part: int) -> dict[tuple[int, int], Values]:
    """What the developers say of their fields, by developer and number."""
    return {
        (said["developer_data_index"], said["field_definition_number"]): said
        for said in messages.all("field_description")
        if said["part"] == part
        and "developer_data_index" in said
        and "field_definition_number" in said
    }


def _fill(
    found: Table,
    content: bytes,
    definition: Definition,
    rows: NDArray[np.int_],
    starts: Sequence[int],
    described: Mapping[tuple[int, int], Values],
) -> None:
    """Put the messages of one shape into the columns."""
    size, at = definition.size, 0
    if not size:
        return
    raw = np.frombuffer(
        b"".join(content[start : start + size] for start in starts), np.uint8
    ).reshape(len(starts), size)
    for one in definition.fields:
        if one.number == TIMESTAMP and one.size == 4:
            found.time[rows] = _numbers(raw, at, one.size, 6, big_endian=definition.big_endian)
        elif one.number == _COMPRESSED_SPEED_DISTANCE and one.size == 3:
            _speed_distance(found, rows, raw[:, at : at + 3].astype(np.int64))
        else:
            _native(
                found,
                rows,
                one.number,
                _numbers(raw, at, one.size, one.base & 0x1F, big_endian=definition.big_endian),
            )
        at += one.size
    for one in definition.developer_fields:
        said = described.get((one.base, one.number))
        if said is not None:
            base = _base_number(said.get("fit_base_type_id"))
            _of_developer(
                found,
                rows,
                said,
                _numbers(raw, at, one.size, base, big_endian=definition.big_endian),
            )
        at += one.size


def _numbers(
    raw: NDArray[np.uint8], at: int, size: int, base: int, *, big_endian: bool
) -> Numbers | None:
    """One field as doubles with NaN for none; ``None`` where it is no single number."""
    code, none = _BASES.get(base, ("", 0.0))
    if not code or int(code[1:]) != size:
        return None
    values = (
        np.ascontiguousarray(raw[:, at : at + size])
        .view((">" if big_endian else "<") + code)
        .ravel()
    )
    with np.errstate(invalid="ignore"):  # a NaN with a message in it
        doubles = values.astype(np.float64)
    doubles[~np.isfinite(doubles)] = np.nan
    if none == none:
        doubles[values == np.array(none).astype(values.dtype)] = np.nan
    return doubles


def _column(found: Table, name: str, **said: Any) -> Numbers | None:
    if name not in found.columns:
        if (
            len(found.columns) >= _MOST_COLUMNS
            or (len(found.columns) + 1) * len(found.time) > _MOST_NUMBERS
        ):
            return None
        found.columns[name] = Column(np.full(len(found.time), np.nan), **said)
    return found.columns[name].values


def _native(found: Table, rows: NDArray[np.int_], number: int, values: Numbers | None) -> None:
    profile = MESSAGE_TYPES[RECORD].fields.get(number)
    if profile is None or values is None:
        return
    column = _column(found, profile.name, unit=profile.units)
    if column is not None:
        column[rows] = _scaled(values, profile.scale, profile.offset)


def _of_developer(
    found: Table, rows: NDArray[np.int_], said: Values, values: Numbers | None
) -> None:
    name = _text(said.get("field_name"))
    if values is None or not name:
        return
    native = (
        MESSAGE_TYPES[RECORD].fields.get(said.get("native_field_num"))
        if said.get("native_mesg_num", "record") == "record"
        else None
    )
    # A developer may call a field as the profile does: both are kept.
    key = (
        f"{name} (developer {said['developer_data_index']})"
        if name in found.columns and not found.columns[name].developer
        else name
    )
    column = _column(
        found,
        key,
        unit=_text(said.get("units")),
        native=native.name if native else None,
        developer=True,
    )
    if column is not None:
        column[rows] = _scaled(values, said.get("scale"), said.get("offset"))


def _scaled(values: Numbers, scale: float | None, offset: float | None) -> Numbers:
    # The offset first: 2499 / 5 - 500 is no -0.2.
    return (values - (offset or 0) * (scale or 1)) / (scale or 1)


def _text(value: Any) -> str | None:
    """A text, of which fitdecode makes several where there are zeros in it."""
    found = next((part for part in value if part), None) if isinstance(value, tuple) else value
    return (
        "".join(char for char in found if char.isprintable()).strip() or None
        if isinstance(found, str)
        else None
    )


def _base_number(base: Any) -> int:
    """The number of a base type; fitdecode gives a name where it knows one."""
    return (
        _BASE_NAMES.get(base, 31)
        if isinstance(base, str)
        else int(base) & 0x1F
        if isinstance(base, int)
        else 31
    )


_BASE_NAMES = {
    "enum": 0,
    "sint8": 1,
    "uint8": 2,
    "sint16": 3,
    "uint16": 4,
    "sint32": 5,
    "uint32": 6,
    "string": 7,
    "float32": 8,
    "float64": 9,
    "uint8z": 10,
    "uint16z": 11,
    "uint32z": 12,
    "byte": 13,
    "sint64": 14,
    "uint64": 15,
    "uint64z": 16,
}
_COMPRESSED_SPEED_DISTANCE = 8


def _speed_distance(found: Table, rows: NDArray[np.int_], raw: NDArray[np.int64]) -> None:
    """Twelve bits of speed in 1/100 m/s and twelve of distance in 1/16 m, of which the lower bits
    alone are said.
    """
    known = ~(raw == 0xFF).all(axis=1)
    speed = np.where(known, (raw[:, 0] | (raw[:, 1] & 0x0F) << 8) / 100, np.nan)
    said = (raw[:, 1] >> 4 | raw[:, 2] << 4)[known]
    whole = np.cumsum(np.diff(said, prepend=0) & 0xFFF) / 16
    for name, unit, values in (
        ("speed", "m/s", speed),
        ("distance", "m", np.full(len(rows), np.nan)),
    ):
        if name == "distance":
            values[known] = whole
        column = _column(found, name, unit=unit)
        if column is not None:
            column[rows] = values
