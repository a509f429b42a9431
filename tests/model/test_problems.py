"""What is wrong with a source activity, apart from its schema, is reported by field and reason."""

from __future__ import annotations

import math

import pytest

from fitglue_registry import model
from fitglue_registry.model import Column, Stream, Stub

TIME = Stream("time", Column.of([0, 1, 2]))


def test_a_plain_ride_has_none(activity):
    """A source activity with a sport and a start has no problems."""
    assert model.problems(activity()) == []


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_number_that_is_none_is_named(activity, value):
    """A number that is infinite or NaN is reported, in a field and in the metrics."""
    assert model.problems(activity(distance_m=value, metrics={"trimp": value, "fine": 1.0})) == [
        ("distance_m", "is not a finite number"),
        ("metrics.trimp", "is not a finite number"),
    ]


def test_a_source_activity_without_any_start_is_named(activity):
    """A source activity without any start is reported."""
    assert [field for field, _ in model.problems(activity(start_utc=None))] == ["start_utc"]


def test_a_source_activity_without_sport_is_named_unless_it_is_a_stub(activity):
    """A source activity without a sport is reported unless it is a stub."""
    assert [field for field, _ in model.problems(activity(sport=None))] == ["sport"]
    assert model.problems(activity(sport=None, stub=Stub("FG-stub", "terms"))) == []


@pytest.mark.parametrize(
    ("streams", "reason"),
    [
        ((TIME, Stream("watts", Column.of([1, 2]))), "differ in length: time 3, watts 2"),
        ((Stream("watts", Column.of([1])),), "lack the stream time"),
        ((TIME, TIME), "include two of the same type"),
    ],
)
def test_streams_that_do_not_fit_together_are_named(activity, streams, reason):
    """Streams are reported if they differ in length, lack the time, or have the same type."""
    [(field, actual)] = model.problems(activity(streams=streams))
    assert field == "streams"
    assert reason in actual


def test_streams_of_one_length_and_none_at_all_are_fine(activity):
    """Streams of equal length are valid, and so is a source activity without streams."""
    track = Stream("latlng", Column.pairs([1, 2, 3], [4, 5, None]))
    assert model.problems(activity(streams=(TIME, track))) == []
    assert model.problems(activity(streams=())) == []


@pytest.mark.parametrize(
    "streams",
    [
        None,
        5,
        (1,),
        ({"type": "time"},),
        (Stream("time", [1, 2]),),
        (Stream(5, Column.of([])),),
        (Stream("", Column.of([])),),
        (Stream("time", Column.of([]), name=5),),
    ],
)
def test_what_is_no_stream_is_named(activity, streams):
    """Something in the streams that is not a valid stream is reported."""
    assert [field for field, _ in model.problems(activity(streams=streams))] == ["streams"]


def test_metrics_of_another_type_are_left_to_the_schema(activity):
    """Metrics of a wrong type are left to the schema, which has the better message."""
    assert model.problems(activity(metrics=None)) == []


@pytest.mark.parametrize(
    ("mark", "field"),
    [
        ("cut", "extensions.crop"),
        ({"start_s": 1}, "extensions.crop"),
        ({"start_s": 1, "end_s": 9, "values": {"sport": 7}}, "extensions.crop.values"),
        (
            {"start_s": 1, "end_s": 9, "values": {"elapsed_s": 8}},
            "extensions.crop.values.start_utc",
        ),
    ],
)
def test_a_mark_of_a_crop_that_cannot_be_applied_is_named(activity, mark, field):
    """A mark is reported if it lacks its extent, or if its values are not those of a workout."""
    assert [field for field, _ in model.problems(activity(extensions={"crop": mark}))] == [field]


def test_a_mark_of_a_crop_without_values_is_fine(activity):
    """A mark with only the extent says that the rest was cut off before it was stored."""
    assert model.problems(activity(extensions={"crop": {"start_s": 300, "end_s": 600}})) == []
