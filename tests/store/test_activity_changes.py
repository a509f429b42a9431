"""Tests of the changes of activities: each is written in the transaction that makes it, in order,
for athletes who have a pipeline.
"""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from fitglue_registry import model
from fitglue_registry.store.activities import Merged, drop_empty, rewrite_from_only_members
from fitglue_registry.store.activity_changes import (
    changes_after,
    forget_seen_changes,
    newest_change,
)
from fitglue_registry.store.assignment import assign
from fitglue_registry.store.connections import remove_connection
from fitglue_registry.store.encoding import encode_activity
from fitglue_registry.store.pipeline_tables import pipelines
from fitglue_registry.store.source_activity_rows import documents_of, load_rows
from tests.library import make_activity

NOW = "2026-06-15T12:00:00.000Z"


def add_pipeline(library, name="all", after=0, state="active"):
    """Store a pipeline of the athlete."""
    row = {
        "id": f"{library.athlete_id}-{name}",
        "athlete_id": library.athlete_id,
        "name": name,
        "state": state,
        "version": 1,
        "after_change": after,
        "created_at": NOW,
        "updated_at": NOW,
    }
    library.db.execute(sa.insert(pipelines).values(row))


def changes(library, after=0):
    """Return what happened, to which activity, and into which it was merged."""
    rows = changes_after(library.db, library.athlete_id, after, 1000)
    return [(row.what, row.activity_id, row.into_id) for row in rows]


@pytest.fixture
def piped(library):
    """Return a library whose athlete has a pipeline."""
    add_pipeline(library)
    return library


def merged(library, source_activity_id, *, gone=False, **values):
    """Return the group of one source activity, with these values changed."""
    row = load_rows(library.db, [source_activity_id])[source_activity_id]
    [(_, document)] = documents_of(library.db, [row])
    activity = model.decode(document)
    if values:
        activity = make_activity(**values)
    return Merged((row,), activity, {"": source_activity_id}, gone=gone)


def test_a_new_activity_is_a_change(piped):
    """Each activity is written as new, in the order in which they were made."""
    first, second = piped.activity(), piped.activity()
    assert changes(piped) == [("new", first, None), ("new", second, None)]


def test_without_a_pipeline_nothing_is_written(library):
    """Nobody would read the changes of an athlete without a pipeline."""
    library.activity()
    assert newest_change(library.db) == 0


def test_a_deleted_pipeline_reads_nothing(library):
    """Changes are not written for a pipeline that was deleted."""
    add_pipeline(library, state="deleted")
    library.activity()
    assert newest_change(library.db) == 0


def test_changed_values_are_a_change_and_equal_values_are_none(piped):
    """A merge that changes nothing writes nothing."""
    member = piped.source_activity()
    [activity_id] = piped.assign((member,))
    start = newest_change(piped.db)
    assign(piped.db, "me", [merged(piped, member)], NOW)
    assert changes(piped, start) == []
    assign(piped.db, "me", [merged(piped, member, title="Other")], NOW)
    assert changes(piped, start) == [("changed", activity_id, None)]


def test_copied_values_are_a_change_only_if_they_differ(piped):
    """The fast path for activities with one member writes the same changes."""
    member = piped.source_activity()
    [activity_id] = piped.assign((member,))
    start = newest_change(piped.db)
    same, other = make_activity(), make_activity(title="Other")
    rewrite_from_only_members(piped.db, "me", {member: encode_activity(same)}, NOW)
    assert changes(piped, start) == []
    rewrite_from_only_members(piped.db, "me", {member: encode_activity(other)}, NOW)
    assert changes(piped, start) == [("changed", activity_id, None)]


def test_gone_and_back(piped):
    """The end of all records of an activity is written, and their return as well."""
    member = piped.source_activity()
    [activity_id] = piped.assign((member,))
    start = newest_change(piped.db)
    assign(piped.db, "me", [merged(piped, member, gone=True)], NOW)
    assign(piped.db, "me", [merged(piped, member)], NOW)
    assert changes(piped, start) == [("gone", activity_id, None), ("back", activity_id, None)]


def test_a_merge_names_the_survivor_and_a_split_restores(piped):
    """The merged activity is written with its survivor; the split is written as well."""
    member_a, member_b = piped.source_activity(), piped.source_activity()
    first, second = piped.assign((member_a,), (member_b,))
    start = newest_change(piped.db)
    piped.assign((member_a, member_b))
    assert ("merged", second, first) in changes(piped, start)
    start = newest_change(piped.db)
    piped.assign((member_a,), (member_b,))
    assert ("split", second, None) in changes(piped, start)


def test_an_activity_that_lost_its_connection_is_gone(piped):
    """Activities that are deleted with their connection are written before."""
    member = piped.source_activity()
    [activity_id] = piped.assign((member,))
    start = newest_change(piped.db)
    row = load_rows(piped.db, [member])[member]
    drop_empty(piped.db, remove_connection(piped.db, row.connection_id), NOW)
    assert changes(piped, start) == [("gone", activity_id, None)]


def test_athletes_see_only_their_own_changes(piped, library_of):
    """The changes of another athlete, who has no pipeline, are not written at all."""
    other = library_of(piped.db, "you")
    other.activity()
    mine = piped.activity()
    assert changes(piped) == [("new", mine, None)]
    assert changes(other) == []


def test_only_what_every_pipeline_has_seen_is_forgotten(piped):
    """A change stays until the slowest pipeline has seen it."""
    piped.activity()
    seen = newest_change(piped.db)
    last = piped.activity()
    add_pipeline(piped, "fast", after=newest_change(piped.db))
    piped.db.execute(
        sa.update(pipelines).where(pipelines.c.name == "all").values(after_change=seen)
    )
    forget_seen_changes(piped.db, "me")
    assert changes(piped) == [("new", last, None)]


def test_the_id_of_a_forgotten_change_is_never_used_again(piped):
    """A pipeline that has seen the last change sees the next one, also if nothing is left."""
    piped.activity()
    seen = newest_change(piped.db)
    piped.db.execute(sa.update(pipelines).values(after_change=seen))
    forget_seen_changes(piped.db, "me")
    activity = piped.activity()
    assert changes(piped, seen) == [("new", activity, None)]
