"""The memory that samples take while they are read, compared with the memory of their values."""

from __future__ import annotations

import struct
import tracemalloc
from typing import TYPE_CHECKING

import numpy as np
import pytest

from fitglue_formats import activities
from fitglue_formats.budget import Limit
from fitglue_formats.fit.arrays import gaps
from fitglue_formats.fit.chains import drop_repeated_samples
from fitglue_formats.fit.columns import Column, Table, table
from fitglue_formats.fit.counters import Counts
from fitglue_formats.fit.frames import file_header, find_messages
from fitglue_formats.fit.messages import Messages
from fitglue_formats.testing import T0

if TYPE_CHECKING:
    from collections.abc import Callable

_LIMIT = "fitglue_formats.fit.columns.SAMPLE_VALUES"
_COUNT = 100_000
_COLUMN_BYTES = 8 * _COUNT


def peak_of(work: Callable[[], object]) -> int:
    """Return the highest memory of a piece of work in bytes, beyond what was in use before."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def samples_of(files: int, fields: int) -> Table:
    """Return samples of several chained files, each of which repeats those of the first one."""
    count = _COUNT // files
    time = np.tile(np.arange(count, dtype=np.float64), files)
    columns = {}
    for number in range(fields):
        values = np.tile(np.arange(count, dtype=np.float64) % (number + 2), files)
        columns[f"field {number}"] = Column(values)
    return Table(
        time=time,
        columns=columns,
        beats=[],
        skipped=0,
        files=np.repeat(np.arange(files), count),
        counts=Counts(len(time)),
        absent={},
    )


@pytest.mark.parametrize("fields", [20, 60])
def test_the_search_for_repeated_samples_needs_the_memory_of_a_few_fields(fields):
    """Samples that a second chained file repeats are found without a copy of all their fields."""
    samples = samples_of(2, fields)
    peak = peak_of(lambda: drop_repeated_samples(samples))
    assert samples.repeated == _COUNT // 2
    assert peak < 12 * _COLUMN_BYTES


def test_a_sample_that_differs_in_one_field_is_not_repeated():
    """A sample of a later chained file is kept if any of its fields has another value or a gap."""
    samples = samples_of(2, 3)
    samples.columns["field 0"].values[-1] += 1
    samples.columns["field 2"].values[-2] = np.nan
    drop_repeated_samples(samples)
    assert samples.repeated == _COUNT // 2 - 2
    assert not np.isnan(samples.time[-2:]).any()


def test_gaps_and_signs_of_zero_do_not_tell_samples_apart():
    """Two samples are the same if both have a gap in a field, or zeros of different signs."""
    samples = samples_of(2, 0)
    zeros = np.zeros(_COUNT)
    zeros[_COUNT // 2 :] = -0.0
    samples.columns["zero"] = Column(zeros)
    samples.columns["gap"] = Column(gaps(_COUNT))
    drop_repeated_samples(samples)
    assert samples.repeated == _COUNT // 2


def wide(count: int, fields: int) -> bytes:
    """Return a FIT file with samples of several one-byte fields, the first of which is a time."""
    numbers = [(253, 4, 0x86), *((field, 1, 2) for field in range(3, 3 + fields))]
    head = struct.pack("<BBBHB", 0x41, 0, 0, 20, len(numbers)) + b"".join(map(bytes, numbers))
    values = bytes(range(fields))
    messages = [b"\1" + struct.pack("<I", T0 + second) + values for second in range(count)]
    body = b"\x40\0\0\0\0\1\0\1\0" + b"\0\4" + head + b"".join(messages)
    return file_header(len(body)) + body + b"\0\0"


@pytest.mark.parametrize("fields", [80, 120])
def test_the_messages_of_samples_are_decoded_in_pieces(fields, monkeypatch):
    """Decoding the samples of a large file does not copy the file, even if no value is kept."""
    frames = find_messages(wide(_COUNT, fields))
    monkeypatch.setattr(_LIMIT, Limit(0, "values"))
    assert peak_of(lambda: table(frames, Messages())) < 15 * _COLUMN_BYTES


def test_fields_beyond_the_limit_of_values_are_left_out_and_counted(monkeypatch):
    """A file with too many values keeps those of its first fields, and says that it has more."""
    monkeypatch.setattr(_LIMIT, Limit(1000, "values"))
    [activity] = activities(wide(100, 40))
    assert len(activity.streams) <= 12
    assert "are not read" in activity.completeness.missing["all fields of the samples"]
