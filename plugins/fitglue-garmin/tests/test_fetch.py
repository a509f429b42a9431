"""Tests of fetching details, legs and original files."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from fitglue_garmin import plugin
from fitglue_registry.errors import ConnectionStopped
from fitglue_registry.plugin_api import Part
from fitglue_registry.testing import FakeAnswer

DETAIL = "activity-service/activity/"
FILE = "download-service/files/activity/"
MISSING = FakeAnswer(b'{"error": "NotFoundException"}', 404)


def fetched(connection, part, *ids, summaries=None):
    """Return what fetching one part yields."""
    calls = plugin.fitglue_fetch(
        connection=connection, part=part, ids=list(ids), summaries=summaries or {}
    )
    return list(calls)


def test_a_detail_is_kept_verbatim(connect_to):
    """A detail has the exact bytes of the response."""
    content = b'{"activityId": 7, "summaryDTO": {"minHR": 44.0}}'
    [part] = fetched(connect_to({DETAIL + "7": content}), "detail", "7")
    assert part == Part("7", "detail", content)


def test_the_details_of_legs_come_with_that_of_their_event(connect_to):
    """An event is fetched with the detail of each leg that it names, in its order."""
    event = {"activityId": 10, "metadataDTO": {"childIds": [12, 11]}}
    answers = {
        DETAIL + "10": event,
        DETAIL + "11": {"activityId": 11},
        DETAIL + "12": {"activityId": 12},
    }
    [part] = fetched(connect_to(answers), "detail", "10")
    legs = json.loads(part.content)["fitglue_legs"]
    assert [leg["activityId"] for leg in legs] == [12, 11]


def test_a_leg_that_was_deleted_fails_no_other(connect_to):
    """If a leg no longer exists, the event and its other legs are delivered."""
    event = {"activityId": 10, "metadataDTO": {"childIds": [11, 12]}}
    answers = {DETAIL + "10": event, DETAIL + "12": {"activityId": 12}}
    [part] = fetched(connect_to(answers), "detail", "10")
    assert [leg["activityId"] for leg in json.loads(part.content)["fitglue_legs"]] == [12]


@pytest.mark.parametrize("children", [None, "11", [None, "x", 10], {"a": 1}])
def test_odd_lists_of_legs_are_no_legs(connect_to, children):
    """A list of legs that is no list, or names the event itself, adds nothing."""
    event = {"activityId": 10, "metadataDTO": {"childIds": children}}
    [part] = fetched(connect_to({DETAIL + "10": event}), "detail", "10")
    assert "fitglue_legs" not in json.loads(part.content)


def test_a_deleted_activity_is_gone(connect_to):
    """A 404 of the detail confirms that an activity was deleted."""
    [item] = fetched(connect_to({}), "detail", "7")
    assert (item.state, item.code) == ("gone", "FG-not-at-source")


@pytest.mark.parametrize("body", [b'{"activityId": 8}', b"[]", b"", b"<html>"])
def test_the_detail_of_another_activity_is_not_stored(connect_to, body):
    """Anything but the detail of the activity with status 200 stops the connection."""
    with pytest.raises(ConnectionStopped):
        fetched(connect_to({DETAIL + "7": body}), "detail", "7")


def test_a_file_is_delivered_in_its_zip(connect_to):
    """The original file is stored in the zip in which it arrives, which is not opened here."""
    [part] = fetched(connect_to({FILE + "7": b"PK\x03\x04 not opened"}), "file", "7")
    assert part == Part("7", "file", b"PK\x03\x04 not opened")


@pytest.mark.parametrize(
    "content",
    [
        b"\x0e\x10\xd9\x07\x00\x00\x00\x00.FIT",
        b'<?xml version="1.0"?><!-- x --><gpx version="1.1">',
        b"\xef\xbb\xbf<TrainingCenterDatabase>",
    ],
)
def test_a_file_without_a_zip_is_delivered_too(connect_to, content):
    """A FIT, GPX or TCX file that arrives without a zip is an original file as well."""
    [part] = fetched(connect_to({FILE + "7": content}), "file", "7")
    assert part.content == content


def test_an_activity_without_a_file_has_none(connect_to):
    """A 404 of the file means that the activity has none, and not that it was deleted."""
    [item] = fetched(connect_to({}), "file", "7", summaries={"7": b'{"activityId": 7}'})
    assert (item.state, item.code) == ("none", "FG-no-file")


def test_the_file_of_an_event_is_asked_for_at_its_first_leg(connect_to):
    """If an event itself has no file, its first leg has that of all legs."""
    row = b'{"activityId": 10, "fitglue_legs": [{"activityId": 11}, {"activityId": 12}]}'
    connection = connect_to({FILE + "11": b"PK\x03\x04"})
    [part] = fetched(connection, "file", "10", summaries={"10": row})
    assert part == Part("10", "file", b"PK\x03\x04")


def test_the_legs_of_an_event_without_rows_are_named_by_its_detail(connect_to):
    """If the list has no legs of an event, its detail names the leg that is asked for the file."""
    event = {"activityId": 10, "metadataDTO": {"childIds": [11, 12]}}
    connection = connect_to({DETAIL + "10": event, FILE + "11": b"PK\x03\x04"})
    row = b'{"activityId": 10, "isParent": true}'
    [part] = fetched(connection, "file", "10", summaries={"10": row})
    assert part == Part("10", "file", b"PK\x03\x04")


@pytest.mark.parametrize(
    ("uploaded", "at_source"),
    [
        ("2026-11-02T07:15:40.0", datetime(2026, 11, 2, 7, 15, 40, tzinfo=UTC)),
        (1793603740000, datetime(2026, 11, 2, 7, 15, 40, tzinfo=UTC)),
        ("soon", None),
        (None, None),
    ],
)
def test_a_detail_says_when_the_activity_arrived_at_garmin(connect_to, uploaded, at_source):
    """The time of the upload is only in the detail."""
    detail = {"activityId": 7, "metadataDTO": {"uploadedDate": uploaded}}
    [part] = fetched(connect_to({DETAIL + "7": detail}), "detail", "7")
    assert part.at_source == at_source


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"null",
        b"{}",
        b'"x"',
        b"<!DOCTYPE html>",
        b"\xef\xbb\xbf<!DOCTYPE html>",
        b"<!-- login --><html>",
        b'<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml">',
        b"no file here",
    ],
)
def test_a_response_that_cannot_be_a_file_is_not_stored(connect_to, body):
    """Nothing, JSON, a text or a web page with status 200 is not taken for an original file."""
    with pytest.raises(ConnectionStopped) as raised:
        fetched(connect_to({FILE + "7": body}), "file", "7")
    assert raised.value.code == "FG-unexpected-answer"


@pytest.mark.parametrize("part", ["detail", "file"])
def test_a_row_without_an_id_is_not_requested(connect_to, part):
    """A row that was named after its content has no parts, and costs no request."""
    connection = connect_to({})
    [item] = fetched(connection, part, "row-0123456789abcdef")
    assert (item.state, item.code) == ("none", "FG-row-without-id")
    assert connection.http.requests == []
