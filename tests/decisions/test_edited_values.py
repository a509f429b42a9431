"""An edit belongs to the group that has the first source activity of the edit, among those that are
in the store.
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


def values_held(library, *groups):
    """Return field → chosen value, for each group."""
    edits_by_group = edits_of_groups(
        library.db, library.athlete_id, [rows(library, *group) for group in groups]
    )
    return [{edit.field: edit.value for edit in edits} for edits in edits_by_group]


def test_an_edit_belongs_to_the_group_of_its_first_source_activity(library):
    """If an activity is split, an edit stays with the first source activity for which it
    was made.
    """
    first, second, third = (library.source_activity() for _ in range(3))
    edit(library, "title", "mine", rows(library, first) + rows(library, second))
    assert values_held(library, (second,), (first, third)) == [{}, {"title": "mine"}]
    assert values_held(library, (second,)) == [{}]
    assert ids_with_edits(library.db, "me", [first, second, third]) == {first, second}


def test_an_edit_outlives_its_first_source_activity(library):
    """If the connection of the first source activity is removed, the edit stays with the
    next one.
    """
    first = library.put(library.record(library.connection(id="first"))).ids[0]
    second = library.source_activity()
    edit(library, "rpe", 7.0, rows(library, first) + rows(library, second))
    remove_connection(library.db, "first")
    assert values_held(library, (second,)) == [{"rpe": 7.0}]


def test_of_two_edits_the_later_one_counts(library):
    """If two activities that have been edited become one, the later edit of a field counts."""
    first, second = library.source_activity(), library.source_activity()
    for number, title in ((second, "second"), (first, "third")):
        edit(library, "title", title, rows(library, number))
    assert values_held(library, (first, second)) == [{"title": "third"}]


def test_an_edit_of_another_athlete_has_no_effect(library, library_of):
    """An edit of another athlete has no effect, even if it names the same source activity."""
    id_ = library.source_activity()
    edit(library, "title", "theirs", rows(library, id_), athlete="you")
    assert values_held(library, (id_,)) == [{}]
    assert ids_with_edits(library.db, "me", [id_]) == set()


def test_a_deleted_edit_has_no_effect(library):
    """A deleted edit no longer has an effect."""
    id_ = library.source_activity()
    edit(library, "title", "mine", rows(library, id_))
    [[edited]] = edits_of_groups(library.db, "me", [rows(library, id_)])
    drop_edits(library.db, [edited.id])
    assert values_held(library, (id_,)) == [{}]
