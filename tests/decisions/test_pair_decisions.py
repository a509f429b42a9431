"""What the athlete said is kept by identities, and holds for whatever has them."""

from __future__ import annotations

from fitglue_registry.decisions.pair_decisions import (
    DecidedSide,
    load_decisions,
    put_decision,
    recall_decisions,
    undo_decision,
)
from fitglue_registry.decisions.stored_decisions import StoredDecisions
from fitglue_registry.decisions.transaction import DecisionTransaction
from fitglue_registry.matching.matcher import Matcher
from fitglue_registry.matching.plugin_opinions import OpinionPlugins
from fitglue_registry.model.stored import OpinionSource
from fitglue_registry.plugin_api import Account
from fitglue_registry.plugins import Plugins
from fitglue_registry.store.connections import remove_connection
from fitglue_registry.store.opinions import opinions_about
from fitglue_registry.store.source_activity_rows import load_rows

NOW = "2026-06-15T12:00:00.000Z"


def rows(library, *ids):
    return list(load_rows(library.db, ids).values())


def say(library, verdict, one, two):
    return say_of_sides(library, verdict, rows(library, one), rows(library, two))


def say_of_sides(library, verdict, *sides):
    decided = [DecidedSide(side, "a workout") for side in sides]
    return put_decision(transaction_of(library), verdict, decided)


def transaction_of(library):
    matcher = Matcher(OpinionPlugins(Plugins([])), StoredDecisions())
    return DecisionTransaction(library.db, matcher, library.athlete_id, NOW)


def held(library, *ids):
    """(who said it, verdict) of these source activities."""
    recall_decisions(library.db, library.athlete_id, rows(library, *ids), NOW)
    return sorted((one.said_by, one.verdict) for one in opinions_about(library.db, ids))


def test_a_verdict_holds_for_the_very_source_activities(library):
    """Recalled as often as one likes."""
    one, two = library.source_activity(), library.source_activity()
    say(library, "same", one, two)
    assert held(library, one) == held(library, two) == [(OpinionSource.PERSON, "same")]


def test_a_verdict_holds_for_what_has_their_claims(library):
    """A copy is kept apart from the other side, and not from its own."""
    one, two = library.source_activity(claims=("a:1",)), library.source_activity(claims=("b:1",))
    say(library, "different", one, two)
    copy = library.source_activity(claims=("a:1", "c:1"))
    assert held(library, copy) == [(OpinionSource.PERSON_OF_A_COPY, "different")]


def test_a_claim_of_both_sides_tells_nothing(library):
    """What both assert cannot tell whose copy it is."""
    one, two = library.source_activity(claims=("a:1",)), library.source_activity(claims=("a:1",))
    say(library, "different", one, two)
    assert held(library, library.source_activity(claims=("a:1",))) == []


def test_a_copy_that_asserts_something_else_now_is_no_copy_any_more(library, activity):
    """What was said of it follows its claims."""
    one, two = library.source_activity(claims=("a:1",)), library.source_activity(claims=("b:1",))
    say(library, "different", one, two)
    record = library.record()
    copy = library.put(record, activity(claims=("a:1",))).ids[0]
    assert held(library, copy) == [(OpinionSource.PERSON_OF_A_COPY, "different")]
    library.put(record, activity(claims=("c:1",)))
    assert held(library, copy) == []


def test_the_last_word_of_a_pair_counts(library):
    """Whatever was said before."""
    one, two = library.source_activity(), library.source_activity()
    say(library, "different", one, two)
    say(library, "same", one, two)
    assert held(library, one) == [(OpinionSource.PERSON, "same")]


def test_an_older_word_that_also_names_a_third_does_not_come_back_with_it(library):
    """The later word was of two of the three, while the third was not there: it stays the last one
    of their pair.
    """
    one, two, third = (library.source_activity() for _ in range(3))
    say_of_sides(library, "same", rows(library, one, third), rows(library, two))
    say(library, "different", one, two)
    held(library, one, two, third)
    held(library, third)
    said = opinions_about(library.db, [one])
    assert [word.verdict for word in said if {word.first_id, word.second_id} == {one, two}] == [
        "different"
    ]


def test_a_verdict_outlives_the_connection(library):
    """The same account with the same external id is meant again."""
    two = library.source_activity()
    one = library.put(library.record(library.connection(id="first"), "x1")).ids[0]
    say(library, "different", one, two)
    account = rows(library, one)[0].account_id
    remove_connection(library.db, "first")
    again = library.put(
        library.record(library.connection(id="again", account=Account(account)), "x1")
    ).ids[0]
    assert held(library, again) == [(OpinionSource.PERSON, "different")]


def test_the_word_of_one_athlete_is_not_anothers(library, library_of):
    """Equal identities are nothing across athletes."""
    one, two = library.source_activity(claims=("a:1",)), library.source_activity(claims=("b:1",))
    say(library, "same", one, two)
    other = library_of(library.db, "you")
    copies = other.source_activity(claims=("a:1",)), other.source_activity(claims=("b:1",))
    assert held(other, *copies) == []


def test_what_was_taken_back_holds_no_more(library):
    """Its source activities come back to be placed anew."""
    one, two = library.source_activity(), library.source_activity()
    number = say(library, "same", one, two)
    assert held(library, one) == [(OpinionSource.PERSON, "same")]
    [verdict] = load_decisions(library.db, "me", [number])
    assert undo_decision(transaction_of(library), verdict) == sorted((one, two))
    assert held(library, one, two) == []
