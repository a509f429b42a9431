"""A fast and a slow reader decode streams to columns, with equal results."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fitglue_intervals.fast_streams import read_fast
from fitglue_intervals.slow_streams import read_slowly
from fitglue_intervals.streams import decode_streams, streams_of

TIME = {"type": "time", "data": [0, 1, 2]}


def decoded(*channels):
    """Return the samples by type of stream, and the reasons for missing streams."""
    streams, missing = decode_streams(json.dumps(channels).encode())
    return {stream.type: list(stream.values) for stream in streams}, missing


def test_names_are_ours_where_we_have_one():
    """The types velocity_smooth, temp and grade_smooth get names of the model, and their variants
    keep the API's names.
    """
    names = ["velocity_smooth", "temp", "grade_smooth", "watts", "raw_watts", "fixed_altitude"]
    streams, _ = decode_streams(
        json.dumps([TIME, *({"type": name, "data": [1, 2, 3]} for name in names)]).encode()
    )
    assert [stream.type for stream in streams] == [
        "time",
        "velocity",
        "temperature",
        "grade",
        "watts",
        "raw_watts",
        "fixed_altitude",
    ]
    assert (streams[1].raw_type, streams[1].unit, streams[5].unit) == (
        "velocity_smooth",
        "m/s",
        None,
    )


def test_positions_are_pairs():
    """Latitudes are in ``data`` and longitudes in ``data2``, and a gap in one of them is a gap of
    the pair.
    """
    streams, _ = decoded(
        TIME, {"type": "latlng", "data": [40.9, None, 41], "data2": [29.1, 29.2, 29.3]}
    )
    assert streams["latlng"] == [(40.9, 29.1), None, (41, 29.3)]


@pytest.mark.parametrize(
    "pairs", [[[40.9, 29.1], [41, 29.2], [42, 29.3]], [[40.9, 29.1], None, [42, 29.3]]]
)
def test_positions_may_come_as_pairs(pairs):
    """Positions may be a list of pairs, which a public client met."""
    assert decoded(TIME, {"type": "latlng", "data": pairs})[0]["latlng"] == [
        None if pair is None else tuple(pair) for pair in pairs
    ]


def test_positions_without_gaps_are_interleaved():
    """Positions without gaps are interleaved to a column of width 2."""
    assert decoded(TIME, {"type": "latlng", "data": [1, 2, 3], "data2": [4, 5, 6]})[0][
        "latlng"
    ] == [(1, 4), (2, 5), (3, 6)]


def test_beats_are_lists():
    """The stream ``hrv`` is a list of the times between heart beats for each sample."""
    assert decoded(TIME, {"type": "hrv", "data": [[812, 799], None, []], "valueTypeIsArray": True})[
        0
    ]["hrv"] == [(812, 799), None, ()]


def test_moving_becomes_zero_and_one():
    """The booleans of the stream ``moving`` become 0 and 1, because a column consists
    of numbers.
    """
    assert decoded(TIME, {"type": "moving", "data": [True, False, None]})[0]["moving"] == [
        1,
        0,
        None,
    ]


def test_null_is_a_gap_and_zero_is_a_value():
    """A null is a gap, and 0 W while coasting is a value."""
    assert decoded(TIME, {"type": "watts", "data": [0, None, 5]})[0]["watts"] == [0, None, 5]


@pytest.mark.parametrize("word", ["NaN", '"NaN"', "Infinity", "1e400", "null"])
def test_what_is_no_number_is_a_gap(word):
    """NaN and infinity are gaps, in each notation that was seen in custom streams."""
    content = (
        b'[{"type":"time","data":[0,1]},{"type":"X","custom":true,"data":[1.5,%s]}]' % word.encode()
    )
    streams, missing = decode_streams(content)
    assert (list(streams[1].values), missing) == ([1.5, None], {})


@pytest.mark.parametrize("word", ["NaN", '"NaN"', "1e400", "9" * 320, "9" * 5000])
def test_what_is_no_number_within_a_list_of_samples_is_left_out(word):
    """A missing number in a list of beats is left out, and the other channels are read."""
    content = b'[{"type":"time","data":[0,1]},{"type":"hrv","data":[[1,%s,2],[3]]}]' % word.encode()
    streams, missing = decode_streams(content)
    assert (list(streams[1].values), missing) == ([(1.0, 2.0), (3.0,)], {})


def test_the_fast_reader_is_taken_for_numbers_with_gaps():
    """The fast reader accepts numbers with nulls, without creating a Python object for
    each number.
    """
    [channel] = read_fast(b'[{"type":"watts","data":[null,2.5,null,-9e300]}]')
    assert isinstance(channel.data, memoryview)
    assert [value if value == value else None for value in channel.data] == [
        None,
        2.5,
        None,
        -9e300,
    ]


@pytest.mark.parametrize(
    "content",
    [
        b'[{"type":"hrv","x":["\\u005b"],"data":[1,[2],3]}]',
        b'[{"type":"watts","name":"null","data":[1,null,3]}]',
        b'[{"type":"watts","x":{"y":[null]},"data":[1,null,3]}]',
        b'[{"type":"watts","x":["["],"data":[1,null,3]}]',
    ],
)
def test_what_looks_like_a_list_or_a_gap_in_a_text_deceives_neither_reader(content):
    """Brackets and nulls in texts or in deep values that nobody reads do not change the result of
    either reader.
    """
    try:
        fast = read_fast(content)
    except ValueError:
        return
    assert as_plain(streams_of(fast)) == as_plain(streams_of(read_slowly(content)))


def test_a_custom_stream_keeps_its_name_and_has_no_promised_unit():
    """A custom stream has its code as its type, its label as its name, and no unit."""
    content = json.dumps(
        [TIME, {"type": "temp", "name": "Core", "custom": True, "data": [1, 2, 3]}]
    ).encode()
    stream = decode_streams(content)[0][1]
    assert (stream.type, stream.name, stream.unit, stream.custom) == ("temp", "Core", None, True)


@pytest.mark.parametrize(
    "channel",
    [
        {"allNull": True, "data": [None, None, None]},
        {"data": None},
        {},
        {"data": [None, None, None]},
    ],
)
def test_a_stream_without_values_is_left_out_and_reported(channel):
    """A stream without values is left out, and the completeness says why."""
    streams, missing = decoded(TIME, {"type": "smo2", **channel})
    assert (list(streams), missing) == (["time"], {"streams.smo2": "the source has no value in it"})


def test_a_stream_of_another_length_is_left_out_and_reported():
    """A stream whose length differs from that of the times is left out, because sample k belongs to
    time[k].
    """
    streams, missing = decoded(TIME, {"type": "watts", "data": [1, 2]})
    assert (list(streams), missing) == (["time"], {"streams.watts": "it has 2 samples for 3 times"})


@pytest.mark.parametrize(
    "channels",
    [
        [{"type": "watts", "data": [1]}],
        [{"type": "time", "data": [0, None]}],
        [{"type": "time", "data": [[0], [1]]}],
    ],
)
def test_without_times_there_are_no_streams(channels):
    """Without complete times, all streams are left out."""
    streams, missing = decoded(*channels)
    assert streams == {}
    assert "no time stream" in missing["streams"]


def test_the_same_stream_twice_is_kept_once():
    """The second of two streams with one name is left out with a reason."""
    streams, missing = decoded(
        TIME, {"type": "temp", "data": [1, 2, 3]}, {"type": "temp", "data": [4, 5, 6]}
    )
    assert (streams["temperature"], list(missing)) == ([1, 2, 3], ["streams.temp"])


def test_pairs_of_differing_lengths_are_left_out_and_reported():
    """A stream of pairs is left out with a reason if its two lists have different lengths."""
    assert (
        "pairs need two lists of equal length"
        in decoded(TIME, {"type": "latlng", "data": [1, 2, 3], "data2": [1]})[1]["streams.latlng"]
    )


def test_samples_that_are_no_numbers_cost_that_stream():
    """A stream with samples that are not numbers is left out, and the other streams are kept."""
    streams, missing = decoded(TIME, {"type": "X", "data": [1, "two", 3]})
    assert (list(streams), missing) == (["time"], {"streams.X": "a sample is not a number"})


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b"[1]",
        b"[{}]",
        b'[{"type":7}]',
        b'[{"type":"time","data":"x"}]',
        b"[" * 100_000,
        b"<html>",
    ],
)
def test_an_answer_that_is_no_list_of_streams_costs_no_more_than_the_streams(content):
    """A response that is not a list of streams loses only the streams, and the reason is under
    ``streams``.
    """
    streams, missing = decode_streams(content)
    assert streams == ()
    assert "streams" in missing


def test_no_samples_is_reported():
    """An activity without samples, such as a manual one, has the reason under ``streams``."""
    assert decode_streams(b"[]") == ((), {"streams": "the source has no samples of this activity"})


def test_nested_lists_are_never_flattened():
    """Nested lists are not flattened, although the fast parser does so silently, even after a
    number.
    """
    with pytest.raises(ValueError, match="lists among numbers"):
        read_fast(b'[{"type":"x","data":[1,[2,3],4]}]')


def test_brackets_in_a_name_only_cost_the_fast_reader():
    """Brackets in a name make the slow reader read the streams, with the same result."""
    assert list(decoded({**TIME, "name": "Time [s]"})[0]) == ["time"]


samples = st.one_of(
    st.lists(
        st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False), max_size=6
    ),
    st.lists(
        st.none()
        | st.booleans()
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.integers(-(2**70), 2**70),
        max_size=6,
    ),
    st.lists(
        st.none() | st.lists(st.floats(allow_nan=False, allow_infinity=False), max_size=3),
        max_size=6,
    ),
    st.lists(
        st.integers(0, 9)
        | st.lists(st.integers(0, 9) | st.lists(st.integers(0, 9), max_size=2), max_size=2),
        max_size=5,
    ),
    st.lists(st.text(max_size=3) | st.integers(0, 9), max_size=3),
)
kinds = st.sampled_from(["time", "watts", "latlng", "hrv", "moving"])
channel = st.fixed_dictionaries(
    {"type": kinds, "data": samples | st.none()},
    optional={
        "data2": samples | st.none(),
        "name": st.none() | st.text(max_size=4),
        "custom": st.booleans(),
        "allNull": st.booleans(),
        "anomalies": st.lists(
            st.fixed_dictionaries({"start_index": st.integers(0, 9)}), max_size=2
        ),
    },
)


@given(st.lists(channel, max_size=4))
def test_both_readers_agree(channels):
    """Each content that the fast reader accepts gives the same result with the slow reader."""
    content = json.dumps(channels).encode()
    try:
        fast = read_fast(content)
    except (ValueError, RuntimeError, TypeError):
        return
    assert as_plain(streams_of(fast)) == as_plain(streams_of(read_slowly(content)))


def as_plain(result):
    streams, missing = result
    return [
        (stream.type, stream.values.width, [repr(value) for value in stream.values])
        for stream in streams
    ], missing


def test_the_fast_reader_is_taken_for_plain_numbers():
    """The fast reader accepts plain numbers and gives doubles without a Python object for each
    sample.
    """
    [channel] = read_fast(b'[{"type":"watts","data":[1,2.5,-0.0],"anomalies":[]}]')
    assert isinstance(channel.data, memoryview)
    assert channel.data.tolist() == [1.0, 2.5, -0.0]
    assert math.copysign(1, channel.data[2]) == -1


def large(*channels):
    """Return a response of these channels that is read one channel at a time."""
    filler = b'{"type":"filler","data":null,"name":"%b"}' % (b"a" * 1_100_000)
    return (
        b"[" + b",".join([*(json.dumps(channel).encode() for channel in channels), filler]) + b"]"
    )


@pytest.mark.parametrize(
    "channels",
    [
        [TIME, {"type": "watts", "data": [1, None, 3]}],
        [TIME, {"type": "watts", "data": [1, math.nan, 10**30]}],
        [TIME, {"type": "latlng", "data": [1, 2, 3], "data2": [4, 5, None]}],
        [TIME, {"type": "hrv", "data": [[1, 2], None, [3]]}],
        [TIME, {"type": "watts", "data": ["a", 2, 3]}, {"type": "watts", "data": [1, 2, 3]}],
        [TIME, {"type": "watts", "data": [1]}, {"type": "cadence", "allNull": True}],
    ],
)
def test_a_large_response_is_read_as_a_small_one(channels):
    """A response of megabytes, which is read one channel at a time, gives the same streams and the
    same reasons.
    """
    streams, missing = decode_streams(large(*channels))
    filler = missing.pop("streams.filler")
    assert (streams, missing) == decode_streams(json.dumps(channels).encode())
    assert filler == "the source has no value in it"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b'[{"type":"time","data":[%b1]}]' % (b"1," * 2_000_001), "more than 2,000,000 values"),
        (b'[{"type":"time","data":[%b1]}]' % (b"null," * 1_300_000), "of other values"),
        (b'[{"type":"time","data":[%b1]}]' % (b"[]," * 500_001), "more than 500,000 lists"),
        (b'[{"type":"time",%b"k":1}]' % (b'"k":1,' * 200_000), "more than 100,000 keys"),
        (b'[%b{"type":"time"}]' % (b'{"type":"a"},' * 1_001), "more than 1,000 streams"),
        (b'[%b{"type":"time"}]' % (b'{"type":"a"},' * 90_001), "more than 1,000 rows"),
        (b'[{"type":"time","data":[1],"name":"%b"}]' % (b"a" * 32_000_000), "at most 32,000,000"),
        (b"[" * 900 + b"]" * 900, "nested too deeply"),
        (b"[" * 1_100_000, "more than 500,000 lists"),
    ],
)
def test_streams_beyond_a_limit_are_missing_with_the_reason(content, reason):
    """A response of more samples, lists, keys or bytes than any real one loses its streams, and the
    reason names the limit.
    """
    streams, missing = decode_streams(content)
    assert streams == ()
    assert reason in missing["streams"]


def test_a_channel_of_many_keys_is_read():
    """A channel with more keys than any real one is read by the reader whose time does not grow
    with the square of their number.
    """
    keys = {f"k{number}": 1 for number in range(5_000)}
    streams, _ = decoded(TIME | keys, {"type": "watts", "data": [1, 2, 3]})
    assert streams["watts"] == [1, 2, 3]
