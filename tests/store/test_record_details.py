"""Tests of describing a record, and of finding it by its id, a claim or a day."""

from __future__ import annotations

from datetime import datetime

from fitglue_registry.model.stored import PartState
from fitglue_registry.store.parts import PartUpdate, set_part
from fitglue_registry.store.record_details import find_records, record_details, records_on


def at(text):
    return datetime.fromisoformat(text)


def test_a_record_is_described(library, activity):
    """A record is described with its state, parts, quarantine and source activities, as plain
    values.
    """
    record = library.record(external_id="i7", reason='{"code": "FG-x"}')
    source_activity_id = library.put(record, activity(claims=("b:2", "a:1"))).ids[0]
    update = PartUpdate(PartState.NONE, code="FG-none", reason="typed in")
    set_part(library.db, record, "detail", update)
    story = record_details(library.db, record)
    assert (story["external_id"], story["reason"], story["quarantine"]) == (
        "i7",
        {"code": "FG-x"},
        None,
    )
    assert [(part["part"], part["state"], part["reason"]) for part in story["parts"]] == [
        ("detail", "none", "typed in")
    ]
    assert [(source["id"], source["claims"]) for source in story["source_activities"]] == [
        (source_activity_id, ["a:1", "b:2"])
    ]


def test_the_start_is_that_of_the_source_activity(library, activity):
    """The start is local or in UTC as its source activity says, whatever the listing stated."""
    start = at("2026-05-01T05:30:00+00:00")
    utc_only = library.record(external_id="i7", start_local=None)
    library.put(utc_only, activity(start_utc=start, start_local=None))
    zoned = library.record(external_id="i8", start_local="2026-05-01T05:30:00")
    library.put(zoned, activity(start_utc=start, start_local=at("2026-05-01T07:30:00")))
    listed = library.record(external_id="i9", start_local="2026-05-01T08:00:00")
    starts = []
    for record in (utc_only, zoned, listed):
        story = record_details(library.db, record)
        starts.append((story["start_local"], story["start_utc"]))
    assert starts == [
        (None, "2026-05-01T05:30:00Z"),
        ("2026-05-01T07:30:00", None),
        ("2026-05-01T08:00:00", None),
    ]


def test_records_are_found_by_id_claim_and_day(library, activity):
    """Records are found by external id, claim or day, even if they have no activity."""
    record = library.record(external_id="i7")
    library.put(record, activity(claims=("strava:9",)))
    bare = library.record(external_id="i8", start_local="2026-07-01T00:00:00")
    assert find_records(library.db, "me", "i7") == [record]
    assert find_records(library.db, "me", "strava:9") == [record]
    assert records_on(library.db, "me", "2026-07-01") == [bare]
    assert find_records(library.db, "you", "i7") == []
