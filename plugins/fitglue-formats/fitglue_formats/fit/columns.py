"""Decodes the samples of a FIT file by the column: numpy reads all messages of one shape at once.

The profile of fitdecode says what a field is, its scale and its unit; message by message it would
take 200 µs for each second of a ride.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from fitdecode.profile import MESSAGE_TYPES

from fitglue_formats.fit.arrays import filled, gaps, without
from fitglue_formats.fit.definitions import TIMESTAMP, offsets
from fitglue_formats.fit.frames import HRV, RECORD
from fitglue_formats.fit.numbers import UINT32, base_number, numbers, scaled
from fitglue_formats.fit.strap import heart_rates
from fitglue_formats.fit.values import text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fitglue_formats.fit.arrays import Numbers, Rows
    from fitglue_formats.fit.definitions import Definition, Field
    from fitglue_formats.fit.frames import Frames, Message
    from fitglue_formats.fit.messages import Messages, Values
    from fitglue_formats.fit.numbers import Cells

#: Milliseconds between heart beats.
Intervals: TypeAlias = tuple[float, ...]
#: Row of a sample, and the intervals in it.
Beats: TypeAlias = list[tuple[int, Intervals]]
#: Developer and number of a field → what the developer says of it.
Descriptions: TypeAlias = "Mapping[tuple[int, int], Values]"
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
    columns: dict[str, Column]
    beats: Beats
    skipped: int  # samples that were not decoded

    @classmethod
    def empty(cls) -> Table:
        """No samples at all."""
        return cls(gaps(0), {}, [], 0)

    def column(self, name: str, **about: Any) -> Numbers | None:
        """The values of a column, which is made where there is none; ``None`` where there are too
        many.
        """
        if name not in self.columns:
            count = len(self.columns) + 1
            numbers_after = count * len(self.time)
            if count > _MOST_COLUMNS or numbers_after > _MOST_NUMBERS:
                return None
            values = gaps(len(self.time))
            self.columns[name] = Column(values, **about)
        return self.columns[name].values

    def put(
        self,
        rows: Rows,
        values: Numbers,
        name: str,
        **about: Any,
    ) -> None:
        """Write values into some rows of a column, unless there are too many columns."""
        column = self.column(name, **about)
        if column is not None:
            column[rows] = values


def table(frames: Frames, messages: Messages) -> Table:
    """The samples of all parts of a file."""
    scan = _scan(frames)
    stated = np.array(scan.times, dtype=np.float64)
    samples = Table(
        time=without(stated, stated < 0),
        columns={},
        beats=scan.beats,
        skipped=scan.skipped,
    )
    for block in scan.blocks.values():
        if block.definition.size:
            descriptions = _descriptions(messages, block.part)
            _fill(samples, block, frames.content, descriptions)
    _fill_from_strap(samples, frames)
    return samples


# -- where the samples are -------------------------------------------------------------------------


@dataclass(slots=True)
class _Block:
    """The samples of one shape in one part of the file: the row of each, and where it starts."""

    definition: Definition
    part: int
    rows: list[int]
    starts: list[int]


class _Scan:
    """The samples of all parts by their shape, none of them decoded."""

    def __init__(self) -> None:
        self.blocks: dict[Any, _Block] = {}
        self.times: list[int] = []
        self.beats: Beats = []
        self.skipped = 0

    def block(self, part: int, definition: Definition) -> _Block | None:
        """The samples of this shape so far; ``None`` where there are too many shapes."""
        key = (part, definition.shape)
        if key not in self.blocks:
            if len(self.blocks) >= _MOST_SHAPES:
                return None
            self.blocks[key] = _Block(definition, part, [], [])
        return self.blocks[key]

    def add(self, block: _Block | None, message: Message) -> None:
        """Note where a sample is."""
        if block is None:
            self.skipped += 1
            return
        block.rows.append(len(self.times))
        block.starts.append(message.start)
        self.times.append(message.time)


def _scan(frames: Frames) -> _Scan:
    """Where each sample of a file is, and what lies between them."""
    scan = _Scan()
    for number, part in enumerate(frames.parts):
        # A definition is hashed by its identity, which is much quicker than by its shape.
        blocks: dict[Definition, _Block | None] = {}
        for message in part.messages:
            definition = message.definition
            if definition.number == RECORD:
                if definition not in blocks:
                    blocks[definition] = scan.block(number, definition)
                scan.add(blocks[definition], message)
            elif definition.number == HRV and scan.times:
                last_row = len(scan.times) - 1
                intervals = _intervals(frames.content, message)
                scan.beats.append((last_row, intervals))
    return scan


def _intervals(content: bytes, message: Message) -> Intervals:
    """Milliseconds between heart beats, which the message says in thousands of a second."""
    definition = message.definition
    count = definition.size // 2
    raw = np.frombuffer(
        content,
        definition.order + "u2",
        count,
        message.start,
    )
    is_known = raw > 0
    is_known &= raw != 0xFFFF
    known = raw[is_known].astype(float)
    return tuple(known.tolist())


# -- from bytes to columns -------------------------------------------------------------------------


def _descriptions(messages: Messages, part: int) -> Descriptions:
    """What the developers say of their fields in one part of a file."""
    descriptions = {}
    for values in messages.all("field_description"):
        if values["part"] != part:
            continue
        developer = values.get("developer_data_index")
        number = values.get("field_definition_number")
        if developer is not None and number is not None:
            descriptions[developer, number] = values
    return descriptions


def _fill(
    samples: Table,
    block: _Block,
    content: bytes,
    descriptions: Descriptions,
) -> None:
    """Put the samples of one shape into the columns."""
    definition = block.definition
    size = definition.size
    order = definition.order
    rows = np.array(block.rows)
    packed = b"".join([content[start : start + size] for start in block.starts])
    cells = np.frombuffer(packed, np.uint8)
    cells = cells.reshape(len(rows), size)
    for at, end, field in offsets(definition.fields):
        _fill_native(samples, rows, field, cells[:, at:end], order)
    developers_at = sum(field.size for field in definition.fields)
    for at, end, field in offsets(definition.developer_fields, developers_at):
        description = descriptions.get((field.base, field.number))
        if description is None:
            continue
        base = base_number(description.get("fit_base_type_id"))
        values = numbers(cells[:, at:end], base, order)
        if values is not None:
            _fill_developer(samples, rows, description, values)


def _fill_native(
    samples: Table,
    rows: Rows,
    field: Field,
    cells: Cells,
    order: str,
) -> None:
    """Put a field that the profile of FIT describes into its column."""
    if field.number == TIMESTAMP and field.size == 4:
        samples.time[rows] = numbers(cells, UINT32, order)
        return
    if field.number == _COMPRESSED_SPEED_DISTANCE and field.size == 3:
        _fill_speed_distance(samples, rows, cells)
        return
    profile = MESSAGE_TYPES[RECORD].fields.get(field.number)
    values = numbers(cells, base_number(field.base), order)
    if profile is None or values is None:
        return
    values = scaled(values, profile.scale, profile.offset)
    samples.put(rows, values, profile.name, unit=profile.units)


def _fill_speed_distance(
    samples: Table,
    rows: Rows,
    cells: Cells,
) -> None:
    """Twelve bits of speed in 1/100 m/s and twelve of distance in 1/16 m, of which the lower bits
    alone are said.
    """
    is_none = (cells == 0xFF).all(axis=1)
    low, middle, high = cells.astype(np.int64).T
    speeds = low | (middle & 0x0F) << 8
    samples.put(
        rows,
        without(speeds / 100, is_none),
        "speed",
        unit="m/s",
    )
    counts = middle >> 4 | high << 4
    is_known = ~is_none
    steps = np.diff(counts[is_known], prepend=0) & 0xFFF
    distances = gaps(len(rows))
    distances[is_known] = np.cumsum(steps) / 16
    samples.put(rows, distances, "distance", unit="m")


def _fill_developer(
    samples: Table,
    rows: Rows,
    description: Values,
    values: Numbers,
) -> None:
    """Put a field that a developer described into its column."""
    name = text(description.get("field_name"))
    if not name:
        return
    namesake = samples.columns.get(name)
    # A developer may call a field as the profile does: both are kept.
    if namesake is not None and not namesake.developer:
        name = f"{name} (developer {description['developer_data_index']})"
    samples.put(
        rows,
        scaled(values, description.get("scale"), description.get("offset")),
        name,
        unit=text(description.get("units")),
        native=_native_name(description),
        developer=True,
    )


def _native_name(description: Values) -> str | None:
    """The native field that a developer's field says it stands for."""
    if description.get("native_mesg_num", "record") != "record":
        return None
    number = description.get("native_field_num")
    native = MESSAGE_TYPES[RECORD].fields.get(number)
    if native is None:
        return None
    return str(native.name)


def _fill_from_strap(samples: Table, frames: Frames) -> None:
    """Fill the gaps of the heart rate with what a strap kept to itself."""
    kept = heart_rates(frames, samples.time)
    if kept is None:
        return
    column = samples.column("heart_rate", unit="bpm")
    if column is not None:
        column[:] = filled(column, kept)
