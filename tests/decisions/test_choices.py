"""What the athlete chose belongs to the group of the first source activity that it was made for and
that is in the store.
"""

from __future__ import annotations

from fitglue_registry.decisions import choices
from fitglue_registry.store.connections import remove_connection
from fitglue_registry.store.source_activity_rows import load_rows

NOW = "2026-06-15T12:00:00.000Z"


def rows(library, *ids):
    return list(load_rows(library.db, ids).values())


def held(library, *groups):
    """The chosen values of each group."""
    found = choices.of_groups(
        library.db, library.athlete_id, [rows(library, *group) for group in groups]
    )
    return [{one.field: one.value for one in group} for group in found]


def test_a_choice_belongs_to_the_group_of_its_first_source_activity(library):
    """Whichever way they part."""
    one, two, three = (library.source_activity() for _ in range(3))
    choices.put_choice(
        library.db, "me", "title", "mine", None, rows(library, one) + rows(library, two), NOW
    )
    assert held(library, (two,), (one, three)) == [{}, {"title": "mine"}]
    assert held(library, (two,)) == [{}]
    assert choices.chosen_for(library.db, "me", [one, two, three]) == {one, two}


def test_a_choice_goes_on_with_the_next_one_where_the_first_is_not_there(library):
    """A connection that is removed does not take the athlete's word along."""
    one = library.put(library.record(library.connection(connection_id="first"))).ids[0]
    two = library.source_activity()
    choices.put_choice(
        library.db, "me", "rpe", 7.0, None, rows(library, one) + rows(library, two), NOW
    )
    remove_connection(library.db, "first")
    assert held(library, (two,)) == [{"rpe": 7.0}]


def test_of_two_choices_the_later_one_counts(library):
    """Where two activities that have one each become one."""
    one, two = library.source_activity(), library.source_activity()
    for number, title in ((two, "second"), (one, "third")):
        choices.put_choice(library.db, "me", "title", title, None, rows(library, number), NOW)
    assert held(library, (one, two)) == [{"title": "third"}]


def test_a_choice_of_another_athlete_is_none(library, library_of):
    """Nothing is shared across athletes."""
    one = library.source_activity()
    choices.put_choice(library.db, "you", "title", "theirs", None, rows(library, one), NOW)
    assert held(library, (one,)) == [{}]
    assert choices.chosen_for(library.db, "me", [one]) == set()


def test_what_is_dropped_is_gone(library):
    """With its keys."""
    one = library.source_activity()
    choices.put_choice(library.db, "me", "title", "mine", None, rows(library, one), NOW)
    [[chosen]] = choices.of_groups(library.db, "me", [rows(library, one)])
    choices.drop_choices(library.db, [chosen.id])
    assert held(library, (one,)) == [{}]
