"""The command ``fitglue dev normalize intervals FILE…`` makes records from saved payloads."""

from __future__ import annotations

import gzip
import json

import pytest

from fitglue_intervals.plugin import offline_records
from fitglue_registry.errors import RecordRefused, UserMistake


def made(document, streams=None):
    content = document if isinstance(document, bytes) else json.dumps(document).encode()
    return offline_records(content, "saved.json", streams)


def test_one_activity_is_one_record(activity):
    """A file with one activity is one record, whose summary has the bytes of the file."""
    [record] = made(activity())
    assert (record.external_id, record.entry, list(record.parts)) == (
        "i7",
        "intervals",
        ["summary"],
    )


def test_a_list_is_a_record_a_row():
    """A list gives one record per row, with the exact bytes of the row."""
    records = made(b'[{"id":"i1",  "x":1}, {"id":"i2"}]')
    assert [(record.external_id, record.read("summary")) for record in records] == [
        ("i1", b'{"id":"i1",  "x":1}'),
        ("i2", b'{"id":"i2"}'),
    ]


def test_a_before_and_after_pair_is_two_records(activity):
    """An object with the activities ``before`` and ``after`` gives two records."""
    assert len(made({"before": activity(), "after": activity(name="Renamed")})) == 2


def test_a_webhook_body_gives_the_activity_inside(activity):
    """Each event of a webhook body that has an activity gives a record."""
    [record] = made(
        {"secret": "x", "events": [{"type": "ACTIVITY_UPLOADED", "activity": activity()}]}
    )
    assert record.external_id == "i7"


def test_a_gzip_of_it_does_as_well(activity):
    """A file may be compressed with gzip, as an HTTP client may save a response."""
    assert len(made(gzip.compress(json.dumps(activity()).encode()))) == 1


def test_streams_beside_the_activity_become_its_part(activity):
    """Streams that are passed together with an activity become a part of its record."""
    assert made(activity(), streams=b"[]")[0].read("streams") == b"[]"


def test_streams_beside_many_activities_are_a_mistake(activity):
    """Streams that are passed together with several activities are refused, because they can
    belong to any of them.
    """
    with pytest.raises(UserMistake) as caught:
        made([activity(id="i1"), activity(id="i2")], streams=b"[]")
    assert caught.value.code == "FG-streams-for-many"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"[]", "an empty list"),
        (b"7", "a single JSON value"),
        (b"", "empty"),
        (b"<!doctype html>", "XML or a web page"),
        (b"PK\x03\x04", "a zip archive"),
        (b'{"id":"i7"', "incomplete or broken JSON"),
        (b"id,name,type\n1,2,3", "CSV"),
        (b"hello", "not JSON"),
        (b"\x0e\x20\x8b\x08\xff\xff\x00\x00.FIT", "a FIT file"),
        (b"\x1f\x8bxx", "a broken gzip"),
        (b'[{"type":"time","data":[1]}]', "the streams of an activity"),
        (b'{"athlete":{"id":"i1"}}', "an athlete"),
        (b'{"status":401,"error":"Auth failed"}', "401 Auth failed"),
        (b'{"id":"2026-05-01","restingHR":50}', "the wellness record of 2026-05-01"),
        (b'[{"id":"2026-05-01","restingHR":50}]', "a list whose first item is the wellness record"),
        (b'{"id":"i1","analyzed":"x","icu_intervals":[]}', "the intervals of activity i1"),
        (b'{"events":[{"type":"CALENDAR_UPDATED"}]}', "a webhook notice (CALENDAR_UPDATED)"),
        (
            b'{"events":[{"type":"ACTIVITY_DELETED","activity":{"id":"i1"}}]}',
            "a webhook notice (ACTIVITY_DELETED)",
        ),
    ],
)
def test_anything_else_is_refused_by_its_name(content, words):
    """A file without an activity is refused with the name of what it has instead."""
    with pytest.raises(RecordRefused) as caught:
        made(content)
    assert caught.value.code == "FG-not-an-activity"
    assert words in caught.value.what
    assert caught.value.at.file == "saved.json"
