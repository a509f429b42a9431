"""Decodes the samples of a FIT file by the column: numpy reads all messages of one shape at once.

The profile of fitdecode says what a field is, its scale and its unit; message by message it would
take 200 µs for each second of a ride.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np
from fitdecode.profile import MESSAGE_TYPES

from fitglue_formats.fit.frames import HRV, RECORD, TIMESTAMP, offsets
from fitglue_formats.fit.strap import heart_rates
from fitglue_formats.fit.values import text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from fitglue_formats.fit.frames import Definition, Field, Frames, Message
    from fitglue_formats.fit.messages import Messages, Values

    Numbers = NDArray[np.float64]
    Rows = NDArray[np.int_]
    Cells = NDArray[np.uint8]

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
#: Where a developer says no base type that is one.
_NO_BASE = 31
_UINT32 = 6
_COMPRESSED_SPEED_DISTANCE = 8
#: A file with more shapes of samples than this was made to keep a reader busy.
_MOST_SHAPES = 1_000
_MOST_COLUMNS = 150
_MOST_NUMBERS = 40_000_000


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

    def column(self, name: str, **about: Any) -> Numbers | None:
        """The values of a column, which is made where there is none; ``None`` where there are too
        many.
        """
        if name not in self.columns:
            count = len(self.columns) + 1
            if count > _MOST_COLUMNS or count * len(self.time) > _MOST_NUMBERS:
                return None
            self.columns[name] = Column(np.full(len(self.time), np.nan), **about)
        return self.columns[name].values


def table(frames: Frames, messages: Messages) -> Table:
    """The samples of all parts of a file."""
    scan = _scan(frames)
    stated = np.array(scan.times, dtype=np.float64)
    samples = Table(
        np.where(stated < 0, np.nan, stated),
        beats=scan.beats,
        skipped=scan.skipped,
    )
    for block in scan.blocks.values():
        _fill(samples, block, frames.content, _described(messages, block.part))
    _fill_from_strap(samples, frames)
    return samples


# -- where the samples are -------------------------------------------------------------------------


@dataclass(slots=True)
class _Block:
    """The samples of one shape in one part of the file: the row of each, and where it starts."""

    definition: Definition
    part: int
    rows: list[int] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)


@dataclass(slots=True)
class _Scan:
    """The samples of all parts by their shape, none of them decoded."""

    blocks: dict[Any, _Block] = field(default_factory=dict)
    times: list[int] = field(default_factory=list)
    beats: list[tuple[int, tuple[float, ...]]] = field(default_factory=list)
    skipped: int = 0

    def block(self, part: int, definition: Definition) -> _Block | None:
        """The samples of this shape so far; ``None`` where there are too many shapes."""
        key = (part, definition.shape)
        if key not in self.blocks:
            if len(self.blocks) >= _MOST_SHAPES:
                return None
            self.blocks[key] = _Block(definition, part)
        return self.blocks[key]


def _scan(frames: Frames) -> _Scan:
    scan = _Scan()
    for number, part in enumerate(frames.parts):
        # A definition is hashed by its identity, which is much quicker than by its shape.
        blocks: dict[Definition, _Block | None] = {}
        for message in part.messages:
            definition = message.definition
            if definition.number == RECORD:
                if definition not in blocks:
                    blocks[definition] = scan.block(number, definition)
                _add_sample(scan, blocks[definition], message)
            elif definition.number == HRV and scan.times:
                scan.beats.append((len(scan.times) - 1, _beats(frames.content, message)))
    return scan


def _add_sample(
    scan: _Scan,
    block: _Block | None,
    message: Message,
) -> None:
    if block is None:
        scan.skipped += 1
        return
    block.rows.append(len(scan.times))
    block.starts.append(message.start)
    scan.times.append(message.time)


def _beats(content: bytes, message: Message) -> tuple[float, ...]:
    count = message.definition.size // 2
    code = ">u2" if message.definition.big_endian else "<u2"
    raw = np.frombuffer(content, code, count, message.start)
    # Of a second in thousands: milliseconds.
    return tuple(raw[(raw != 0xFFFF) & (raw > 0)].astype(float).tolist())


# -- from bytes to columns -------------------------------------------------------------------------


def _described(messages: Messages, part: int) -> dict[tuple[int, int], Values]:
    """What the developers say of their fields, by developer and number."""
    described = {}
    for values in messages.all("field_description"):
        developer = values.get("developer_data_index")
        number = values.get("field_definition_number")
        if values["part"] == part and developer is not None and number is not None:
            described[developer, number] = values
    return described


def _fill(
    samples: Table,
    block: _Block,
    content: bytes,
    described: Mapping[tuple[int, int], Values],
) -> None:
    """Put the samples of one shape into the columns."""
    definition = block.definition
    size = definition.size
    if not size:
        return
    rows = np.array(block.rows)
    packed = b"".join([content[start : start + size] for start in block.starts])
    cells = np.frombuffer(packed, np.uint8).reshape(len(rows), size)
    order = ">" if definition.big_endian else "<"
    for at, one in offsets(definition.fields):
        _fill_native(samples, rows, one, cells[:, at : at + one.size], order)
    developer_at = sum(one.size for one in definition.fields)
    for at, one in offsets(definition.developer_fields, developer_at):
        description = described.get((one.base, one.number))
        if description is not None:
            base = _base_number(description.get("fit_base_type_id"))
            values = _numbers(cells[:, at : at + one.size], base, order)
            _fill_developer(samples, rows, description, values)


def _fill_native(
    samples: Table,
    rows: Rows,
    one: Field,
    cells: Cells,
    order: str,
) -> None:
    """Put a field that the profile of FIT describes into its column."""
    if one.number == TIMESTAMP and one.size == 4:
        samples.time[rows] = _numbers(cells, _UINT32, order)
        return
    if one.number == _COMPRESSED_SPEED_DISTANCE and one.size == 3:
        _fill_speed_distance(samples, rows, cells)
        return
    profile = MESSAGE_TYPES[RECORD].fields.get(one.number)
    values = _numbers(cells, one.base & 0x1F, order)
    if profile is None or values is None:
        return
    column = samples.column(profile.name, unit=profile.units)
    if column is not None:
        column[rows] = _scaled(values, profile.scale, profile.offset)


def _fill_speed_distance(
    samples: Table,
    rows: Rows,
    cells: Cells,
) -> None:
    """Twelve bits of speed in 1/100 m/s and twelve of distance in 1/16 m, of which the lower bits
    alone are said.
    """
    known = ~(cells == 0xFF).all(axis=1)
    low, middle, high = cells.astype(np.int64).T
    speeds = (low | (middle & 0x0F) << 8) / 100
    counts = (middle >> 4 | high << 4)[known]
    steps = np.diff(counts, prepend=0) & 0xFFF
    distances = np.full(len(rows), np.nan)
    distances[known] = np.cumsum(steps) / 16
    speed = samples.column("speed", unit="m/s")
    if speed is not None:
        speed[rows] = np.where(known, speeds, np.nan)
    distance = samples.column("distance", unit="m")
    if distance is not None:
        distance[rows] = distances


def _fill_developer(
    samples: Table,
    rows: Rows,
    description: Values,
    values: Numbers | None,
) -> None:
    """Put a field that a developer described into its column."""
    name = text(description.get("field_name"))
    if values is None or not name:
        return
    known = samples.columns.get(name)
    # A developer may call a field as the profile does: both are kept.
    if known is not None and not known.developer:
        name = f"{name} (developer {description['developer_data_index']})"
    column = samples.column(
        name,
        unit=text(description.get("units")),
        native=_native_name(description),
        developer=True,
    )
    if column is not None:
        column[rows] = _scaled(values, description.get("scale"), description.get("offset"))


def _native_name(description: Values) -> str | None:
    """The native field that a developer's field says it stands for."""
    if description.get("native_mesg_num", "record") != "record":
        return None
    native = MESSAGE_TYPES[RECORD].fields.get(description.get("native_field_num"))
    if native is None:
        return None
    return str(native.name)


