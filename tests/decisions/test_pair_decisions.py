"""A decision is stored by identities, and holds for every source activity that has them."""

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


def decide(library, verdict, first, second):
    """Store a decision about two source activities."""
    return decide_sides(library, verdict, rows(library, first), rows(library, second))


def decide_sides(library, verdict, *sides):
    """Store a decision about several sides, each a list of rows, and return its id."""
    decided = [DecidedSide(side, "a workout") for side in sides]
    return put_decision(transaction_of(library), verdict, decided)


def transaction_of(library):
    matcher = Matcher(OpinionPlugins(Plugins([])), StoredDecisions())
    return DecisionTransaction(library.db, matcher, library.athlete_id, NOW)


def recalled(library, *ids):
    """Recall the decisions about these source activities, and return their opinions as (source,
    verdict).
    """
    recall_decisions(library.db, library.athlete_id, rows(library, *ids), NOW)
    return sorted((opinion.said_by, opinion.verdict) for opinion in opinions_about(library.db, ids))


def test_a_decision_holds_for_the_source_activities_that_it_names(library):
    """A decision holds for the source activities that it names, however often it is recalled."""
    first, second = library.source_activity(), library.source_activity()
    decide(library, "same", first, second)
    assert recalled(library, first) == recalled(library, second) == [(OpinionSource.PERSON, "same")]


def test_a_decision_holds_for_copies(library):
    """A *different* decision also keeps a later copy of one side apart from the other side."""
    first, second = (
        library.source_activity(claims=("a:1",)),
        library.source_activity(claims=("b:1",)),
    )
    decide(library, "different", first, second)
    copy = library.source_activity(claims=("a:1", "c:1"))
    assert recalled(library, copy) == [(OpinionSource.PERSON_OF_A_COPY, "different")]


def test_a_claim_of_both_sides_makes_no_copy(library):
    """A claim that both sides share does not make a later source activity a copy of either."""
    first, second = (
        library.source_activity(claims=("a:1",)),
        library.source_activity(claims=("a:1",)),
    )
    decide(library, "different", first, second)
    assert recalled(library, library.source_activity(claims=("a:1",))) == []


def test_a_copy_that_loses_its_claim_is_no_longer_a_copy(library, activity):
    """A decision no longer holds for a copy that has lost the claim."""
    first, second = (
        library.source_activity(claims=("a:1",)),
        library.source_activity(claims=("b:1",)),
    )
    decide(library, "different", first, second)
    record = library.record()
    copy = library.put(record, activity(claims=("a:1",))).ids[0]
    assert recalled(library, copy) == [(OpinionSource.PERSON_OF_A_COPY, "different")]
    library.put(record, activity(claims=("c:1",)))
    assert recalled(library, copy) == []


def test_the_last_decision_about_a_pair_counts(library):
    """Of two decisions about one pair, the later one counts."""
    first, second = library.source_activity(), library.source_activity()
    decide(library, "different", first, second)
    decide(library, "same", first, second)
    assert recalled(library, first) == [(OpinionSource.PERSON, "same")]


def test_an_older_decision_that_names_a_third_does_not_replace_a_later_one(library):
    """Recalling an older decision for a third source activity does not replace a later decision
    about the other two.
    """
    first, second, third = (library.source_activity() for _ in range(3))
    decide_sides(library, "same", rows(library, first, third), rows(library, second))
    decide(library, "different", first, second)
    recalled(library, first, second, third)
    recalled(library, third)
    opinions = opinions_about(library.db, [first])
    assert [
        opinion.verdict
        for opinion in opinions
        if {opinion.first_id, opinion.second_id} == {first, second}
    ] == ["different"]


def test_a_decision_outlives_the_connection(library):
    """A decision holds again when its account is connected again and lists the same external id."""
    second = library.source_activity()
    first = library.put(library.record(library.connection(id="first"), "x1")).ids[0]
    decide(library, "different", first, second)
    account = rows(library, first)[0].account_id
    remove_connection(library.db, "first")
    again = library.put(
        library.record(library.connection(id="again", account=Account(account)), "x1")
    ).ids[0]
    assert recalled(library, again) == [(OpinionSource.PERSON, "different")]


def test_a_decision_of_one_athlete_has_no_effect_on_another(library, library_of):
    """A decision of one athlete has no effect on another, even if the claims are equal."""
    first, second = (
        library.source_activity(claims=("a:1",)),
        library.source_activity(claims=("b:1",)),
    )
    decide(library, "same", first, second)
    other = library_of(library.db, "you")
    copies = other.source_activity(claims=("a:1",)), other.source_activity(claims=("b:1",))
    assert recalled(other, *copies) == []


def test_an_undone_decision_has_no_effect(library):
    """A decision that was undone has no effect, and undoing returns the source activities to match
    again.
    """
    first, second = library.source_activity(), library.source_activity()
    decision_id = decide(library, "same", first, second)
    assert recalled(library, first) == [(OpinionSource.PERSON, "same")]
    [decision] = load_decisions(library.db, "me", [decision_id])
    assert undo_decision(transaction_of(library), decision) == sorted((first, second))
    assert recalled(library, first, second) == []
