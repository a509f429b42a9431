"""What a record says replaces what it said before; rows keep their ids, and the matcher hears of
what concerns it.
"""

from __future__ import annotations

from datetime import datetime

import pytest
import sqlalchemy as sa

from fitglue_registry.model import Column, Stream, Stub
from fitglue_registry.store.opinions import PairOpinion, put_opinion
from fitglue_registry.store.stored_streams import load_streams
from fitglue_registry.store.tables import claims, opinions, source_activities, streams

NOW = "2026-06-15T12:00:00.000Z"


def test_a_record_said_again_keeps_its_ids(library, activity):
    """A new title is an update, so opinions and links that name the row stay right."""
    record = library.record()
    before = library.put(record, activity(), activity(leg_no=1)).ids
    after = library.put(record, activity(title="New"), activity(leg_no=1, title="New")).ids
    assert after == before
    assert set(library.db.scalars(sa.select(source_activities.c.title))) == {"New"}


def test_the_order_of_legs_does_not_matter(library, activity):
    """A leg is known by its number, not by its place in the answer."""
    record = library.record()
    one, two = library.put(record, activity(), activity(leg_no=1)).ids
    assert library.put(record, activity(leg_no=1), activity()).ids == (two, one)


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
def test_the_matcher_hears_of_what_decides_about_matches_alone(library, activity, changes, rematch):
    """What cannot change a match costs no matching; what is compared with others, only where there
    are others.
    """
    record = library.record()
    one = library.put(record, activity(claims=("intervals:i1",))).ids[0]
    library.assign((one,))
    said = library.put(record, activity(**({"claims": ("intervals:i1",)} | changes)))
    assert (said.rematch, said.compare) == (rematch == "rematch", rematch == "compare")


def test_a_new_record_is_to_be_matched(library):
    """So is everything that has no activity yet."""
    record = library.record()
    assert library.put(record).rematch
    assert library.put(record).rematch


def test_a_leg_that_is_said_no_more_is_removed_with_all_that_hangs_on_it(library, activity):
    """Its claims, streams and opinions go, and the activity that it belonged to is named."""
    record, other = library.record(), library.source_activity()
    one, two = library.put(
        record,
        activity(),
        activity(leg_no=1, claims=("a:1",), streams=(Stream("time", Column.of([0])),)),
    ).ids
    _, second = library.assign((one,), (two,))
    put_opinion(library.db, PairOpinion(two, other, "example", "same", "because"), NOW)
    after = library.put(record, activity())
    assert (after.ids, after.rematch, after.affected) == ((one,), True, frozenset({second}))
    for table in (claims, streams, opinions):
        assert library.db.scalar(sa.select(sa.func.count()).select_from(table)) == 0


def test_claims_are_replaced(library, activity):
    """Those said no more are forgotten, and one said twice is one."""
    record = library.record()
    library.put(record, activity(claims=("a:1", "a:2")))
    library.put(record, activity(claims=("a:2", "a:3", "a:3")))
    assert set(library.db.scalars(sa.select(claims.c.claim))) == {"a:2", "a:3"}


def test_streams_are_replaced_and_dropped(library, activity):
    """A record whose streams went away has none."""
    record = library.record()
    time = Stream("time", Column.of([0.0, 1.0]))
    one = library.put(
        record, activity(streams=(time, Stream("watts", Column.of([0.0, None]))))
    ).ids[0]
    assert [stream.values.to_list() for stream in load_streams(library.db, one)] == [
        [0.0, 1.0],
        [0.0, None],
    ]
    assert [stream.type for stream in load_streams(library.db, one, ["watts"])] == ["watts"]
    library.put(record, activity(streams=(time,)))
    assert [stream.type for stream in load_streams(library.db, one)] == ["time"]
    library.put(record, activity())
    assert load_streams(library.db, one) == ()
