"""Tests of assigning activities: the oldest id survives a merge, the other becomes an alias, and a
split gives both back.
"""

from __future__ import annotations

import sqlalchemy as sa

from fitglue_registry import model
from fitglue_registry.model import Stub
from fitglue_registry.store.activities import Merged, drop_empty
from fitglue_registry.store.assignment import assign
from fitglue_registry.store.connections import remove_connection
from fitglue_registry.store.source_activity_rows import documents_of, load_rows
from fitglue_registry.store.source_activity_search import members_of
from fitglue_registry.store.tables import activities, aliases, athletes, source_activities

LATER = "2026-06-16T12:00:00.000Z"


def numbers(library):
    """Return activity id → its short number."""
    return {row.id: row.number for row in library.db.execute(sa.select(activities))}


def alias_of(library, activity_id):
    return library.db.scalar(sa.select(aliases.c.activity_id).where(aliases.c.id == activity_id))


def test_each_activity_gets_a_random_id_and_the_next_number(library):
    """The numbers of an athlete's activities count up from one; their ids are random."""
    made = [library.activity() for _ in range(3)]
    assert [numbers(library)[member_a] for member_a in made] == [1, 2, 3]
    assert len({len(member_a) for member_a in made}) == 1


def test_numbers_count_for_each_athlete_separately(library, library_of):
    """The activities of each athlete are numbered from one."""
    other = library_of(library.db, "you")
    mine, yours = library.activity(), other.activity()
    assert [numbers(library)[member_a] for member_a in (mine, yours)] == [1, 1]


def test_a_number_is_never_given_twice(library):
    """The number of a deleted activity is not used again."""
    member_a = library.source_activity()
    library.assign((member_a,))
    library.db.execute(sa.delete(source_activities))
    library.db.execute(sa.delete(activities))
    again = library.activity()
    assert numbers(library) == {again: 2}


def test_the_oldest_activity_survives_a_merge(library):
    """In a merge, the activity with the lowest number survives, in any order of the members."""
    member_a, member_b = library.source_activity(), library.source_activity()
    first, second = library.assign((member_a,), (member_b,))
    assert library.assign((member_b, member_a)) == [first]
    assert numbers(library) == {first: 1}
    assert alias_of(library, second) == first


def test_an_alias_follows_its_survivor(library):
    """When the survivor of a merge is itself merged into another activity, older aliases lead to
    that activity.
    """
    member_a, member_b, member_c = (library.source_activity() for _ in range(3))
    first, second, third = library.assign((member_a,), (member_b,), (member_c,))
    library.assign((member_b, member_c))
    library.assign((member_a, member_b, member_c))
    assert (alias_of(library, third), alias_of(library, second)) == (first, first)


def test_a_split_gives_back_id_and_number(library):
    """When two merged activities are split, each has its old id and number again."""
    member_a, member_b = library.source_activity(), library.source_activity()
    before = library.assign((member_a,), (member_b,))
    library.assign((member_a, member_b))
    assert library.assign((member_a,), (member_b,)) == before
    assert numbers(library) == {before[0]: 1, before[1]: 2}
    assert library.db.scalar(sa.select(sa.func.count()).select_from(aliases)) == 0


def test_a_split_gives_back_the_ids_whatever_the_order_of_the_groups(library):
    """After a split, an activity stays with the member for which it was created, regardless of
    the order of the groups.
    """
    member_a, member_b = library.source_activity(), library.source_activity()
    first, second = library.assign((member_a,), (member_b,))
    library.assign((member_a, member_b))
    assert library.assign((member_b,), (member_a,)) == [second, first]


def test_a_split_into_groups_points_every_alias_to_where_its_member_is(library):
    """After a split into groups, an alias leads to the activity that has the member for which the
    alias was created.
    """
    member_a, member_b, member_c = (library.source_activity() for _ in range(3))
    first, second, third = library.assign((member_a,), (member_b,), (member_c,))
    library.assign((member_a, member_b, member_c))
    assert library.assign((member_a,), (member_c, member_b)) == [first, second]
    assert alias_of(library, third) == second


