"""Tests of finding the activity to which a number, a date or an id refers."""

from __future__ import annotations

from datetime import datetime

import pytest

from fitglue_registry.errors import UserMistake
from fitglue_registry.store.record_details import find_records
from fitglue_registry.store.references import event_legs, resolve


def at(text):
    return datetime.fromisoformat(text)


@pytest.fixture
def three(library):
    """Store three activities: one on the first of May, two on the third."""
    starts = ("2026-05-01T07:00:00", "2026-05-03T07:00:00", "2026-05-03T18:00:00")
    return [
        library.activity(start_local=at(start), title=f"Ride at {start[11:13]}") for start in starts
    ]


def mean(library, reference):
    return resolve(library.db, "me", reference)


def test_a_number_means_the_activity_of_that_number(library, three):
    """The short number refers to its activity, with or without blanks around it."""
    assert [mean(library, number) for number in ("1", "2", " 3 ")] == three


def test_last_means_the_newest(library, three):
    """The word ``last`` refers to the activity with the newest local start."""
    assert mean(library, "last") == three[2]


def test_a_day_with_one_activity_means_it(library, three):
    """A date with only one activity refers to that activity."""
    assert mean(library, "2026-05-01") == three[0]


def test_a_day_with_two_activities_is_ambiguous_and_lists_them(library, three):
    """A date with two activities is ambiguous, and the error lists their numbers."""
    with pytest.raises(UserMistake) as caught:
        mean(library, "2026-05-03")
    assert caught.value.code == "FG-activity-ambiguous"
    assert caught.value.why == "2 (Ride at 07), 3 (Ride at 18)"


@pytest.fixture
def triathlon(library):
    """Store the two legs of an event that is known as 777001, the later one first, and the legs of
    another event, whose id begins in the same way. No record has the id of an event.
    """
    legs = [
        library.activity(parent="777001", start_local=at(start), title=title)
        for start, title in (("2026-05-05T09:00", "Tri - run"), ("2026-05-05T08:00", "Tri - swim"))
    ]
    library.activity(parent="7770019", start_local=at("2026-05-06T08:00"))
    return legs[::-1]


def test_the_id_of_an_event_means_its_legs(library, triathlon):
    """A multisport event has no activity, so its id is answered with the numbers of its legs."""
    with pytest.raises(UserMistake) as caught:
        mean(library, "777001")
    assert caught.value.code == "FG-multisport-event"
    assert caught.value.why == "2 (Tri - swim), 1 (Tri - run)"
    assert event_legs(library.db, "me", "777001") == triathlon


def test_a_day_with_only_the_legs_of_an_event_means_the_event(library, triathlon):
    """A date on which nothing but one event took place refers to the event."""
    assert event_legs(library.db, "me", "2026-05-05") == triathlon


def test_a_day_with_an_event_and_another_workout_is_ambiguous(library, triathlon):
    """A date with the legs of an event and a further workout refers to no event."""
    library.activity(start_local=at("2026-05-05T18:00:00"))
    with pytest.raises(UserMistake) as caught:
        mean(library, "2026-05-05")
    assert caught.value.code == "FG-activity-ambiguous"


@pytest.mark.parametrize("reference", ["1", "last", "77700", "", "777001x"])
def test_other_references_mean_no_event(library, triathlon, reference):
    """A reference to one activity, and one that matches nothing, refers to no event."""
    assert event_legs(library.db, "me", reference) == []


def test_an_id_means_itself(library, three):
    """The permanent id refers to its activity."""
    assert mean(library, three[1]) == three[1]


def test_the_id_and_number_of_a_merged_activity_mean_its_survivor(library):
    """The id and the number of an activity that was merged refer to the survivor."""
    member_a, member_b = library.source_activity(), library.source_activity()
    first, second = library.assign((member_a,), (member_b,))
    library.assign((member_a, member_b))
    assert (mean(library, second), mean(library, "2")) == (first, first)


