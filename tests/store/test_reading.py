"""What people type and what lists show: references, filters, totals."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from fitglue_registry.errors import UserMistake
from fitglue_registry.model import Column, Stream
from fitglue_registry.model.stored import PartState
from fitglue_registry.store.activity_details import load_activity
from fitglue_registry.store.activity_filter import Filter
from fitglue_registry.store.counts import connection_counts, totals
from fitglue_registry.store.lists import list_activities
from fitglue_registry.store.parts import PartUpdate, set_part, want_parts
from fitglue_registry.store.record_story import find_records, record_story, records_on
from fitglue_registry.store.references import resolve


def at(text):
    return datetime.fromisoformat(text)


# -- references ------------------------------------------------------------------------------------


@pytest.fixture
def three(library):
    """Three activities: one on the first of May, two on the third."""
    starts = ("2026-05-01T07:00:00", "2026-05-03T07:00:00", "2026-05-03T18:00:00")
    return [
        library.activity(start_local=at(start), title=f"Ride at {start[11:13]}") for start in starts
    ]


def mean(library, reference):
    return resolve(library.db, "me", reference)


def test_a_number_means_the_activity_of_that_number(library, three):
    """The short number of the list, with blanks around it or not."""
    assert [mean(library, number) for number in ("1", "2", " 3 ")] == three


def test_last_means_the_newest(library, three):
    """By its local start."""
    assert mean(library, "last") == three[2]


def test_a_day_with_one_activity_means_it(library, three):
    """A date is enough where nothing else happened."""
    assert mean(library, "2026-05-01") == three[0]


def test_a_day_with_two_activities_is_ambiguous_and_lists_them(library, three):
    """The numbers to choose from are said."""
    with pytest.raises(UserMistake) as caught:
        mean(library, "2026-05-03")
    assert caught.value.code == "FG-activity-ambiguous"
    assert caught.value.why == "2 (Ride at 07), 3 (Ride at 18)"


def test_an_id_means_itself(library, three):
    """Scripts keep the permanent id."""
    assert mean(library, three[1]) == three[1]


def test_the_id_and_number_of_a_merged_activity_mean_its_survivor(library):
    """Whoever wrote down an old number still finds the workout."""
    one, two = library.source_activity(), library.source_activity()
    first, second = library.assign((one,), (two,))
    library.assign((one, two))
    assert (mean(library, second), mean(library, "2")) == (first, first)


def test_an_id_at_the_source_and_a_claim_mean_their_activity(library, activity):
    """What a link or another tool says is understood."""
    one = library.put(
        library.record(external_id="i77"), activity(claims=("strava:987", "intervals:i77"))
    ).ids[0]
    [made] = library.assign((one,))
    assert [mean(library, said) for said in ("i77", "strava:987", "intervals:i77")] == [made] * 3


@pytest.mark.parametrize("reference", ["intervals/{}", "{:.12}", "{:.12}…", "intervals/{:.12}…"])
def test_an_id_means_its_activity_as_any_screen_shows_it(library, activity, reference):
    """With its connection, and a hash by its beginning."""
    shown = "4f3f5cfba8797397636a941a69ab863038457babece1bcba72a9f39683588cae"
    [made] = library.assign(tuple(library.put(library.record(external_id=shown), activity()).ids))
    assert mean(library, reference.format(shown)) == made
    assert len(find_records(library.db, "me", reference.format(shown))) == 1


def test_a_beginning_of_two_ids_is_ambiguous(library, activity):
    """Nothing is guessed."""
    for shown in ("4f3f5cfba879a", "4f3f5cfba879b"):
        library.assign(tuple(library.put(library.record(external_id=shown), activity()).ids))
    with pytest.raises(UserMistake) as caught:
        mean(library, "4f3f5cfba879")
    assert caught.value.code == "FG-activity-ambiguous"


def test_one_id_at_two_accounts_is_ambiguous(library):
    """Two accounts may use the same id for two workouts."""
    ones = [library.put(library.record(external_id="77x")).ids[0] for _ in range(2)]
    library.assign((ones[0],), (ones[1],))
    with pytest.raises(UserMistake, match="is 2 activities"):
        mean(library, "77x")


def test_a_number_goes_before_an_equal_id_at_the_source(library, three):
    """What the list shows wins; the id at the source can be said as a claim."""
    one = library.put(library.record(external_id="1")).ids[0]
    library.assign((one,))
    assert mean(library, "1") == three[0]


def test_a_gone_activity_is_found_by_its_number_and_not_by_its_day(library):
    """Its tombstone can be shown, and a day means what is there."""
    one = library.source_activity(start_local=at("2026-05-01T07:00:00"))
    [made] = library.assign((one,))
    library.assign((one,), gone=True)
    assert mean(library, "1") == made
    for reference in ("2026-05-01", "last"):
        with pytest.raises(UserMistake):
            mean(library, reference)


@pytest.mark.parametrize(
    "reference",
    [
        "",
        "4",
        "0",
        "-1",
        "99999999999999999999",
        "2026-05-02",
        "2026-13-45",
        "nothing",
        "last ride",
        "%",
        "_",
        "a\0b",
        "x' OR 1=1",
        "٣٣",
        "\ud800",
    ],
)
def test_what_means_nothing_is_said_to_mean_nothing(library, three, reference):
    """Whatever is typed, the answer is FG-activity-unknown with what can be typed instead."""
    with pytest.raises(UserMistake) as caught:
        mean(library, reference)
    assert caught.value.code == "FG-activity-unknown"
    assert "fitglue activities" in caught.value.fix


def test_another_athletes_activities_cannot_be_meant(library, library_of, three):
    """Neither by number, nor by id, nor by an id at the source."""
    other = library_of(library.db, "you")
    for reference in ("1", three[0], "x1", "last"):
        with pytest.raises(UserMistake):
            resolve(other.db, "you", reference)


# -- filters ---------------------------------------------------------------------------------------


@pytest.fixture
def year(library):
    """A ride in January, a run in May late in the evening, and a swim without a title in June."""
    strava = library.put(library.record(library.connection("strava"))).ids[0]
    library.put(library.record(library.connection()))
    rows = [
        ("2026-01-10T08:00:00", "Grundlage über Bühl", "Ride", 80_000.0),
        ("2026-05-20T23:59:59.500000", "Вечерний бег 50%", "Run", 10_000.0),
        ("2026-06-01T00:00:00", None, "Swim", None),
    ]
    ids = [
        library.source_activity(
            start_local=at(start), title=title, sport=sport, distance_m=distance_m
        )
        for start, title, sport, distance_m in rows
    ]
    library.assign((ids[0], strava), (ids[1],), (ids[2],))
    return library


def sports(library, **wanted):
    return [row["sport"] for row in list_activities(library.db, "me", Filter(**wanted))]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({}, ["Swim", "Run", "Ride"]),
        ({"since": date(2026, 5, 20)}, ["Swim", "Run"]),
        ({"since": date(2026, 5, 21)}, ["Swim"]),
        ({"until": date(2026, 5, 20)}, ["Run", "Ride"]),
        ({"until": date(2026, 5, 19)}, ["Ride"]),
        ({"since": date(2026, 6, 1), "until": date(2026, 6, 1)}, ["Swim"]),
        ({"until": date.max}, ["Swim", "Run", "Ride"]),
        ({"since": date.min}, ["Swim", "Run", "Ride"]),
        ({"sport": "run"}, ["Run"]),
        ({"sport": "RIDE"}, ["Ride"]),
        ({"sport": "Golf"}, []),
        ({"text": "grundlage"}, ["Ride"]),
        ({"text": "ÜBER BÜHL"}, ["Ride"]),
        ({"text": "вечерний"}, ["Run"]),
        ({"text": "50%"}, ["Run"]),
        ({"text": "%"}, ["Run"]),
        ({"text": "_"}, []),
        ({"text": "\\"}, []),
        ({"text": "'"}, []),
        ({"min_distance_m": 10_000}, ["Run", "Ride"]),
        ({"min_distance_m": 0}, ["Run", "Ride"]),
        ({"min_distance_m": 10_001}, ["Ride"]),
        ({"source": "strava"}, ["Ride"]),
        ({"source": "nowhere"}, []),
        ({"limit": 2}, ["Swim", "Run"]),
        ({"limit": 0}, []),
        ({"sport": "Ride", "text": "бег"}, []),
    ],
)
def test_a_filter_shows_what_it_says_newest_first(year, wanted, found):
    """Days are whole and both included; text is searched in any alphabet, without regard to case or
    wildcards.
    """
    assert sports(year, **wanted) == found


def test_a_list_names_the_connections_of_each_activity(year):
    """The same workout from two accounts has both names."""
    assert [row["sources"] for row in list_activities(year.db, "me", Filter(sport="Ride"))] == [
        ["intervals-2", "strava"]
    ]


def test_gone_activities_are_in_no_list(library):
    """A tombstone is for ``why``."""
    one = library.source_activity()
    library.assign((one,), gone=True)
    assert sports(library) == []
    assert totals(library.db, "me", date.min, date.max)["count"] == 0


def test_totals_count_whole_days_and_what_is_known(year):
    """Moving time is elapsed time where the source says no other; what is absent adds nothing."""
    assert totals(year.db, "me", date(2026, 1, 10), date(2026, 5, 20)) == {
        "count": 2,
        "moving_s": 7400.0,
        "distance_m": 90_000.0,
        "training_load": 0,
    }
    assert totals(year.db, "me", date.min, date.max)["count"] == 3


# -- one activity ----------------------------------------------------------------------------------


def test_an_activity_is_loaded_with_its_members(library, activity):
    """The merged values, which member each came from, and the members by natural key."""
    bare = library.source_activity()
    rich = library.put(
        library.record(),
        activity(streams=(Stream("time", Column.of([0])), Stream("watts", Column.of([1])))),
    ).ids[0]
    [made] = library.assign((bare, rich))
    found = load_activity(library.db, made)
    assert (found.id, found.number, found.activity.title, found.origins) == (
        made,
        1,
        "Morning ride",
        {"": bare},
    )
    assert [(member.id, member.connection, member.stream_types) for member in found.members] == [
        (bare, "intervals", ()),
        (rich, "intervals-2", ("time", "watts")),
    ]


def test_a_record_tells_its_story(library, activity):
    """State, parts, quarantine and what became of it, as plain values."""
    record = library.record(external_id="i7", reason='{"code": "FG-x"}')
    one = library.put(record, activity(claims=("b:2", "a:1"))).ids[0]
    update = PartUpdate(PartState.NONE, code="FG-none", reason="typed in")
    set_part(library.db, record, "detail", update)
    story = record_story(library.db, record)
    assert (story["external_id"], story["reason"], story["quarantine"]) == (
        "i7",
        {"code": "FG-x"},
        None,
    )
    assert [(part["part"], part["state"], part["reason"]) for part in story["parts"]] == [
        ("detail", "none", "typed in")
    ]
    assert [(source["id"], source["claims"]) for source in story["source_activities"]] == [
        (one, ["a:1", "b:2"])
    ]


def test_records_are_found_by_id_claim_and_day(library, activity):
    """Also those of which no activity came."""
    record = library.record(external_id="i7")
    library.put(record, activity(claims=("strava:9",)))
    bare = library.record(external_id="i8", start_local="2026-07-01T00:00:00")
    assert find_records(library.db, "me", "i7") == [record]
    assert find_records(library.db, "me", "strava:9") == [record]
    assert records_on(library.db, "me", "2026-07-01") == [bare]
    assert find_records(library.db, "you", "i7") == []


def test_a_connection_is_counted_by_states(library):
    """Listed, quarantined and still wanted, in one answer."""
    connection = library.connection()
    for state in ("listed", "listed", "stub"):
        record = library.record(connection, state=state)
        want_parts(library.db, record, ["detail"])
    assert connection_counts(library.db, connection) == {
        "listed": 2,
        "stub": 1,
        "quarantine": 0,
        "wanted": 2,
        "failed": 0,
    }
