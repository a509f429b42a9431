"""Tests of finding records by the days of a window and by their state."""

from __future__ import annotations

from datetime import date

import pytest

from fitglue_registry.plugin_api import Window
from fitglue_registry.store.records import records_in, records_in_state, update_record

NOW = "2026-06-15T12:00:00.000Z"


@pytest.mark.parametrize(
    ("oldest", "newest", "expected"),
    [
        (None, None, {"first", "third", "undated"}),
        ("2026-05-01", "2026-05-03", {"first", "third"}),
        ("2026-05-02", None, {"third"}),
        (None, "2026-05-01", {"first"}),
        ("2026-05-02", "2026-05-02", set()),
        (None, "9999-12-31", {"first", "third"}),
    ],
)
def test_a_window_shows_the_records_of_its_days_both_included(
    library, account, oldest, newest, expected
):
    """The records of a window are those that started on its days, both included."""
    window = Window(oldest and date.fromisoformat(oldest), newest and date.fromisoformat(newest))
    assert {known.external_id for known in records_in(library.db, account[0], window)} == expected


def test_gone_and_unlisted_records_are_expected_in_no_window(library, account):
    """Records that are gone, or that no window showed, are not expected in any window."""
    connection, ids = account
    update_record(library.db, ids["first"], state="gone")
    update_record(library.db, ids["third"], state="unlisted")
    assert [known.external_id for known in records_in(library.db, connection, Window())] == [
        "undated"
    ]
    assert [
        known.external_id for known in records_in_state(library.db, connection, "unlisted")
    ] == ["third"]
