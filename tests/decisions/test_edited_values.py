"""What the athlete chose belongs to the group of the first source activity that it was made for and
that is in the store.
"""

from __future__ import annotations

from fitglue_registry.decisions.edited_values import (
    drop_edits,
    edits_of_groups,
    ids_with_edits,
    put_edit,
)
from fitglue_registry.decisions.stored_decisions import StoredDecisions
from fitglue_registry.decisions.transaction import DecisionTransaction
from fitglue_registry.dedupe import Choice
from fitglue_registry.matching.matcher import Matcher
from fitglue_registry.matching.plugin_opinions import OpinionPlugins
from fitglue_registry.plugins import Plugins
from fitglue_registry.store.connections import remove_connection
from fitglue_registry.store.source_activity_rows import load_rows

NOW = "2026-06-15T12:00:00.000Z"


def rows(library, *ids):
    return list(load_rows(library.db, ids).values())


def edit(library, field, value, members, athlete="me"):
    matcher = Matcher(OpinionPlugins(Plugins([])), StoredDecisions())
    put_edit(DecisionTransaction(library.db, matcher, athlete, NOW), Choice(field, value), members)


def held(library, *groups):
    """The chosen values of each group."""
    found = edits_of_groups(
        library.db, library.athlete_id, [rows(library, *group) for group in groups]
    )
    return [{one.field: one.value for one in group} for group in found]


def test_a_choice_belongs_to_the_group_of_its_first_source_activity(library):
    """Whichever way they part."""
    one, two, three = (library.source_activity() for _ in range(3))
    edit(library, "title", "mine", rows(library, one) + rows(library, two))
    assert held(library, (two,), (one, three)) == [{}, {"title": "mine"}]
    assert held(library, (two,)) == [{}]
    assert ids_with_edits(library.db, "me", [one, two, three]) == {one, two}


def test_a_choice_goes_on_with_the_next_one_where_the_first_is_not_there(library):
    """A connection that is removed does not take the athlete's word along."""
    one = library.put(library.record(library.connection(id="first"))).ids[0]
    two = library.source_activity()
    edit(library, "rpe", 7.0, rows(library, one) + rows(library, two))
    remove_connection(library.db, "first")
    assert held(library, (two,)) == [{"rpe": 7.0}]


def test_of_two_choices_the_later_one_counts(library):
    """Where two activities that have one each become one."""
    one, two = library.source_activity(), library.source_activity()
    for number, title in ((two, "second"), (one, "third")):
        edit(library, "title", title, rows(library, number))
    assert held(library, (one, two)) == [{"title": "third"}]


def test_a_choice_of_another_athlete_is_none(library, library_of):
    """Nothing is shared across athletes."""
    one = library.source_activity()
    edit(library, "title", "theirs", rows(library, one), athlete="you")
    assert held(library, (one,)) == [{}]
    assert ids_with_edits(library.db, "me", [one]) == set()


def test_what_is_dropped_is_gone(library):
    """With its keys."""
    one = library.source_activity()
    edit(library, "title", "mine", rows(library, one))
    [[chosen]] = edits_of_groups(library.db, "me", [rows(library, one)])
    drop_edits(library.db, [chosen.id])
    assert held(library, (one,)) == [{}]
