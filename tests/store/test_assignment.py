"""Activities keep their ids for ever: the oldest survives a merge, the other becomes an alias, a
split gives both back.
"""

from __future__ import annotations

import sqlalchemy as sa

from fitglue_registry import model
from fitglue_registry.model import Stub
from fitglue_registry.store.activities import Merged, drop_empty
from fitglue_registry.store.assignment import assign
from fitglue_registry.store.connections import remove_connection
from fitglue_registry.store.source_activity_rows import load_rows
from fitglue_registry.store.source_activity_search import members_of
from fitglue_registry.store.tables import activities, aliases, athletes, source_activities

LATER = "2026-06-16T12:00:00.000Z"


def numbers(library):
    """Activity → its short number."""
    return {row.id: row.number for row in library.db.execute(sa.select(activities))}


def alias_of(library, activity_id):
    return library.db.scalar(sa.select(aliases.c.activity_id).where(aliases.c.id == activity_id))


def test_each_activity_gets_a_random_id_and_the_next_number(library):
    """Numbers count up from one for people to type; ids say nothing."""
    made = [library.activity() for _ in range(3)]
    assert [numbers(library)[one] for one in made] == [1, 2, 3]
    assert len({len(one) for one in made}) == 1


def test_numbers_count_for_each_athlete_alone(library, library_of):
    """Nothing is ever counted across athletes."""
    other = library_of(library.db, "you")
    mine, yours = library.activity(), other.activity()
    assert [numbers(library)[one] for one in (mine, yours)] == [1, 1]


def test_a_number_is_never_given_twice(library):
    """The number of an activity that went away stays unused."""
    one = library.source_activity()
    library.assign((one,))
    library.db.execute(sa.delete(source_activities))
    library.db.execute(sa.delete(activities))
    again = library.activity()
    assert numbers(library) == {again: 2}


def test_the_oldest_activity_survives_a_merge(library):
    """The lower number stays, whichever is the first in the group."""
    one, two = library.source_activity(), library.source_activity()
    first, second = library.assign((one,), (two,))
    assert library.assign((two, one)) == [first]
    assert numbers(library) == {first: 1}
    assert alias_of(library, second) == first


def test_an_alias_follows_its_survivor(library):
    """When the survivor is itself merged away, older aliases lead to the new survivor."""
    one, two, three = (library.source_activity() for _ in range(3))
    first, second, third = library.assign((one,), (two,), (three,))
    library.assign((two, three))
    library.assign((one, two, three))
    assert (alias_of(library, third), alias_of(library, second)) == (first, first)


def test_a_split_gives_back_id_and_number(library):
    """What was merged and parted again is as it was before."""
    one, two = library.source_activity(), library.source_activity()
    before = library.assign((one,), (two,))
    library.assign((one, two))
    assert library.assign((one,), (two,)) == before
    assert numbers(library) == {before[0]: 1, before[1]: 2}
    assert library.db.scalar(sa.select(sa.func.count()).select_from(aliases)) == 0


def test_a_split_gives_back_the_ids_whatever_the_order_of_the_groups(library):
    """The activity goes to the member that it was made for, not to the first that asks."""
    one, two = library.source_activity(), library.source_activity()
    first, second = library.assign((one,), (two,))
    library.assign((one, two))
    assert library.assign((two,), (one,)) == [second, first]


def test_a_split_into_groups_points_every_alias_to_where_its_member_is(library):
    """An alias leads to the activity that holds what it once was."""
    one, two, three = (library.source_activity() for _ in range(3))
    first, second, third = library.assign((one,), (two,), (three,))
    library.assign((one, two, three))
    assert library.assign((one,), (three, two)) == [first, second]
    assert alias_of(library, third) == second


