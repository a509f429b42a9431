"""Tests of loading one activity with its source activities."""

from __future__ import annotations

from datetime import datetime

from fitglue_registry.model import Column, Stream
from fitglue_registry.store.activity_details import load_activity


def at(text):
    return datetime.fromisoformat(text)


def test_an_activity_is_loaded_with_its_members(library, activity):
    """An activity is loaded with its merged values, their origins, and its members in the order of
    their natural keys.
    """
    bare = library.source_activity()
    rich = library.put(
        library.record(),
        activity(streams=(Stream("time", Column.of([0])), Stream("watts", Column.of([1])))),
    ).ids[0]
    [made] = library.assign((bare, rich))
    found = load_activity(library.db, made)
    assert (found.id, found.number, found.activity.title, found.origins) == (
        made,
        1,
        "Morning ride",
        {"": bare},
    )
    assert [(member.id, member.connection, member.stream_types) for member in found.members] == [
        (bare, "intervals", ()),
        (rich, "intervals-2", ("time", "watts")),
    ]
