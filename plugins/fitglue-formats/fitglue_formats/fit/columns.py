"""Decoding of the samples (messages ``record``) column by column: numpy reads all messages of one
shape at once.

The profile in fitdecode supplies the name, scale and unit of a field. Decoding message by message
would take 200 µs for each second of a ride.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass, replace
from dataclasses import field as dataclass_field
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from fitdecode.profile import MESSAGE_TYPES

from fitglue_formats.budget import BEATS, SAMPLE_VALUES
from fitglue_formats.fit.arrays import filled, gaps, without
from fitglue_formats.fit.channel_names import NATIVE
from fitglue_formats.fit.counters import COUNTERS, SPEED_DISTANCE, Counts, completed
from fitglue_formats.fit.definitions import TIMESTAMP, offsets
from fitglue_formats.fit.frames import HRV, RECORD
from fitglue_formats.fit.numbers import (
    UINT32,
    base_number,
    first_numbers,
    invalid_value,
    numbers,
    scaled,
)
from fitglue_formats.fit.strap import heart_rates
from fitglue_formats.fit.values import text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from fitglue_formats.fit.arrays import Mask, Numbers, Rows
    from fitglue_formats.fit.definitions import Definition, Field
    from fitglue_formats.fit.frames import Frames, Message
    from fitglue_formats.fit.messages import Messages, Values
    from fitglue_formats.fit.numbers import Cells

#: R-R intervals: milliseconds between heart beats.
Intervals: TypeAlias = tuple[float, ...]
#: The row of a sample, and the intervals that follow it.
Beats: TypeAlias = list[tuple[int, Intervals]]
#: Index of the developer and number of the field → its message ``field_description``.
Descriptions: TypeAlias = "Mapping[tuple[int, int], Values]"
#: The names of the fields whose raw value 0, which means -500 m, is written for "not measured".
_ALTITUDES = ("altitude", "enhanced_altitude")
#: Each shape has to be decoded separately. Real files have a handful; a file with more than this is
#: hostile.
_MOST_SHAPES = 1_000
#: A file with more fields than this is hostile.
_MOST_COLUMNS = 150
#: Messages are decoded in pieces of at most this many bytes: a file of 120 MB would need the same
#: again, and as much for the objects in between.
_PIECE_BYTES = 1 << 20


@dataclass(slots=True)
class Column:
    """One field of all samples.

    Attributes:
        values: One value for each sample; a gap is NaN.
        unit: The unit that the profile or the developer states.
        native: For a developer field, the name of the native field that it is declared to replace.
        developer: Whether it is a developer field.
    """

    values: Numbers
    unit: str | None = None
    native: str | None = None
    developer: bool = False


@dataclass(slots=True)
class Table:
    """All samples of a file, in the order of the file.

    Attributes:
        time: The time of each sample in seconds after the FIT epoch; NaN if it has none.
        columns: The columns by the name of their field.
        beats: The R-R intervals, each with the row of the sample before them.
        skipped: The number of samples that were not decoded, because a limit was reached.
        files: The number of the chained file of each sample.
        counts: The values of coarser fields, which fill the gaps of ``columns`` at the end.
        repeated: The number of samples that lost their time, because they were written twice.
        absent: Name of a field → the number of its values that mean "not measured", although the
            type of the field allows them.
        left_out: The fields that were not read, because a limit was reached.
        is_shared: Whether another table has the same columns.
    """

    time: Numbers
    columns: dict[str, Column]
    beats: Beats
    skipped: int
    files: Rows
    counts: Counts
    absent: dict[str, int]
    repeated: int = 0
    left_out: set[str] = dataclass_field(default_factory=set)
    is_shared: bool = False

    def of_file(self, number: int) -> Table:
        """Return the same table, in which only the samples of one chained file have a time."""
        time = without(self.time, self.files != number)
        return replace(self, time=time, is_shared=True)

    def column(self, name: str, **about: Any) -> Numbers | None:
        """Return the values of a column, and create the column if it does not exist.

        The result is ``None`` if one more column would exceed a limit.
        """
        if name not in self.columns:
            count = len(self.columns) + 1
            numbers_after = count * len(self.time)
            if count > _MOST_COLUMNS or numbers_after > SAMPLE_VALUES.most:
                self.left_out.add(name)
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
        """Write values into some rows of a column; do nothing if there are too many columns.

        A gap does not replace a value: a message can have a field twice, once without a value.
        """
        column = self.column(name, **about)
        if column is not None:
            column[rows] = filled(values, column[rows])


def table(
    frames: Frames,
    messages: Messages,
) -> Table:
    """Decode the samples of all chained files.

    Args:
        frames: The messages of the file.
        messages: The decoded messages, with the descriptions of developer fields.
    """
    scan = _scan(frames)
    stated = np.array(scan.times, dtype=np.float64)
    samples = Table(
        time=without(stated, stated < 0),  # -1 is a sample without a compressed header
        columns={},
        beats=scan.beats,
        skipped=scan.skipped,
        files=np.zeros(len(stated), dtype=np.int_),
        counts=Counts(len(stated)),
        absent={},
    )
    for block in scan.blocks.values():
        samples.files[np.array(block.rows)] = block.file_number
        if block.definition.size:
            descriptions = _descriptions(messages, block.file_number)
            for piece in block.pieces():
                _fill(samples, piece, frames.content, descriptions)
    _fill_from_counts(samples)
    _fill_from_strap(samples, frames)
    return samples


# -- finding the samples ---------------------------------------------------------------------------


def _positions() -> array[int]:
    """Return an empty array of integers; a list of a million of them takes 40 MB instead of 8."""
    return array("q")


@dataclass(slots=True)
class _Block:
    """The samples of one shape in one chained file: the row of each, and the position of its first
    field.
    """

    definition: Definition
    file_number: int
    rows: array[int] = dataclass_field(default_factory=_positions)
    starts: array[int] = dataclass_field(default_factory=_positions)

    def pieces(self) -> Iterator[_Block]:
        """Yield the same samples in blocks whose messages do not have too many bytes together."""
        count = max(_PIECE_BYTES // self.definition.size, 1)
        for at in range(0, len(self.rows), count):
            yield replace(
                self,
                rows=self.rows[at : at + count],
                starts=self.starts[at : at + count],
            )


class _Scan:
    """The positions of all samples by their shape, before any of them is decoded."""

    def __init__(self) -> None:
        self.blocks: dict[Any, _Block] = {}
        self.times = _positions()
        self.beats: Beats = []
        self.skipped = 0

    def block(
        self,
        file_number: int,
        definition: Definition,
    ) -> _Block | None:
        """Return the block of a shape, or ``None`` if there are too many shapes."""
        key = (file_number, definition.shape)
        if key not in self.blocks:
            if len(self.blocks) >= _MOST_SHAPES:
                return None
            self.blocks[key] = _Block(definition, file_number)
        return self.blocks[key]

    def add(
        self,
        block: _Block | None,
        message: Message,
    ) -> None:
        """Add the position of a sample; count it as skipped if it has no block."""
        if block is None:
            self.skipped += 1
            return
        block.rows.append(len(self.times))
        block.starts.append(message.start)
        self.times.append(message.time)


def _scan(frames: Frames) -> _Scan:
    """Find each sample of a file, and the R-R intervals between them."""
    scan = _Scan()
    for number, file in enumerate(frames.files):
        # A definition is hashed by its identity, which is much faster than hashing its shape.
        blocks: dict[Definition, _Block | None] = {}
        for message in file.messages:
            definition = message.definition
            if definition.number == RECORD:
                if definition not in blocks:
                    blocks[definition] = scan.block(number, definition)
                scan.add(blocks[definition], message)
            elif definition.number == HRV and scan.times:
                # A message ``hrv`` has no time: it belongs to the sample before it.
                last_row = len(scan.times) - 1
                intervals = _intervals(frames.content, message)
                frames.budget.use(BEATS, len(intervals))
                scan.beats.append((last_row, intervals))
    return scan


def _intervals(
    content: bytes,
    message: Message,
) -> Intervals:
    """Return the R-R intervals of a message ``hrv`` in milliseconds.

    FIT profile: the field ``time`` is an array with a scale of 1000, in seconds.
    """
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


def _descriptions(
    messages: Messages,
    file_number: int,
) -> Descriptions:
    """Return the descriptions of the developer fields of one chained file."""
    descriptions = {}
    for values in messages.all("field_description"):
        if values["chained_file"] != file_number:
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
    """Decode the samples of one block and write them into the columns."""
    definition = block.definition
    size = definition.size
    order = definition.order
    rows = np.array(block.rows)
    # The messages are copied to lie next to each other, so that each field becomes a slice.
    packed = b"".join([content[start : start + size] for start in block.starts])
    cells = np.frombuffer(packed, np.uint8)
    cells = cells.reshape(len(rows), size)
    for at, end, field in offsets(definition.fields):
        _fill_native(
            samples,
            rows,
            field,
            cells[:, at:end],
            order,
        )
    developers_at = sum(field.size for field in definition.fields)
    for at, end, field in offsets(definition.developer_fields, developers_at):
        description = descriptions.get((field.base, field.number))
        if description is None:  # without its description, not even its type is known
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
    """Decode a field of the FIT profile and write it into its column."""
    if field.number == TIMESTAMP and field.size == 4:
        samples.time[rows] = numbers(cells, UINT32, order)
        return
    if field.number == SPEED_DISTANCE:
        samples.counts.add_speed_distance(rows, cells)
        return
    profile = MESSAGE_TYPES[RECORD].fields.get(field.number)
    if profile is None:
        return
    base = base_number(field.base)
    # The fields that become streams have one value; some devices write it twice.
    read = first_numbers if profile.name in NATIVE else numbers
    values = read(cells, base, order)
    if values is None:
        return
    is_absent = _is_absent(values, profile)
    if is_absent.any():
        count = samples.absent.get(profile.name, 0)
        samples.absent[profile.name] = count + int(is_absent.sum())
    values = without(values, is_absent)
    if field.number in COUNTERS:
        samples.counts.add(rows, COUNTERS[field.number], values)
    values = scaled(values, profile.scale, profile.offset)
    samples.put(rows, values, profile.name, unit=profile.units)


def _is_absent(
    values: Numbers,
    profile: Any,
) -> Mask:
    """Return where a raw value means that nothing was measured.

    Apps that write a field with a wider type than the profile's still write the "invalid" value of
    the profile's type, such as 255 for a heart rate.
    """
    is_absent: Mask = values == invalid_value(profile.base_type.identifier)
    if profile.name in _ALTITUDES:
        is_absent |= values == 0
    return is_absent


def _fill_from_counts(samples: Table) -> None:
    """Fill the gaps of speed, distance and other sums from fields that state them more coarsely."""
    counts = samples.counts
    if counts.speed is not None:
        speed = samples.column("speed", unit="m/s")
        if speed is not None:
            speed[:] = filled(speed, counts.speed)
    for counter, values in counts.counts.items():
        column = samples.column(counter.name, unit=counter.unit)
        if column is None:
            continue
        for number in np.unique(samples.files):  # each chained file counts on its own
            rows = samples.files == number
            column[rows] = completed(column[rows], values[rows], counter)


def _fill_developer(
    samples: Table,
    rows: Rows,
    description: Values,
    values: Numbers,
) -> None:
    """Write the values of a developer field into its column."""
    name = text(description.get("field_name"))
    if not name:
        return
    namesake = samples.columns.get(name)
    # A developer field can have the name of a native one: both are kept.
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
    """Return the name of the native field that a developer field is declared to replace, if any."""
    if description.get("native_mesg_num", "record") != "record":
        return None
    number = description.get("native_field_num")
    native = MESSAGE_TYPES[RECORD].fields.get(number)
    if native is None:
        return None
    return str(native.name)


def _fill_from_strap(
    samples: Table,
    frames: Frames,
) -> None:
    """Fill the gaps of the heart rate with the values that a strap stored and sent later."""
    stored = heart_rates(frames, samples.time)
    if stored is None:
        return
    column = samples.column("heart_rate", unit="bpm")
    if column is not None:
        column[:] = filled(column, stored)
