"""Tests of the plan of a full walk."""

from __future__ import annotations

from datetime import date

from fitglue_registry.plugin_api import Window
from fitglue_registry.store.windows import plan_windows, planned_windows, remove_planned_window

NOW = "2026-06-15T12:00:00.000Z"


def test_the_windows_of_a_walk_are_struck_off_one_by_one(library):
    """The windows of a full walk are removed one by one as they are listed, and a new plan replaces
    an old one.
    """
    connection_id = library.connection()
    windows = [
        Window(date(2026, 1, 1), None),
        Window(date(2025, 1, 1), date(2025, 12, 31)),
        Window(None, date(2024, 12, 31)),
    ]
    plan_windows(library.db, connection_id, NOW, windows)
    planned = planned_windows(library.db, connection_id)
    assert [planned_window.window for planned_window in planned] == windows
    remove_planned_window(library.db, planned[0])
    assert [
        planned_window.window for planned_window in planned_windows(library.db, connection_id)
    ] == windows[1:]
    plan_windows(library.db, connection_id, NOW, windows[:1])
    assert [
        planned_window.window for planned_window in planned_windows(library.db, connection_id)
    ] == windows[:1]