def test_an_id_at_the_source_and_a_claim_mean_their_activity(library, activity):
    """An external id and a claim refer to their activity."""
    member_a = library.put(
        library.record(external_id="i77"), activity(claims=("strava:987", "intervals:i77"))
    ).ids[0]
    [activity_id] = library.assign((member_a,))
    assert [mean(library, text) for text in ("i77", "strava:987", "intervals:i77")] == [
        activity_id
    ] * 3


@pytest.mark.parametrize("reference", ["intervals/{}", "{:.12}", "{:.12}…", "intervals/{:.12}…"])
def test_an_id_means_its_activity_as_any_screen_shows_it(library, activity, reference):
    """An external id is accepted with its connection, and a hash by its beginning."""
    shown = "4f3f5cfba8797397636a941a69ab863038457babece1bcba72a9f39683588cae"
    [activity_id] = library.assign(
        tuple(library.put(library.record(external_id=shown), activity()).ids)
    )
    assert mean(library, reference.format(shown)) == activity_id
    assert len(find_records(library.db, "me", reference.format(shown))) == 1


def test_a_beginning_of_two_ids_is_ambiguous(library, activity):
    """The beginning of two external ids is ambiguous."""
    for shown in ("4f3f5cfba879a", "4f3f5cfba879b"):
        library.assign(tuple(library.put(library.record(external_id=shown), activity()).ids))
    with pytest.raises(UserMistake) as caught:
        mean(library, "4f3f5cfba879")
    assert caught.value.code == "FG-activity-ambiguous"


def test_one_id_at_two_accounts_is_ambiguous(library):
    """An external id that two accounts use for two workouts is ambiguous."""
    ids = [library.put(library.record(external_id="77x")).ids[0] for _ in range(2)]
    library.assign((ids[0],), (ids[1],))
    with pytest.raises(UserMistake, match="matches 2 activities"):
        mean(library, "77x")


def test_a_number_goes_before_an_equal_id_at_the_source(library, three):
    """A number refers to the activity with that number, even if an equal external id exists; a
    claim refers to the latter.
    """
    member_a = library.put(library.record(external_id="1")).ids[0]
    library.assign((member_a,))
    assert mean(library, "1") == three[0]


def test_a_gone_activity_is_found_by_its_number_and_not_by_its_day(library):
    """An activity that is gone is found by its number, but not by its day."""
    member_a = library.source_activity(start_local=at("2026-05-01T07:00:00"))
    [activity_id] = library.assign((member_a,))
    library.assign((member_a,), gone=True)
    assert mean(library, "1") == activity_id
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
def test_an_unknown_reference_is_an_error(library, three, reference):
    """Any text that refers to nothing raises FG-activity-unknown, and the fix lists what can be
    typed.
    """
    with pytest.raises(UserMistake) as caught:
        mean(library, reference)
    assert caught.value.code == "FG-activity-unknown"
    assert "fitglue activities" in caught.value.fix


def test_another_athletes_activities_cannot_be_meant(library, library_of, three):
    """Activities of another athlete are not found by number, id, or external id."""
    other = library_of(library.db, "you")
    for reference in ("1", three[0], "x1", "last"):
        with pytest.raises(UserMistake):
            resolve(other.db, "you", reference)


@pytest.mark.parametrize(
    "reference",
    [
        "20998999962",
        "https://connect.garmin.com/modern/activity/20998999962",
        "https://connect.garmin.com/modern/activity/20998999962/?utm=1#laps",
    ],
)
def test_the_id_of_a_leg_and_a_link_to_it_mean_the_leg(library, activity, reference):
    """A leg has no record of its own, so it is found by the id in its claim and by its link."""
    legs = [activity(claims=(f"garmin:2099899996{leg}",), leg_no=leg) for leg in (1, 2)]
    put = library.put(library.record(external_id="20998999960"), *legs)
    _, second = library.assign(*[(member,) for member in put.ids])
    assert mean(library, reference) == second
    assert len(find_records(library.db, "me", reference)) == 1
