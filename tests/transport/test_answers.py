"""Tests of successful responses and of the reader for their JSON."""

import base64
import gzip
import zlib

import pytest

from fitglue_registry.errors import ConnectionStopped
from fitglue_registry.payloads import unpacking
from fitglue_registry.transport.answer import HttpAnswer


def read(content):
    """Return the JSON value of a response with this body."""
    return HttpAnswer(200, "http://x", {}, content, content, "identity").json()


def refused(content):
    """Return the error of a response with this body."""
    with pytest.raises(ConnectionStopped) as caught:
        read(content)
    assert caught.value.code == "FG-answer-not-json"
    return caught.value


def test_a_path_and_its_parameters_are_requested_below_the_base_url(session, server):
    """A path is appended to the path of the base URL, and parameters are percent-encoded."""
    session.get("athlete/0/activities", {"oldest": "2026-01-01", "ids": "i1,i2", "q": "a&b"})
    assert server.paths == ["/api/v1/athlete/0/activities?oldest=2026-01-01&ids=i1,i2&q=a%26b"]


def test_a_request_has_user_agent_and_credentials(open_session, server):
    """Each request has the user agent of the entry and the credentials of the connection."""
    open_session(user_agent="fitglue-registry/9").get("x")
    headers = server.requests[0][1]
    assert headers["user-agent"] == "fitglue-registry/9"
    assert (
        headers["authorization"]
        == "Basic " + base64.b64encode(b"API_KEY:planted-Secret/key+42").decode()
    )


def test_gzip_is_decoded_and_kept_as_received(session, server, zipped):
    """A gzip response has both the decoded body and the gzip bytes as received."""
    server.respond_with(zipped(b'{"watts": 200}'))
    answer = session.get("x")
    assert (answer.json(), gzip.decompress(answer.wire), answer.wire_encoding) == (
        {"watts": 200},
        b'{"watts": 200}',
        "gzip",
    )


@pytest.mark.parametrize("codec", [zlib, unpacking._CODEC], ids=["zlib", "quickest"])
def test_gzip_in_several_members_is_read_to_its_end(session, server, reply, codec, monkeypatch):
    """A body of two gzip members and padding is decoded completely, with both libraries."""
    monkeypatch.setattr(unpacking, "_CODEC", codec)
    server.respond_with(
        reply(
            body=gzip.compress(b"[1,") + gzip.compress(b"2]") + b"\0\0",
            headers={"Content-Encoding": "gzip"},
        )
    )
    assert session.get("x").json() == [1, 2]


@pytest.mark.parametrize(
    "content", [zlib.compress(b"[1]"), zlib.compress(b"[1]")[2:-4]], ids=["zlib", "raw"]
)
def test_deflate_is_kept_decoded(session, server, reply, content):
    """A ``deflate`` body, with or without the zlib header, is decoded and kept decoded."""
    server.respond_with(reply(body=content, headers={"Content-Encoding": "deflate"}))
    answer = session.get("x")
    assert (answer.body, answer.wire, answer.wire_encoding) == (b"[1]", b"[1]", "identity")


def test_a_body_in_chunks_is_read_completely(session, server, reply):
    """A chunked response without a length is read to its end."""
    server.respond_with(reply(chunks=[b"[1,", b"2]"]))
    assert session.get("x").json() == [1, 2]


def test_an_empty_answer_may_claim_to_be_gzip(session, server, reply):
    """An empty body with ``Content-Encoding: gzip`` is accepted as an empty body."""
    server.respond_with(reply(body=b"", headers={"Content-Encoding": "gzip"}))
    assert session.get("x").body == b""


def test_an_accepted_status_is_returned(session, server, reply):
    """A status in ``accept`` is returned as a response with its body, not raised as an error."""
    server.respond_with(reply(404, b'{"error": "gone"}'))
    answer = session.get("activity/i1", accept=(404,))
    assert (answer.status, answer.json()) == (404, {"error": "gone"})


def test_connections_are_used_again(session, server, reply):
    """Successive requests share one connection, also after a server error."""
    server.respond_with(reply(), reply(503), reply())
    session.get("a")
    session.get("b")
    assert (len(server.requests), server.connections) == (3, 1)


def test_numbers_beyond_json_are_tolerated():
    """NaN, infinities, 1e400 and an integer of thousands of digits are read as numbers, although
    JSON or a double does not allow them.
    """
    assert str(read(b"[NaN, -Infinity, 1e400]")) == "[nan, -inf, inf]"
    assert read(b"[-%s]" % (b"1" * 5000)) == [float("-inf")]


def test_a_lone_surrogate_becomes_a_replacement_character():
    """A lone surrogate in a text, which could neither be stored nor printed, is replaced."""
    assert read(b'{"\\ud800a": ["b\\udfff"]}') == {"\ufffda": ["b\ufffd"]}


def test_a_byte_order_mark_is_ignored():
    """A byte-order mark before the JSON is ignored."""
    assert read(b"\xef\xbb\xbf[1]") == [1]


@pytest.mark.parametrize(
    ("content", "what", "why"),
    [
        (b"", "empty", "no content"),
        (b" \n", "empty", "no content"),
        (b'{"a": [1, 2', "broken", "ends too early"),
        (b"not json", "broken", "character 0"),
        (b'["\xff"]', "broken", "not UTF-8"),
        (b"[" * 100_000 + b"]" * 100_000, "broken", "nested too deeply"),
        (b"[" * 100_000 + b"NaN" + b"]" * 100_000, "broken", "nested too deeply"),
        (
            b"<!doctype html><html><title>Sign in</title>",
            "a web page titled 'Sign in'",
            "responds instead of the service",
        ),
        (b"<html>", "a web page", "responds instead of the service"),
    ],
    ids=[
        "empty",
        "blank",
        "cut",
        "text",
        "latin",
        "deep",
        "deep NaN",
        "page",
        "untitled page",
    ],
)
def test_a_body_that_is_not_json_is_described(content, what, why):
    """The error for a body that is not JSON says what the body is and why it cannot be read."""
    error = refused(content)
    assert what in error.what
    assert why in error.why