def _fill_from_strap(samples: Table, frames: Frames) -> None:
    """Fill the gaps of the heart rate with what a strap kept to itself."""
    messages = chain.from_iterable(part.messages for part in frames.parts)
    kept = heart_rates(frames.content, messages, samples.time)
    if kept is None:
        return
    column = samples.column("heart_rate", unit="bpm")
    if column is not None:
        column[:] = np.where(np.isnan(column), kept, column)


# -- one field -------------------------------------------------------------------------------------


def _numbers(cells: Cells, base: int, order: str) -> Numbers | None:
    """One field as doubles with NaN for none; ``None`` where it is no single number."""
    code, none = _BASES.get(base, ("", 0.0))
    if not code or int(code[1:]) != cells.shape[1]:
        return None
    values = np.ascontiguousarray(cells).view(order + code).ravel()
    with np.errstate(invalid="ignore"):  # a NaN with a message in it
        doubles = values.astype(np.float64)
    doubles[~np.isfinite(doubles)] = np.nan
    if not math.isnan(none):
        doubles[values == np.array(none).astype(values.dtype)] = np.nan
    return doubles


def _scaled(
    values: Numbers,
    scale: float | None,
    offset: float | None,
) -> Numbers:
    scale = scale or 1
    # The offset first: 2499 / 5 - 500 is no -0.2.
    return (values - (offset or 0) * scale) / scale


def _base_number(base: Any) -> int:
    """The number of a base type; fitdecode gives a name where it knows one."""
    if isinstance(base, str):
        return _BASE_NAMES.get(base, _NO_BASE)
    if isinstance(base, int):
        return base & 0x1F
    return _NO_BASE
