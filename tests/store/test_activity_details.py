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
    [activity_id] = library.assign((bare, rich))
    details = load_activity(library.db, activity_id)
    assert (details.id, details.number, details.activity.title, details.origins) == (
        activity_id,
        1,
        "Morning ride",
        {"": bare},
    )
    assert [(member.id, member.connection, member.stream_types) for member in details.members] == [
        (bare, "intervals", ()),
        (rich, "intervals-2", ("time", "watts")),
    ]
