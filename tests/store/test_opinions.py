"""Tests of the opinions about pairs of source activities."""

from __future__ import annotations

from fitglue_registry.store.opinions import PairOpinion, drop_opinions, opinions_about, put_opinions

NOW = "2026-06-15T12:00:00.000Z"


def test_an_opinion_is_of_a_pair_whatever_its_order(library):
    """A new opinion replaces that of the same author about the same pair, regardless of the
    order in which the pair is named.
    """
    first_id, second_id = library.source_activity(), library.source_activity()
    put_opinions(library.db, [PairOpinion(first_id, second_id, "example", "same", "first")], NOW)
    put_opinions(
        library.db, [PairOpinion(second_id, first_id, "example", "different", "second")], NOW
    )
    put_opinions(library.db, [PairOpinion(first_id, second_id, "person", "same", "mine")], NOW)
    stored = {
        (row.said_by, row.verdict, row.reason) for row in opinions_about(library.db, [second_id])
    }
    assert stored == {("example", "different", "second"), ("person", "same", "mine")}


def test_dropped_opinions_are_those_of_the_plugins_named(library):
    """Dropping the opinions of plugins keeps the decision of a person."""
    first_id, second_id = library.source_activity(), library.source_activity()
    for said_by in ("example", "person"):
        put_opinions(
            library.db, [PairOpinion(first_id, second_id, said_by, "same", "because")], NOW
        )
    drop_opinions(library.db, [second_id], ["example"])
    assert [row.said_by for row in opinions_about(library.db, [first_id])] == ["person"]