def test_one_that_joined_from_the_first_leaves_the_activity_to_the_one_it_was_made_for(library):
    """A member that never had an activity of its own gets a new one when it parts."""
    one = library.source_activity()
    [first] = library.assign((one,))
    two = library.source_activity()
    library.assign((two, one))
    [second, kept] = library.assign((two,), (one,))
    assert kept == first
    assert numbers(library) == {first: 1, second: 2}


def test_a_member_moves_between_activities(library):
    """Joining another group takes nothing from the one that stays."""
    one, two, three = (library.source_activity() for _ in range(3))
    first, third = library.assign((one, two), (three,))
    assert library.assign((one,), (two, three)) == [first, third]
    assert len(numbers(library)) == 2


def test_stubs_alone_have_no_activity(library, activity):
    """What the source will not deliver is never an empty activity."""
    stub = library.put(
        library.record(), activity(stub=Stub("FG-strava-stub", "terms"), sport=None)
    ).ids[0]
    assert library.assign((stub,)) == [None]
    assert numbers(library) == {}


def test_a_native_copy_becomes_the_activity_and_takes_the_stub_along(library, activity):
    """A stub belongs to the activity of its native copy, and has none when that parts."""
    stub = library.put(
        library.record(), activity(stub=Stub("FG-strava-stub", "terms"), sport=None)
    ).ids[0]
    native = library.source_activity()
    [made] = library.assign((native, stub))
    assert members_of(library.db, [made]) == {native, stub}
    assert library.assign((native,), (stub,)) == [made, None]


def test_an_activity_that_becomes_a_stub_is_dropped(library, activity):
    """The source took back what it had delivered, and no empty activity stays."""
    record = library.record()
    one = library.put(record).ids[0]
    library.assign((one,))
    library.put(record, activity(stub=Stub("FG-strava-stub", "terms"), sport=None))
    assert library.assign((one,)) == [None]
    assert numbers(library) == {}


def test_a_gone_activity_is_kept_and_comes_back(library):
    """A tombstone has the same id and number, before and after."""
    one = library.source_activity()
    [made] = library.assign((one,))
    library.assign((one,), gone=True)
    assert library.db.scalar(sa.select(activities.c.gone_at)) is not None
    assert library.assign((one,)) == [made]
    assert library.db.scalar(sa.select(activities.c.gone_at)) is None


def test_a_tombstone_keeps_its_moment(library, activity):
    """Something else that changes on a gone activity does not make it gone anew."""
    record = library.record()
    one = library.put(record).ids[0]
    library.assign((one,))
    library.assign((one,), gone=True)
    library.put(record, activity(title="another"))
    rows = load_rows(library.db, [one])
    merged = Merged(tuple(rows.values()), activity(title="another"), {"": one}, gone=True)
    assign(library.db, "me", [merged], LATER)
    row = library.db.execute(sa.select(activities)).one()
    assert (row.title, row.updated_at) == ("another", LATER)
    assert row.gone_at < LATER


def test_assigning_the_same_again_writes_nothing(library):
    """An activity that did not change keeps the moment of its last change."""
    one = library.source_activity()
    library.assign((one,))
    rows = load_rows(library.db, [one])
    same = Merged(tuple(rows.values()), model.decode(rows[one].document), {"": one}, gone=False)
    assign(library.db, "me", [same], LATER)
    assert library.db.scalar(sa.select(activities.c.updated_at)) < LATER


def test_an_activity_without_members_is_removed_with_its_connection(library):
    """Removing the only connection of an activity removes the activity, and no other."""
    one, two = library.source_activity(), library.source_activity()
    first, second = library.assign((one,), (two,))
    row = load_rows(library.db, [one])[one]
    touched = remove_connection(library.db, row.connection_id)
    assert touched == [first]
    drop_empty(library.db, touched)
    assert list(numbers(library)) == [second]


def test_the_next_number_lives_with_the_athlete(library):
    """Two numbers taken leave three as the next one."""
    library.activity()
    library.activity()
    assert library.db.scalar(sa.select(athletes.c.next_number)) == 3
