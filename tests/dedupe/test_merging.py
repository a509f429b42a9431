"""One activity out of several source activities: each value from the member that knows it best, and which that was."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime

import pytest

from fitglue_registry.dedupe import Member, merge
from fitglue_registry.model import Column, Completeness, Gear, Link, Provenance, SourceActivity, Stream, Stub, TrainingLoad

START = datetime(2026, 5, 1, 5, 30, tzinfo=UTC)
LOCAL = datetime(2026, 5, 1, 7, 30)  # noqa: DTZ001 - a local time


def member(number, parts=("summary",), **changes):
    values = {"sport": "Ride", "start_local": LOCAL, "completeness": Completeness(parts=parts)}
    return Member(number, (f"c{number}", "x", 0), SourceActivity(**(values | changes)))


def rich(number, **changes):
    """A member that was made from streams too."""
    return member(number, ("summary", "streams"), **changes)


def test_one_member_is_the_activity_without_its_streams():
    """Samples stay with their source."""
    only = member(7, title="x", streams=(Stream("time", Column.of([0])),))
    merged, origins = merge([only])
    assert (merged.title, merged.streams, origins) == ("x", (), {"": 7})


@pytest.mark.parametrize("parts", [("file",), ("streams",), ("detail",)])
def test_the_member_made_from_the_richest_parts_goes_first(parts):
    """A file knows more than streams, streams more than a detail, a detail more than a summary."""
    merged, origins = merge([member(1, title="poor"), member(2, ("summary", *parts), title="rich")])
    assert (merged.title, origins) == ("rich", {"": 2})


def test_among_equals_the_natural_key_decides():
    """The same in every store, whatever the order of arrival."""
    members = [member(number, title=f"t{number}") for number in (3, 1, 2)]
    assert {merge(order)[0].title for order in itertools.permutations(members)} == {"t1"}


def test_what_the_best_lacks_comes_from_another_and_says_so():
    """Each such field names its member."""
    merged, origins = merge([rich(1), member(2, description="windy", gear=Gear(name="Bike"))])
    assert (merged.description, merged.gear) == ("windy", Gear(name="Bike"))
    assert origins == {"": 1, "description": 2, "gear": 2}


@pytest.mark.parametrize(("field", "value"), [("distance_m", 0.0), ("average_watts", 0.0), ("trainer", False), ("title", ""), ("rpe", 0.0)])
def test_zero_is_a_value_and_is_kept(field, value):
    """What is said, be it nothing much, is not filled in from elsewhere."""
    merged, origins = merge([rich(1, **{field: value}), member(2, **{field: type(value)(1)})])
    assert (getattr(merged, field), field in origins) == (value, False)


def test_values_that_mean_something_together_come_from_one_member_together():
    """No start of one source with the zone of another, no power of one with the kind of another."""
    best = rich(1, timezone="Europe/Berlin", max_watts=900.0, power_kind="estimated")
    other = member(2, start_utc=START, utc_offset_s=7200, average_watts=200.0)
    merged, origins = merge([best, other])
    assert (merged.start_utc, merged.timezone, merged.utc_offset_s) == (START, None, 7200)
    assert (merged.average_watts, merged.max_watts, merged.power_kind) == (200.0, None, None)
    assert origins["start_utc"] == origins["average_watts"] == 2


def test_a_group_without_its_leader_is_not_lost():
    """Where nobody knows the average power, the peak that somebody knows is still there."""
    loads = (TrainingLoad(40.0, method="heart_rate"),)
    merged, origins = merge([rich(1), member(2, weighted_average_watts=210.0, training_loads=loads)])
    assert (merged.weighted_average_watts, merged.training_loads) == (210.0, loads)
    assert (origins["weighted_average_watts"], origins["training_loads"]) == (2, 2)


def test_claims_links_and_tags_are_joined():
    """Each once, the best member's first."""
    link = Link("self", "https://example.org/1")
    best, other = member(1, claims=("a:1",), tags=("y", "x"), links=(link,)), member(2, claims=("b:2", "a:1"), tags=("x",), links=(link,))
    merged, _ = merge([other, best])
    assert (merged.claims, merged.tags, merged.links) == (("a:1", "b:2"), ("y", "x"), (link,))


def test_a_stub_gives_its_claims_and_nothing_else():
    """What the source will not deliver is no source of values."""
    stub = member(1, ("file",), stub=Stub("FG-stub", "terms"), title="secret", tags=("stub",), description="d", claims=("strava:9",))
    merged, origins = merge([stub, member(2, claims=("garmin:1",))])
    assert (merged.stub, merged.title, merged.description, merged.tags) == (None, None, None, ())
    assert (merged.claims, origins) == (("garmin:1", "strava:9"), {"": 2})


def test_provenance_is_told_of_the_values_that_were_taken():
    """What a member says of values that came from another is left out."""
    best = rich(1, calories_kcal=500.0, provenance={"calories_kcal": Provenance("estimated", by="watch"), "work_j": Provenance("computed")})
    other = member(2, calories_kcal=1.0, metrics={"trimp": 5.0}, work_j=1.0, provenance={
        "calories_kcal": Provenance("reported"), "metrics.trimp": Provenance("computed", by="service"), "work_j": Provenance("reported")})
    merged, _ = merge([best, other])
    assert merged.provenance == {"calories_kcal": Provenance("estimated", by="watch"), "work_j": Provenance("reported"),
                                 "metrics.trimp": Provenance("computed", by="service")}


def test_completeness_and_leg_are_those_of_the_best():
    """What a member says of itself is not mixed."""
    merged, _ = merge([member(1, leg_no=0), rich(2, leg_no=3, parent="file:a")])
    assert (merged.completeness.parts, merged.leg_no, merged.parent) == (("summary", "streams"), 3, "file:a")
