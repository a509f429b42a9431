"""What comes back from a request that went well, and how its JSON is read."""

import base64
import gzip
import zlib

import pytest

from fitglue_registry.errors import ConnectionStopped
from fitglue_registry.transport import body
from fitglue_registry.transport.answer import HttpAnswer


def read(content):
    """The JSON of an answer with this body."""
    return HttpAnswer(200, "http://x", {}, content, content, "identity").json()


def refused(content):
    """The error of an answer with this body."""
    with pytest.raises(ConnectionStopped) as caught:
        read(content)
    assert caught.value.code == "FG-answer-not-json"
    return caught.value


def test_a_path_and_its_parameters_are_asked_below_the_base_url(session, server):
    """The path is joined below the base URL's own, and parameters are quoted."""
    session.get("athlete/0/activities", {"oldest": "2026-01-01", "ids": "i1,i2", "q": "a&b"})
    assert server.paths == ["/api/v1/athlete/0/activities?oldest=2026-01-01&ids=i1,i2&q=a%26b"]


def test_a_request_says_who_asks(open_session, server):
    """The user agent of the entry and the basic credentials travel with each request."""
    open_session(user_agent="fitglue-registry/9").get("x")
    headers = server.requests[0][1]
    assert headers["user-agent"] == "fitglue-registry/9"
    assert (
        headers["authorization"]
        == "Basic " + base64.b64encode(b"API_KEY:planted-Secret/key+42").decode()
    )


def test_gzip_is_decoded_and_kept_as_received(session, server, zipped):
    """The wire's gzip bytes come back beside the decoded body."""
    server.say(zipped(b'{"watts": 200}'))
    answer = session.get("x")
    assert (answer.json(), gzip.decompress(answer.wire), answer.wire_encoding) == (
        {"watts": 200},
        b'{"watts": 200}',
        "gzip",
    )


@pytest.mark.parametrize("codec", [zlib, body._CODEC], ids=["zlib", "quickest"])
def test_gzip_in_several_members_is_read_to_its_end(session, server, reply, codec, monkeypatch):
    """A stream of two gzip members and padding is one body, whichever library reads it."""
    monkeypatch.setattr(body, "_CODEC", codec)
    server.say(
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
    """An encoding that nobody keeps is undone, with zlib's header or without."""
    server.say(reply(body=content, headers={"Content-Encoding": "deflate"}))
    answer = session.get("x")
    assert (answer.body, answer.wire, answer.wire_encoding) == (b"[1]", b"[1]", "identity")


def test_a_body_in_chunks_is_read_whole(session, server, reply):
    """A chunked answer without a length is read to its end."""
    server.say(reply(chunks=[b"[1,", b"2]"]))
    assert session.get("x").json() == [1, 2]


def test_an_empty_answer_may_claim_to_be_gzip(session, server, reply):
    """No content needs no gzip header."""
    server.say(reply(body=b"", headers={"Content-Encoding": "gzip"}))
    assert session.get("x").body == b""


def test_an_accepted_status_comes_back(session, server, reply):
    """A status named in ``accept`` is an answer with its body, not an error."""
    server.say(reply(404, b'{"error": "gone"}'))
    answer = session.get("activity/i1", accept=(404,))
    assert (answer.status, answer.json()) == (404, {"error": "gone"})


def test_connections_are_used_again(session, server, reply):
    """Requests one after the other share a connection, also after an error of the server."""
    server.say(reply(), reply(503), reply())
    session.get("a")
    session.get("b")
    assert (len(server.requests), server.connections) == (3, 1)


def test_numbers_beyond_json_are_tolerated():
    """NaN, infinities and 1e400 come back as numbers."""
    assert str(read(b"[NaN, -Infinity, 1e400]")) == "[nan, -inf, inf]"


def test_a_lone_surrogate_becomes_a_replacement_character():
    """Half a character in a title, escaped or raw, hurts neither storing nor printing."""
    assert read(b'{"\\ud800a": ["b\\udfff"]}') == {"\ufffda": ["b\ufffd"]}


def test_a_byte_order_mark_is_ignored():
    """Some servers put one before their JSON."""
    assert read(b"\xef\xbb\xbf[1]") == [1]


@pytest.mark.parametrize(
    ("content", "what", "why"),
    [
        (b"", "empty", "no content"),
        (b" \n", "empty", "no content"),
        (b'{"a": [1, 2', "broken", "ends too early"),
        (b"not json", "broken", "character 0"),
        (b'["\xff"]', "broken", "not UTF-8"),
        (b"[" + b"1" * 5000 + b"]", "broken", "thousands of digits"),
        (b"[" * 100_000 + b"]" * 100_000, "broken", "nested deeper"),
        (b"[" * 100_000 + b"NaN" + b"]" * 100_000, "broken", "nested deeper"),
        (
            b"<!doctype html><html><title>Sign in</title>",
            "a web page titled 'Sign in'",
            "answers in its place",
        ),
        (b"<html>", "a web page", "answers in its place"),
    ],
    ids=[
        "empty",
        "blank",
        "cut",
        "text",
        "latin",
        "digits",
        "deep",
        "deep NaN",
        "page",
        "untitled page",
    ],
)
def test_what_is_no_json_is_named(content, what, why):
    """The error says what came instead of JSON, and where reading stopped."""
    error = refused(content)
    assert what in error.what
    assert why in error.why
