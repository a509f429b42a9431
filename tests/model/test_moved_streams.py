"""Streams whose times count from another start than that of their activity."""

from fitglue_registry.model import Column, Stream, moved_streams

STREAMS = (
    Stream("time", Column.of([0, None, 2.5])),
    Stream("watts", Column.of([100, 110, 120])),
)


def test_times_are_later():
    """Only the times change, and a gap stays a gap."""
    time, watts = moved_streams(STREAMS, 4.0)
    assert list(time.values) == [4.0, None, 6.5]
    assert watts == STREAMS[1]


def test_the_same_start_changes_nothing():
    """Without a difference, the streams are the same objects, because copies take memory."""
    moved = moved_streams(STREAMS, 0)
    assert [id(stream) for stream in moved] == [id(stream) for stream in STREAMS]


def test_an_earlier_start_makes_negative_times():
    """A recording that began before the activity has samples before its start."""
    time, _ = moved_streams(STREAMS, -1.0)
    assert list(time.values) == [-1.0, None, 1.5]
