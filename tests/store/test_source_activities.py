"""What a record says replaces what it said before; rows keep their ids, and the matcher hears of
what concerns it.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
import sqlalchemy as sa

from fitglue_registry import model
from fitglue_registry.model import Column, Stream, Stub
from fitglue_registry.store.encoding import encode_activity, figures_of
from fitglue_registry.store.opinions import PairOpinion, drop_opinions, opinions_about, put_opinion
from fitglue_registry.store.source_activity_rows import load_rows
from fitglue_registry.store.source_activity_search import ids_claiming, ids_near
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


def test_an_opinion_is_of_a_pair_whatever_its_order(library):
    """Saying it again the other way round replaces what was said."""
    one, two = library.source_activity(), library.source_activity()
    put_opinion(library.db, PairOpinion(one, two, "example", "same", "first"), NOW)
    put_opinion(library.db, PairOpinion(two, one, "example", "different", "second"), NOW)
    put_opinion(library.db, PairOpinion(one, two, "person", "same", "mine"), NOW)
    said = {(row.said_by, row.verdict, row.reason) for row in opinions_about(library.db, [two])}
    assert said == {("example", "different", "second"), ("person", "same", "mine")}


def test_dropped_opinions_are_those_of_the_plugins_named(library):
    """A person's word stays when plugins are asked anew."""
    one, two = library.source_activity(), library.source_activity()
    for said_by in ("example", "person"):
        put_opinion(library.db, PairOpinion(one, two, said_by, "same", "because"), NOW)
    drop_opinions(library.db, [two], ["example"])
    assert [row.said_by for row in opinions_about(library.db, [one])] == ["person"]


def test_rows_near_a_moment_are_those_of_the_athlete_that_are_not_gone(library, library_of, days):
    """The span is closed at both ends, and other athletes' and vanished workouts are not in it."""
    inside, edge, outside, vanished = (
        library.source_activity(start_local=days(day)) for day in (1, 2, 3, 1)
    )
    library.gone(vanished)
    library_of(library.db, "you").source_activity(start_local=days(1))
    assert ids_near(library.db, "me", [(days(0), days(2))]) == {inside, edge}
    assert ids_near(library.db, "me", [(days(3), days(3))]) == {outside}


def test_claims_are_looked_up_for_one_athlete(library, library_of, activity):
    """The same claim of another athlete is another matter."""
    mine = library.source_activity(claims=("strava:1",))
    library_of(library.db, "you").source_activity(claims=("strava:1",))
    assert ids_claiming(library.db, "me", ["strava:1", "strava:2"]) == {mine}


def test_many_ids_are_looked_up_in_pieces(library):
    """No driver takes lists without end."""
    one = library.source_activity()
    assert set(load_rows(library.db, range(one - 2000, one + 2000))) == {one}
    assert ids_claiming(library.db, "me", [f"a:{number}" for number in range(1200)]) == set()


# -- on the way in ---------------------------------------------------------------------------------


def test_zero_and_null_are_kept_apart(library):
    """0 W while coasting is a figure, an absent channel is null."""
    one = library.source_activity(average_watts=0.0, training_load=None)
    row = library.db.execute(
        sa.select(source_activities).where(source_activities.c.id == one)
    ).one()
    assert (row.average_watts, row.training_load) == (0.0, None)


@pytest.mark.parametrize(
    ("changes", "start_utc", "start_local"),
    [
        (
            {"start_utc": datetime(2026, 5, 1, 5, 30, tzinfo=UTC), "utc_offset_s": 7200},
            "2026-05-01T05:30:00Z",
            "2026-05-01T07:30:00",
        ),
        (
            {"start_utc": datetime(2026, 5, 1, 5, 30, tzinfo=UTC)},
            "2026-05-01T05:30:00Z",
            "2026-05-01T05:30:00",
        ),
        (
            {
                "start_utc": datetime(2026, 5, 1, 7, 30, tzinfo=timezone(timedelta(hours=2))),
                "utc_offset_s": 7200,
            },
            "2026-05-01T05:30:00Z",
            "2026-05-01T07:30:00",
        ),
        (
            {"start_local": datetime(2026, 5, 1, 7, 30, 0, 500_000)},  # noqa: DTZ001
            None,
            "2026-05-01T07:30:00.500000",
        ),
        (
            {"start_utc": datetime.min.replace(tzinfo=UTC), "utc_offset_s": -7200},
            "0001-01-01T00:00:00Z",
            "0001-01-01T00:00:00",
        ),
        (
            {"start_utc": datetime.max.replace(tzinfo=UTC), "utc_offset_s": 7200},
            "9999-12-31T23:59:59.999999Z",
            "9999-12-31T23:59:59.999999",
        ),
    ],
)
def test_a_start_in_one_clock_fills_in_the_list(activity, changes, start_utc, start_local):
    """Lists are by local time; UTC with an offset gives it, to the edges of the calendar, and UTC
    is never guessed.
    """
    figures = figures_of(activity(**({"start_local": None} | changes)))
    assert (figures["start_utc"], figures["start_local"]) == (start_utc, start_local)


@pytest.mark.parametrize(
    ("title", "kept"),
    [
        ("a\0b", "a�b"),
        ("\0\0", "��"),
        ("\\u0000", "\\u0000"),
        ("\\\0", "\\�"),
        ("Übung 🚴 заезд", "Übung 🚴 заезд"),
        ("", ""),
        ("line\nbreak\t", "line\nbreak\t"),
        ("{{'\"%s;--", "{{'\"%s;--"),
    ],
)
def test_odd_text_is_kept_and_nul_replaced(library, title, kept):
    """No database refuses a title, and only NUL is changed, in the column and in the document
    alike.
    """
    one = library.source_activity(title=title)
    row = library.db.execute(
        sa.select(source_activities).where(source_activities.c.id == one)
    ).one()
    assert (row.title, model.decode(row.document).title) == (kept, kept)


def test_nul_deep_inside_is_replaced_too(activity):
    """PostgreSQL reads the document as JSON in the view of laps, and no NUL may stop it."""
    prepared = encode_activity(activity(extensions={"a\0": ["\0"]}, claims=("a:1\0",)))
    assert "\\u0000" not in prepared.document
    assert prepared.activity.claims == ("a:1�",)


def test_a_lone_surrogate_is_refused(activity):
    """It is no text, and the caller says so to the athlete."""
    with pytest.raises(ValueError, match="surrogates"):
        encode_activity(activity(title="\ud800"))


def test_stored_documents_hold_no_streams(activity):
    """Samples lie beside the document, packed."""
    prepared = encode_activity(activity(streams=(Stream("time", Column.of([0.0, 1.0, 2.0])),)))
    assert "streams" not in prepared.document
    assert (prepared.types, prepared.samples) == (("time",), 3)
