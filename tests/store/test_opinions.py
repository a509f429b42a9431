"""Opinions are kept for a pair and for whoever said them."""

from __future__ import annotations

from fitglue_registry.store.opinions import PairOpinion, drop_opinions, opinions_about, put_opinion

NOW = "2026-06-15T12:00:00.000Z"


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
