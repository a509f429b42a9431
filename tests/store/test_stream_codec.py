"""Tests that streams are stored without loss and compactly."""

from __future__ import annotations

import json
import math
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fitglue_registry.model import Column, Stream
from fitglue_registry.store.stream_codec import decode_streams, encode_streams

doubles = st.floats(allow_nan=False)
samples = st.one_of(
    st.none(),
    doubles,
    st.integers(-(2**70), 2**70),
    st.decimals(-500, 500, places=2, allow_nan=False).map(float),
    st.sampled_from(
        [0.0, -0.0, 5e-324, math.inf, -math.inf, 1.7976931348623157e308, 2.0**52, 2.0**53 + 2, 1e-7]
    ),
)
numbers = st.lists(samples, max_size=60).map(Column.of)
rows = st.lists(st.tuples(samples, samples), max_size=40)
pairs = rows.map(
    lambda both: Column.pairs([first for first, _ in both], [second for _, second in both])
)
lists = st.lists(st.none() | st.lists(doubles, max_size=4), max_size=20).map(Column.lists)


def bits(column):
    """Return every double of a column as its bits, with the same bits for all gaps."""
    return (
        [struct.pack("<d", math.nan if value != value else value) for value in column.doubles],
        column.width,
        column.lengths,
    )


def there_and_back(*columns):
    return [
        stream.values
        for stream in decode_streams(
            encode_streams([Stream(f"s{number}", first) for number, first in enumerate(columns)])
        )
    ]


@given(st.lists(st.one_of(numbers, pairs, lists), max_size=4))
def test_every_column_is_restored_bit_for_bit(columns):
    """Any columns are restored bit for bit: numbers, pairs and lists, infinite, tiny, huge and
    negative zero, gaps, empty columns, and several in one blob.
    """
    assert [bits(column) for column in there_and_back(*columns)] == [
        bits(column) for column in columns
    ]


@pytest.mark.parametrize(
    "column",
    [
        Column.of([]),
        Column.of([None]),
        Column.of([0.0]),
        Column.of([-0.0, 0.0]),
        Column.of([None, 1.5, None]),
        Column.of([0.0] * 9),
        Column.of([1e305, 1e-305]),
        Column.of([math.inf]),
        Column.of([2.0**60, 2.0**60 + 512]),
        Column.of([0.1 + 0.2]),
        Column.pairs([], []),
        Column.pairs([48.5, None], [9.1, None]),
        Column.lists([]),
        Column.lists([[]]),
        Column.lists([None, [], [800.0, 790.0]]),
    ],
    ids=lambda column: repr(column.to_list())[:40],
)
def test_awkward_columns_are_restored_bit_for_bit(column):
    """Columns that a clever packing would get wrong are restored bit for bit."""
    assert [bits(first) for first in there_and_back(column)] == [bits(column)]


def test_the_description_of_a_stream_is_restored():
    """The unit, the name, the source's own type and the custom flag of a stream are restored."""
    stream = Stream(
        "GarminRunCadenceSpm",
        Column.of([180.0]),
        unit="spm",
        name="Kadenz ü",
        raw_type="X",
        custom=True,
    )
    assert decode_streams(encode_streams([stream])) == (stream,)


def test_only_the_streams_that_are_asked_for_are_unpacked():
    """Only the requested channels of a blob are decoded."""
    blob = encode_streams(
        [
            Stream("time", Column.of([0, 1])),
            Stream("watts", Column.of([200, 0])),
            Stream("hrv", Column.lists([[1.0]])),
        ]
    )
    assert [stream.type for stream in decode_streams(blob, ["hrv", "time", "nothing"])] == [
        "time",
        "hrv",
    ]


def test_a_decoded_stream_can_be_encoded_again():
    """A decoded stream can be encoded again, as a rebuild does."""
    [column] = there_and_back(Column.of([1.0, None, 3.0]))
    assert there_and_back(column) == [column]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda blob: b"FGS2" + blob[4:],
        lambda _: b"",
        lambda _: b"nonsense",
        lambda blob: blob[:6],
        lambda blob: blob[:30],
        lambda blob: blob[:-3],
        lambda blob: blob[:4] + b"\xff\xff\xff\xff" + blob[8:],
        lambda blob: blob[:8] + b"{}" + blob[10:],
        lambda blob: blob[:-20] + b"\0" * 20,
    ],
)
def test_a_blob_of_another_version_or_a_damaged_one_is_refused(spoil):
    """A blob that is damaged or of another version raises ``ValueError``."""
    blob = encode_streams([Stream("watts", Column.of([200.0, 0.0, 210.5] * 50))])
    with pytest.raises(ValueError, match="streams"):
        decode_streams(spoil(blob))


@pytest.mark.parametrize(
    ("before", "after"), [(b'"count":3', b'"count":9999999999999'), (b'"kind":"i"', b'"kind":"z"')]
)
def test_a_header_that_makes_no_sense_is_refused(before, after):
    """A header that names more data than there is, or impossible values, raises ``ValueError``."""
    blob = encode_streams([Stream("watts", Column.of([0.0, 0.0, 0.0]))])
    start = 8 + struct.unpack("<I", blob[4:8])[0]
    assert before in blob[8:start]
    header = blob[8:start].replace(before, after)
    with pytest.raises(ValueError, match="streams"):
        decode_streams(blob[:4] + struct.pack("<I", len(header)) + header + blob[start:])


def test_the_header_says_only_what_is_needed():
    """The header leaves out defaults, so the same streams always give the same bytes, which a
    rebuild compares.
    """
    blob = encode_streams([Stream("time", Column.of([0.0, 1.0])), Stream("x", Column.of([0.5]))])
    length = struct.unpack("<I", blob[4:8])[0]
    items = json.loads(blob[8 : 8 + length])
    assert [set(item) for item in items] == [
        {"type", "width", "count", "size", "kind"},
        {"type", "width", "count", "size", "kind", "scale"},
    ]


def test_an_hour_of_smooth_streams_is_small():
    """Time, distance, altitude, heart rate and power of one hour take a few kilobytes."""
    seconds = range(3600)
    streams = [
        Stream("time", Column.of(map(float, seconds))),
        Stream("distance", Column.of([round(7.5 * s, 1) for s in seconds])),
        Stream("altitude", Column.of([round(300 + 50 * math.sin(s / 300), 1) for s in seconds])),
        Stream("heartrate", Column.of([round(140 + 10 * math.sin(s / 60)) for s in seconds])),
        Stream("watts", Column.of([round(200 + 40 * math.sin(s / 20)) for s in seconds])),
        Stream(
            "latlng",
            Column.pairs(
                [round(48 + s * 1e-5, 6) for s in seconds],
                [round(9 + s * 2e-5, 6) for s in seconds],
            ),
        ),
    ]
    assert len(encode_streams(streams)) < 12_000
