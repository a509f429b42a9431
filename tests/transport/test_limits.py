"""Tests that a response takes a bounded share of time and memory, whatever its headers and its
framing are.
"""

from __future__ import annotations

import gzip
import time

import pytest

from fitglue_registry.errors import ConnectionStopped, Retryable
from fitglue_registry.transport import adapter, server_message

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
INTERIM = b"HTTP/1.1 100 Continue\r\n\r\n"
FINAL = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]"
#: Each response is refused in a fraction of a second.
MOST_S = 10.0


def refused(session, kind):
    """Return the error of a request."""
    began = time.monotonic()
    with pytest.raises(kind) as caught:
        session.get("x")
    assert time.monotonic() - began < MOST_S
    return caught.value


def test_a_few_interim_responses_are_skipped(session, server, reply):
    """Interim responses before the final one are skipped."""
    server.respond_with(reply(raw=INTERIM * 5 + FINAL))
    assert session.get("x").json() == []


def test_endless_interim_responses_are_refused(open_session, server, reply):
    """A server that sends only interim responses breaks the rules of HTTP."""
    server.respond_with(reply(raw=INTERIM * 100_000))
    error = refused(open_session(retries=0), Retryable)
    assert (error.code, error.why) == ("FG-answer-broken", "more than 20 interim responses")
    assert error.what == "the response of 127.0.0.1 breaks the rules of HTTP"


def test_a_few_small_chunks_are_read(session, server, reply):
    """A body of a few thousand chunks of one byte is read."""
    server.respond_with(reply(raw=CHUNKED + b"1\r\n1\r\n" * 5_000 + b"0\r\n\r\n"))
    assert session.get("x").body == b"1" * 5_000


@pytest.mark.parametrize(
    "chunks",
    [
        b"1\r\nx\r\n" * 100_000,
        b"-1\r\n" + b"x" * 5_000_000,
        b"-ff\r\n" + b"x" * 5_000_000,
        b"size\r\n" + b"x" * 5_000_000,
    ],
    ids=["tiny", "up to the end", "negative", "no number"],
)
def test_chunks_that_no_server_should_send_are_refused(open_session, server, reply, chunks):
    """A flood of tiny chunks, or a chunk whose size is no positive number, is refused."""
    server.respond_with(reply(raw=CHUNKED + chunks))
    error = refused(open_session(retries=0), Retryable)
    assert error.code == "FG-answer-broken"
    assert error.what == "the response of 127.0.0.1 breaks the rules of HTTP"


@pytest.mark.parametrize(
    "flood",
    [
        (b"1;" + b"e" * 60_000 + b"\r\nx\r\n") * 200,
        b"0\r\n" + (b"Trailer: " + b"t" * 60_000 + b"\r\n") * 200,
    ],
    ids=["extensions", "trailers"],
)
def test_what_surrounds_a_body_counts_as_bytes(open_session, server, reply, flood):
    """A response of megabytes is refused even if its body has hardly any."""
    server.respond_with(reply(raw=CHUNKED + flood))
    error = refused(open_session(max_body=1_000), ConnectionStopped)
    assert error.code == "FG-answer-too-large"


@pytest.mark.parametrize("beginning", [b"HTTP/1.1 200 OK\r\n", CHUNKED, INTERIM])
def test_bytes_that_arrive_one_at_a_time_are_not_waited_for(
    open_session, server, reply, monkeypatch, beginning
):
    """A response that arrives byte by byte is given up long before its total time is over."""
    monkeypatch.setattr(adapter, "_SLOW_AFTER_S", 0.2)
    monkeypatch.setattr(adapter, "_SLOWEST_BYTES_PER_S", 10_000)
    server.respond_with(reply(raw=beginning, drip=b"1"))
    error = refused(open_session(retries=0), Retryable)
    assert error.code == "FG-timeout"
    assert error.why.startswith("fewer than 200 bytes per second arrived")


