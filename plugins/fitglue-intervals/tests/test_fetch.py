"""Parts are fetched by id, and each id is answered exactly once."""

from __future__ import annotations

import gzip

import pytest

from fitglue_intervals import plugin
from fitglue_registry.errors import ConnectionStopped
from fitglue_registry.plugin_api import Part

STUB = {"id": "2", "source": "STRAVA", "_note": "no"}


def fetched(connection, part, *ids):
    return list(plugin.fitglue_fetch(connection=connection, part=part, ids=ids))


def outcomes(items):
    return {
        item.external_id: "part" if isinstance(item, Part) else f"{item.state} {item.code}"
        for item in items
    }


def test_details_come_in_one_request_as_exact_bytes(connect_to):
    """One request fetches several details with their intervals, and each part has the exact bytes
    of its record.
    """
    connection = connect_to(
        {"athlete/0/activities/i1,i2": b'[ {"id":"i1",  "x":1.0}, {"id":"i2"} ]'}
    )
    first, second = fetched(connection, "detail", "i1", "i2")
    assert (first, second) == (
        Part("i1", "detail", b'{"id":"i1",  "x":1.0}'),
        Part("i2", "detail", b'{"id":"i2"}'),
    )
    assert connection.http.requests == [("athlete/0/activities/i1,i2", {"intervals": "true"})]


def test_an_id_that_stays_away_is_asked_singly_before_it_is_gone(connect_to, answer):
    """An id that a bulk response leaves out is gone only if the request for that id gets 404."""
    connection = connect_to(
        {
            "athlete/0/activities/i1,i2,i3": [{"id": "i1"}],
            "activity/i2": {"id": "i2"},
            "activity/i3": answer(b"", 404),
        }
    )
    assert outcomes(fetched(connection, "detail", "i1", "i2", "i3")) == {
        "i1": "part",
        "i2": "part",
        "i3": "gone FG-not-at-source",
    }


@pytest.mark.parametrize("status", [400, 404, 405, 414, 422])
def test_a_refused_bulk_request_becomes_single_ones(connect_to, answer, status):
    """If a bulk request is refused, for example because its URL is too long, each id is requested
    on its own.
    """
    connection = connect_to(
        {
            "athlete/0/activities/i1,i2": answer(b"", status),
            "activity/i1": {"id": "i1"},
            "activity/i2": {"id": "i2"},
        }
    )
    assert outcomes(fetched(connection, "detail", "i1", "i2")) == {"i1": "part", "i2": "part"}


def test_one_id_is_asked_for_singly(connect_to):
    """A single id is not requested in bulk."""
    connection = connect_to({"activity/i1": {"id": "i1"}})
    fetched(connection, "detail", "i1")
    assert connection.http.requests == [("activity/i1", {"intervals": "true"})]


def test_an_id_that_nobody_asked_for_is_left_out(connect_to):
    """Each requested id is answered exactly once, and other ids in the response are ignored."""
    connection = connect_to(
        {"athlete/0/activities/i1,i2": [{"id": "i1"}, {"id": "i1"}, {"id": "i9"}, {"id": "i2"}]}
    )
    assert [item.external_id for item in fetched(connection, "detail", "i1", "i2")] == ["i1", "i2"]


def test_a_stub_is_recognized_in_bulk_and_singly(connect_to):
    """A detail that has only the five keys of a stub is reported as a stub, in bulk and
    on its own.
    """
    connection = connect_to({"athlete/0/activities/i1,2": [{"id": "i1"}, STUB], "activity/2": STUB})
    assert outcomes(fetched(connection, "detail", "i1", "2"))["2"] == "stub FG-strava-stub"
    assert outcomes(fetched(connection, "detail", "2"))["2"] == "stub FG-strava-stub"


@pytest.mark.parametrize("part", ["detail", "streams", "file"])
def test_422_of_strava_is_a_stub(connect_to, answer, part):
    """The response 422 for a Strava activity makes a stub and is not retried."""
    body = answer(b'{"status":422,"error":"Cannot read Strava activities via the API"}', 422)
    connection = connect_to(
        {"activity/1": body, "activity/1/streams.json": body, "activity/1/file": body}
    )
    assert outcomes(fetched(connection, part, "1")) == {"1": "stub FG-strava-stub"}


def test_another_422_keeps_its_own_words(connect_to, answer):
    """A response 422 with another reason is not attributed to Strava."""
    [item] = fetched(
        connect_to({"activity/1/streams.json": answer(b'{"error":"Too short"}', 422)}),
        "streams",
        "1",
    )
    assert (item.state, item.code) == ("none", "FG-refused-by-source")
    assert "Too short" in item.reason


def test_streams_are_kept_as_the_wire_brought_them(connect_to, answer):
    """Streams that arrive as gzip are stored as the same gzip."""
    wire = gzip.compress(b"[]")
    [item] = fetched(
        connect_to({"activity/i1/streams.json": answer(b"[]", wire=wire, wire_encoding="gzip")}),
        "streams",
        "i1",
    )
    assert (item.content, item.encoding) == (wire, "gzip")


def test_an_empty_list_is_a_part_like_any_other(connect_to):
    """The empty list of a manual workout is a part, so that its streams are not requested again."""
    assert fetched(connect_to({"activity/i1/streams.json": b"[]"}), "streams", "i1") == [
        Part("i1", "streams", b"[]")
    ]


def test_missing_streams_do_not_make_the_record_gone(connect_to, answer):
    """A response 404 for streams does not mean that the activity is gone."""
    assert outcomes(
        fetched(connect_to({"activity/i1/streams.json": answer(b"", 404)}), "streams", "i1")
    ) == {"i1": "none FG-no-streams"}