def test_a_member_without_an_activity_of_its_own_gets_a_new_one_after_a_split(library):
    """After a split, a member that never had an activity of its own gets a new one."""
    member_a = library.source_activity()
    [first] = library.assign((member_a,))
    member_b = library.source_activity()
    library.assign((member_b, member_a))
    [second, kept] = library.assign((member_b,), (member_a,))
    assert kept == first
    assert numbers(library) == {first: 1, second: 2}


def test_a_member_moves_between_activities(library):
    """When one of two members moves to another activity, the other member keeps its activity."""
    member_a, member_b, member_c = (library.source_activity() for _ in range(3))
    first, third = library.assign((member_a, member_b), (member_c,))
    assert library.assign((member_a,), (member_b, member_c)) == [first, third]
    assert len(numbers(library)) == 2


def test_stubs_have_no_activity(library, activity):
    """A group that consists of stubs has no activity."""
    stub = library.put(
        library.record(), activity(stub=Stub("FG-strava-stub", "terms"), sport=None)
    ).ids[0]
    assert library.assign((stub,)) == [None]
    assert numbers(library) == {}


def test_a_native_copy_becomes_the_activity_and_takes_the_stub_along(library, activity):
    """A stub belongs to the activity of its native copy, and to none after they are split."""
    stub = library.put(
        library.record(), activity(stub=Stub("FG-strava-stub", "terms"), sport=None)
    ).ids[0]
    native = library.source_activity()
    [made] = library.assign((native, stub))
    assert members_of(library.db, [made]) == {native, stub}
    assert library.assign((native,), (stub,)) == [made, None]


def test_an_activity_that_becomes_a_stub_is_dropped(library, activity):
    """When the only record of an activity becomes a stub, the activity is deleted."""
    record = library.record()
    member_a = library.put(record).ids[0]
    library.assign((member_a,))
    library.put(record, activity(stub=Stub("FG-strava-stub", "terms"), sport=None))
    assert library.assign((member_a,)) == [None]
    assert numbers(library) == {}


def test_a_gone_activity_is_kept_and_restored(library):
    """An activity whose records are gone becomes a tombstone, and has the same id and number when a
    record is listed again.
    """
    member_a = library.source_activity()
    [made] = library.assign((member_a,))
    library.assign((member_a,), gone=True)
    assert library.db.scalar(sa.select(activities.c.gone_at)) is not None
    assert library.assign((member_a,)) == [made]
    assert library.db.scalar(sa.select(activities.c.gone_at)) is None


def test_a_tombstone_keeps_its_moment(library, activity):
    """When a tombstone changes, the moment at which it was found gone stays."""
    record = library.record()
    member_a = library.put(record).ids[0]
    library.assign((member_a,))
    library.assign((member_a,), gone=True)
    library.put(record, activity(title="another"))
    rows = load_rows(library.db, [member_a])
    merged = Merged(tuple(rows.values()), activity(title="another"), {"": member_a}, gone=True)
    assign(library.db, "me", [merged], LATER)
    row = library.db.execute(sa.select(activities)).one()
    assert (row.title, row.updated_at) == ("another", LATER)
    assert row.gone_at < LATER


def test_assigning_the_same_again_writes_nothing(library):
    """Assigning unchanged values again writes nothing, so the moment of the last change stays."""
    member_a = library.source_activity()
    library.assign((member_a,))
    rows = load_rows(library.db, [member_a])
    [(_, document)] = documents_of(library.db, rows.values())
    same = Merged(tuple(rows.values()), model.decode(document), {"": member_a}, gone=False)
    assign(library.db, "me", [same], LATER)
    assert library.db.scalar(sa.select(activities.c.updated_at)) < LATER


def test_an_activity_without_members_is_removed_with_its_connection(library):
    """Removing a connection deletes the activities that only it has, and no others."""
    member_a, member_b = library.source_activity(), library.source_activity()
    first, second = library.assign((member_a,), (member_b,))
    row = load_rows(library.db, [member_a])[member_a]
    touched = remove_connection(library.db, row.connection_id)
    assert touched == [first]
    drop_empty(library.db, touched, LATER)
    assert list(numbers(library)) == [second]


def test_the_next_number_lives_with_the_athlete(library):
    """After an athlete's numbers one and two, the counter in the athlete's row is three."""
    library.activity()
    library.activity()
    assert library.db.scalar(sa.select(athletes.c.next_number)) == 3