def test_a_response_that_begins_late_is_waited_for(open_session, server, reply, monkeypatch):
    """A response of a few pieces is read even if it took the service long."""
    monkeypatch.setattr(adapter, "_SLOW_AFTER_S", 0.0)
    monkeypatch.setattr(adapter, "_SLOWEST_BYTES_PER_S", 1e12)
    server.respond_with(reply(chunks=[b"[1,", b"2]"]))
    assert open_session().get("x").json() == [1, 2]


@pytest.mark.parametrize("headers", [b"A: " + b"a" * 70_000, b"A: a\r\n" * 200])
def test_a_flood_of_headers_is_refused(open_session, server, reply, headers):
    """A response with very long or very many headers breaks the rules of HTTP."""
    server.respond_with(reply(raw=b"HTTP/1.1 200 OK\r\n" + headers + b"\r\n\r\n"))
    error = refused(open_session(retries=0), Retryable)
    assert error.what == "the response of 127.0.0.1 breaks the rules of HTTP"


@pytest.mark.parametrize(
    "length", [b"\xb2", b"-5", b"+2", b"2, 2", b"two", b"", "٢".encode(), b"0x2"]
)
def test_a_length_that_is_no_number_is_ignored(session, server, reply, length):
    """A ``Content-Length`` that is no number does not keep the body from being read."""
    server.respond_with(
        reply(raw=b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %b\r\n\r\n[]" % length)
    )
    assert session.get("x").body in (b"[]", b"")


@pytest.mark.parametrize("length", [b"1001", b"0001001", b"9" * 5_000])
def test_an_announced_length_beyond_the_limit_is_refused(open_session, server, reply, length):
    """A body that announces more than the limit is not read, however the number is written."""
    server.respond_with(reply(raw=b"HTTP/1.1 200 OK\r\nContent-Length: %b\r\n\r\n[]" % length))
    assert refused(open_session(max_body=1_000), ConnectionStopped).code == "FG-answer-too-large"


def test_a_gzip_of_thousands_of_members_is_refused_at_once(session, server, reply):
    """A gzip that consists of thousands of empty pieces is refused without another attempt."""
    members = gzip.compress(b"") * 300_000
    server.respond_with(reply(body=members, headers={"Content-Encoding": "gzip"}))
    error = refused(session, ConnectionStopped)
    assert error.code == "FG-answer-beyond-limits"
    assert error.why == "it is packed in more than 10,000 pieces, so it was not unpacked"
    assert len(server.requests) == 1


@pytest.mark.parametrize("item", [b"1", b"{}", b"[]"])
def test_json_of_millions_of_values_is_refused(session, server, reply, item):
    """A document of a million values is refused before it is decoded."""
    server.respond_with(reply(body=b"[" + b",".join([item] * 1_000_000) + b"]"))
    answer = session.get("x")
    with pytest.raises(ConnectionStopped) as caught:
        answer.json()
    assert caught.value.code == "FG-answer-beyond-limits"
    assert caught.value.why == "it has more than 500,000 values, so it was not decoded"


@pytest.mark.parametrize(
    "page",
    [
        "<script " * 3_000,
        "<script>" * 3_000,
        "<" * 20_000,
        "<style></script" + " " * 10_000 + "<style>" * 1_000,
        "<head><script></style>" * 1_000,
    ],
)
def test_a_page_of_tags_that_never_end_is_read_once(page):
    """The message of a page takes time in proportion to its length."""
    began = time.monotonic()
    server_message.quote(page.encode(), str)
    assert time.monotonic() - began < 0.5


@pytest.mark.parametrize(
    ("page", "message"),
    [
        ("<head><title>x</title></head><p>Down</p> for <b>now</b>", "Down for now"),
        ("<SCRIPT>if (a<b) {}</script ><p>Down", "Down"),
        ("<script>never ends <p>Down</p>", "never ends Down"),
        ("a < b", "a < b"),
        ("<p>1 < 2</p>", "1 < 2"),
    ],
)
def test_the_visible_text_of_a_page_is_its_message(page, message):
    """Tags, and the content of scripts, styles and the head, are not part of the message."""
    assert server_message.quote(page.encode(), str) == message