def test_a_page_in_place_of_streams_stops_the_connection(connect_to):
    """A login page in place of streams stops the connection and is not stored."""
    with pytest.raises(ConnectionStopped) as caught:
        fetched(connect_to({"activity/i1/streams.json": b"<html>"}), "streams", "i1")
    assert caught.value.code == "FG-answer-not-json"


def test_a_file_is_kept_as_it_is(connect_to, answer):
    """An original file is stored without being examined or unpacked."""
    answers = {"activity/i1/file": b"\x1f\x8bxyz", "activity/i2/file": answer(b"", 404)}
    first, second = fetched(connect_to(answers), "file", "i1", "i2")
    assert first == Part("i1", "file", b"\x1f\x8bxyz")
    assert (second.state, second.code) == ("none", "FG-no-file")


@pytest.mark.parametrize("part", ["detail", "streams", "file"])
def test_a_row_without_an_id_is_never_asked_for(connect_to, part):
    """A record without an id of the source, which is named after a hash, is never requested."""
    connection = connect_to({})
    assert outcomes(fetched(connection, part, "row-0123456789abcdef")) == {
        "row-0123456789abcdef": "none FG-row-without-id"
    }
    assert connection.http.requests == []


def test_an_unknown_part_is_not_available(connect_to):
    """A part that the source does not have is reported as not available."""
    assert outcomes(fetched(connect_to({}), "laps", "i1")) == {"i1": "none FG-part-unknown"}


@pytest.mark.parametrize(
    "body",
    [
        {"status": 500, "error": "later"},
        {"rows": []},
        [],
        [1],
        None,
        {"id": "i2"},
        {"id": {"a": 1}},
    ],
)
def test_what_is_not_the_activity_is_no_detail_of_it(connect_to, body):
    """An error with status 200, a list, or another activity is not stored as the detail, because a
    stored part is never requested again.
    """
    with pytest.raises(ConnectionStopped) as caught:
        fetched(connect_to({"activity/i1": body}), "detail", "i1")
    assert caught.value.code == "FG-unexpected-answer"
    assert "instead of the activity i1" in caught.value.what


@pytest.mark.parametrize(
    "body",
    [b'{"status":500,"error":"later"}', b"[1,2]", b"[{}]", b"null", b'[{"id":"i1","type":"Ride"}'],
)
def test_what_is_no_list_of_streams_is_not_kept(connect_to, body):
    """A response that is not a list of streams at both of its ends is not stored."""
    with pytest.raises(ConnectionStopped):
        fetched(connect_to({"activity/i1/streams.json": body}), "streams", "i1")


@pytest.mark.parametrize(
    "body",
    [
        b" [ ] ",
        b'\xef\xbb\xbf[{"type": "time", "data": [0]} ]\n',
        b'[{"data":[NaN],"type":"watts"}]',
    ],
)
def test_a_list_of_streams_may_have_blanks_and_oddities(connect_to, body):
    """A list of streams is stored even if it has white space or unusual values, because only its
    ends are examined.
    """
    assert fetched(connect_to({"activity/i1/streams.json": body}), "streams", "i1") == [
        Part("i1", "streams", body)
    ]


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"<!DOCTYPE html><p>", "a web page"),
        (b"\n<html>", "a web page"),
        (b'{"status":500}', "JSON"),
        (b"[]", "JSON"),
        (b"", "nothing"),
        (b"\xef\xbb\xbf<!DOCTYPE html>", "a web page"),
        (b"<!-- login --><html>", "a web page"),
        (b'<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml">', "a web page"),
        (b"no file here", "a text"),
    ],
)
def test_what_no_device_wrote_is_no_file(connect_to, body, kind):
    """A web page, an error with status 200, or an empty body is not stored as the original file."""
    with pytest.raises(ConnectionStopped) as caught:
        fetched(connect_to({"activity/i1/file": body}), "file", "i1")
    assert caught.value.what == f"Intervals.icu answered with {kind} instead of an original file"


@pytest.mark.parametrize(
    "body",
    [
        b"<?xml version='1.0'?><gpx>",
        b"\x0e\x10\xd9\x07.FIT",
        b"<TrainingCenterDatabase>",
        b"PK\x03\x04",
    ],
)
def test_what_a_device_may_have_written_is_a_file(connect_to, body):
    """Content that a device may have written is stored unchanged."""
    assert fetched(connect_to({"activity/i1/file": body}), "file", "i1") == [
        Part("i1", "file", body)
    ]


LARGE_DETAIL = b'{"id":"i1","x":"' + b"a" * 4_000_001 + b'"}'


def test_a_detail_that_is_too_large_is_missing_with_the_reason(connect_to):
    """A detail that is larger than any real one is not stored, on its own and among others."""
    bulk = b"[" + LARGE_DETAIL + b',{"id":"i2"}]'
    connection = connect_to({"activity/i1": LARGE_DETAIL, "athlete/0/activities/i1,i2": bulk})
    assert outcomes(fetched(connection, "detail", "i1")) == {"i1": "none FG-detail-too-large"}
    assert outcomes(fetched(connection, "detail", "i1", "i2")) == {
        "i1": "none FG-detail-too-large",
        "i2": "part",
    }


@pytest.mark.parametrize("rows", [b"1," * 200_000, b"[]," * 2_000_000])
def test_details_of_too_many_rows_are_requested_on_their_own(connect_to, rows):
    """If the response to a bulk request has more rows than any real one, each id is requested on
    its own.
    """
    connection = connect_to(
        {
            "athlete/0/activities/i1,i2": b"[" + rows + b"1]",
            "activity/i1": {"id": "i1"},
            "activity/i2": {"id": "i2"},
        }
    )
    assert outcomes(fetched(connection, "detail", "i1", "i2")) == {"i1": "part", "i2": "part"}
