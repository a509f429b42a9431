"""Tests of the queue of wanted parts."""

from __future__ import annotations

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
from fitglue_registry.store.records import update_record

NOW = "2026-06-15T12:00:00.000Z"


def wanted(library, connection, part="detail"):
    return [external_id for _, external_id in wanted_parts(library.db, connection, part, 100)]


def test_wanted_parts_come_newest_first_and_undated_last(library, account):
    """Wanted parts are taken newest start first in every database, and records without a start
    last.
    """
    connection, ids = account
    for record in ids.values():
        want_parts(library.db, {record: ["detail"]})
    assert wanted(library, connection) == ["third", "first", "undated"]


def test_a_part_that_is_there_is_wanted_no_more_until_it_is_wanted_again(library, account):
    """A part that was stored is not wanted until it is marked as wanted again."""
    connection, ids = account
    want_parts(library.db, {ids["first"]: ["detail"]})
    set_part(library.db, ids["first"], "detail", PartUpdate(PartState.HAVE, raw_id=7))
    assert wanted(library, connection) == []
    want_parts(library.db, {ids["first"]: ["detail"]})
    assert wanted(library, connection) == ["first"]


def test_vain_tries_are_counted_until_the_part_is_wanted_anew(library, account):
    """Requests in vain are counted, and marking the part as wanted resets the count."""
    _, ids = account
    for _ in range(2):
        update = PartUpdate(PartState.WANTED, code="FG-timeout", reason="late", tried=True)
        set_part(library.db, ids["first"], "detail", update)
    assert part_tries(library.db, ids["first"], "detail") == 2
    want_parts(library.db, {ids["first"]: ["detail"]})
    assert part_tries(library.db, ids["first"], "detail") == 0


def test_what_was_never_asked_for_can_be_wanted_at_once(library, account):
    """A part can be marked as wanted for all listed records for which it never was."""
    connection, ids = account
    set_part(library.db, ids["first"], "file", PartUpdate(PartState.NONE, reason="typed in"))
    update_record(library.db, ids["undated"], state="stub")
    assert lacks_part(library.db, connection, "file", Window())
    assert want_where_unknown(library.db, connection, "file", Window()) == 1
    assert wanted(library, connection, "file") == ["third"]
    assert not lacks_part(library.db, connection, "file", Window())
    assert want_where_unknown(library.db, connection, "file", Window()) == 0


def test_parts_of_records_that_are_not_listed_are_not_fetched(library, account):
    """No parts are fetched of a stub or a tombstone."""
    connection, ids = account
    for name, state in (("first", "stub"), ("third", "gone"), ("undated", "missing")):
        want_parts(library.db, {ids[name]: ["detail"]})
        update_record(library.db, ids[name], state=state)
    assert wanted(library, connection) == []
