"""Parts are a queue: what is wanted is taken newest first, and a stop costs nothing."""

from __future__ import annotations

from datetime import date

import pytest

from fitglue_registry.model.stored import PartState
from fitglue_registry.plugin_api import Window
from fitglue_registry.store.parts import (
    PartUpdate,
    lacks_part,
    part_tries,
    set_part,
    want_parts,
    want_where_unknown,
    wanted_parts,
)
from fitglue_registry.store.quarantine import (
    list_quarantine,
    put_in_quarantine,
    quarantined,
    release,
)
from fitglue_registry.store.records import Attempt, records_in, records_in_state, update_record

NOW = "2026-06-15T12:00:00.000Z"


@pytest.fixture
def account(library):
    """A connection with three records: of the first day, of the third, and one without a start."""
    connection = library.connection()
    starts = {"first": "2026-05-01T07:00:00", "third": "2026-05-03T07:00:00", "undated": None}
    return connection, {
        name: library.record(connection, name, start_local=start) for name, start in starts.items()
    }


def wanted(library, connection, part="detail"):
    return [external_id for _, external_id in wanted_parts(library.db, connection, part, 100)]


def test_wanted_parts_come_newest_first_and_undated_last(library, account):
    """The athlete sees the latest workouts within seconds, in every database alike."""
    connection, ids = account
    for record in ids.values():
        want_parts(library.db, record, ["detail"])
    assert wanted(library, connection) == ["third", "first", "undated"]


def test_a_part_that_is_there_is_wanted_no_more_until_it_is_wanted_again(library, account):
    """Want, have, and want once more after an edit."""
    connection, ids = account
    want_parts(library.db, ids["first"], ["detail"])
    set_part(library.db, ids["first"], "detail", PartUpdate(PartState.HAVE, raw_id=7))
    assert wanted(library, connection) == []
    want_parts(library.db, ids["first"], ["detail"])
    assert wanted(library, connection) == ["first"]


def test_vain_tries_are_counted_until_the_part_is_wanted_anew(library, account):
    """A part that stays away is given up after some tries, and an edit starts the count again."""
    _, ids = account
    for _ in range(2):
        update = PartUpdate(PartState.WANTED, code="FG-timeout", reason="late", tried=True)
        set_part(library.db, ids["first"], "detail", update)
    assert part_tries(library.db, ids["first"], "detail") == 2
    want_parts(library.db, ids["first"], ["detail"])
    assert part_tries(library.db, ids["first"], "detail") == 0


def test_what_was_never_asked_for_can_be_wanted_at_once(library, account):
    """``--files`` for the first time wants the file of every listed record, and only of those that
    were never asked.
    """
    connection, ids = account
    set_part(library.db, ids["first"], "file", PartUpdate(PartState.NONE, reason="typed in"))
    update_record(library.db, ids["undated"], state="stub")
    assert lacks_part(library.db, connection, "file", Window())
    assert want_where_unknown(library.db, connection, "file", Window()) == 1
    assert wanted(library, connection, "file") == ["third"]
    assert not lacks_part(library.db, connection, "file", Window())
    assert want_where_unknown(library.db, connection, "file", Window()) == 0


def test_parts_of_records_that_are_not_listed_are_not_fetched(library, account):
    """A stub or a tombstone has nothing to fetch."""
    connection, ids = account
    for name, state in (("first", "stub"), ("third", "gone"), ("undated", "missing")):
        want_parts(library.db, ids[name], ["detail"])
        update_record(library.db, ids[name], state=state)
    assert wanted(library, connection) == []


@pytest.mark.parametrize(
    ("oldest", "newest", "found"),
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
    library, account, oldest, newest, found
):
    """What a listing of this window has to show, so that a vanished record is noticed."""
    window = Window(oldest and date.fromisoformat(oldest), newest and date.fromisoformat(newest))
    assert {known.external_id for known in records_in(library.db, account[0], window)} == found


def test_gone_and_missed_records_are_expected_in_no_window(library, account):
    """What is known to be away is not missed again."""
    connection, ids = account
    update_record(library.db, ids["first"], state="gone")
    update_record(library.db, ids["third"], state="missing")
    assert [known.external_id for known in records_in(library.db, connection, Window())] == [
        "undated"
    ]
    assert [known.external_id for known in records_in_state(library.db, connection, "missing")] == [
        "third"
    ]


# -- quarantine ------------------------------------------------------------------------------------


def hold(library, record, code="FG-row-invalid", version="1.0"):
    error = {"code": code, "what": "odd \ud800 text\0"}
    put_in_quarantine(library.db, record, error, Attempt("example", version, NOW))


def test_a_record_is_in_quarantine_once_and_its_tries_are_counted(library, account):
    """The newest reason stands, with the moment of the first."""
    _, ids = account
    hold(library, ids["first"])
    hold(library, ids["first"], "FG-other")
    [held] = list_quarantine(library.db, "me")
    assert (held["external_id"], held["code"], held["tries"], held["since"]) == (
        "first",
        "FG-other",
        2,
        NOW,
    )
    assert held["what"] == "odd ? text\0"


def test_a_released_record_is_out_and_says_whether_it_was_in(library, account):
    """Release is safe to call for every record that was understood."""
    _, ids = account
    hold(library, ids["first"])
    assert release(library.db, ids["first"])
    assert not release(library.db, ids["first"])


def test_another_version_of_the_plugin_gets_another_try(library, account):
    """What this version refused is not tried with it again."""
    connection, ids = account
    hold(library, ids["first"], version="1.0")
    hold(library, ids["third"], version="0.9")
    hold(library, ids["undated"], version=None)
    found = quarantined(library.db, connection, not_version="1.0")
    assert {known.external_id for known in found} == {"third", "undated"}
    assert len(quarantined(library.db, connection)) == 3
