"""Tests of storing the source activities of a record, and of what is reported to the matcher."""

from __future__ import annotations

from datetime import datetime

import pytest
import sqlalchemy as sa

from fitglue_registry.model import Column, Stream, Stub
from fitglue_registry.store.opinions import PairOpinion, put_opinions
from fitglue_registry.store.stored_streams import load_streams
from fitglue_registry.store.tables import claims, opinions, source_activities, streams

NOW = "2026-06-15T12:00:00.000Z"


def test_a_record_that_is_stored_again_keeps_its_ids(library, activity):
    """A source activity that is stored again keeps its row id, so opinions about it stay valid."""
    record = library.record()
    before = library.put(record, activity(), activity(leg_no=1)).ids
    after = library.put(record, activity(title="New"), activity(leg_no=1, title="New")).ids
    assert after == before
    assert set(library.db.scalars(sa.select(source_activities.c.title))) == {"New"}


def test_the_order_of_legs_does_not_matter(library, activity):
    """A leg is identified by its number, not by its position."""
    record = library.record()
    first_leg, second_leg = library.put(record, activity(), activity(leg_no=1)).ids
    assert library.put(record, activity(leg_no=1), activity()).ids == (second_leg, first_leg)


@pytest.mark.parametrize(
    ("changes", "rematch"),
    [
        ({"title": "New"}, ""),
        ({"description": "windy"}, ""),
        ({"claims": ("intervals:i1",)}, ""),
        ({"distance_m": 5.0}, "compare"),
        ({"streams": (Stream("time", Column.of([0, 1])),)}, "compare"),
        ({"claims": ("intervals:i1", "strava:9")}, "rematch"),
        ({"claims": ()}, "rematch"),
        ({"start_local": datetime(2026, 5, 2)}, "rematch"),  # noqa: DTZ001
        ({"stub": Stub("FG-stub", "terms")}, "rematch"),
    ],
)
def test_only_changes_that_can_affect_a_match_are_reported(library, activity, changes, rematch):
    """Only a change that can affect a match asks for a new match, and a change of compared values
    only for a comparison.
    """
    record = library.record()
    first_leg = library.put(record, activity(claims=("intervals:i1",))).ids[0]
    library.assign((first_leg,))
    stored = library.put(record, activity(**({"claims": ("intervals:i1",)} | changes)))
    assert (stored.rematch, stored.compare) == (rematch == "rematch", rematch == "compare")


def test_a_new_record_is_to_be_matched(library):
    """A record that is new, or that has no activity yet, must be matched."""
    record = library.record()
    assert library.put(record).rematch
    assert library.put(record).rematch


def test_a_leg_that_no_longer_exists_is_removed(library, activity):
    """A leg that no longer exists is deleted with its claims, streams and opinions, and its
    activity is reported as affected.
    """
    record, other = library.record(), library.source_activity()
    first_leg, second_leg = library.put(
        record,
        activity(),
        activity(leg_no=1, claims=("a:1",), streams=(Stream("time", Column.of([0])),)),
    ).ids
    _, second = library.assign((first_leg,), (second_leg,))
    put_opinions(library.db, [PairOpinion(second_leg, other, "example", "same", "because")], NOW)
    after = library.put(record, activity())
    assert (after.ids, after.rematch, after.affected) == ((first_leg,), True, frozenset({second}))
    for table in (claims, streams, opinions):
        assert library.db.scalar(sa.select(sa.func.count()).select_from(table)) == 0


def test_claims_are_replaced(library, activity):
    """New claims replace the old ones, and a claim that is asserted twice is stored once."""
    record = library.record()
    library.put(record, activity(claims=("a:1", "a:2")))
    library.put(record, activity(claims=("a:2", "a:3", "a:3")))
    assert set(library.db.scalars(sa.select(claims.c.claim))) == {"a:2", "a:3"}


def test_streams_are_replaced_and_dropped(library, activity):
    """New streams replace the old ones, and are deleted if the source no longer has any."""
    record = library.record()
    time = Stream("time", Column.of([0.0, 1.0]))
    first_leg = library.put(
        record, activity(streams=(time, Stream("watts", Column.of([0.0, None]))))
    ).ids[0]
    assert [stream.values.to_list() for stream in load_streams(library.db, first_leg)] == [
        [0.0, 1.0],
        [0.0, None],
    ]
    assert [stream.type for stream in load_streams(library.db, first_leg, ["watts"])] == ["watts"]
    library.put(record, activity(streams=(time,)))
    assert [stream.type for stream in load_streams(library.db, first_leg)] == ["time"]
    library.put(record, activity())
    assert load_streams(library.db, first_leg) == ()
