"""When a request is tried again, how long that waits, and what is said after the last try."""

import pytest

from fitglue_registry.errors import Retryable


def failure(session, **keywords):
    """The error of a request that fails in the end, as something to try later."""
    with pytest.raises(Retryable) as caught:
        session.get("x", **keywords)
    return caught.value


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_an_outage_that_passes_is_not_seen(session, server, reply, status):
    """One bad status is followed by another try."""
    server.say(reply(status), reply(body=b"[1]"))
    assert session.get("x").json() == [1]


@pytest.mark.parametrize(
    ("status", "code", "tries"),
    [
        (429, "FG-rate-limited", 5),
        (503, "FG-source-down", 5),
        (502, "FG-source-down", 5),
        (500, "FG-source-down", 3),
        (505, "FG-source-down", 3),
    ],
)
def test_an_outage_that_stays_is_an_error_to_try_later(session, server, reply, status, code, tries):
    """A 500 may be our own mistake and is tried less often than an outage; the error counts the
    tries.
    """
    server.say(reply(status, b'{"error": "worn out"}'))
    error = failure(session)
    assert (error.code, len(server.requests)) == (code, tries)
    assert error.why == f"it answers {status}: worn out; asked {tries} times"


def test_the_entry_says_how_many_tries(open_session, server, reply):
    """``retries: 0`` asks once."""
    server.say(reply(503))
    failure(open_session(retries=0))
    assert len(server.requests) == 1


def test_waits_grow(session, server, reply, clock, waits):
    """Without a word from the server each wait is about twice the one before, and each is announced
    with its reason.
    """
    server.say(reply(503))
    failure(session)
    seconds = [wait for wait, _ in waits]
    assert all(low <= wait <= low + 1 for low, wait in zip([1, 2, 4, 8], seconds, strict=True))
    assert clock.slept_s == pytest.approx(sum(seconds), abs=0.01)
    assert {reason for _, reason in waits} == {"127.0.0.1 is out of order"}


@pytest.mark.parametrize("value", ["7", "Mon, 23 Nov 2026 12:00:07 GMT"], ids=["seconds", "date"])
def test_retry_after_is_honoured(session, server, reply, clock, value):
    """The next try comes exactly when the server asked for it."""
    server.say(reply(429, headers={"Retry-After": value}), reply())
    session.get("x")
    assert clock.slept_s == 7


@pytest.mark.parametrize(
    "value", ["", "0", "soon", "-5", "Mon, 23 Nov 2020 12:00:00 GMT", "1e999", "9" * 400]
)
def test_a_senseless_retry_after_is_as_none(session, server, reply, clock, value):
    """What says no time to come is answered with the usual wait."""
    server.say(reply(429, headers={"Retry-After": value}), reply())
    session.get("x")
    assert 1 <= clock.slept_s <= 2


def test_a_long_retry_after_ends_the_sync(session, server, reply, clock):
    """More than two minutes are not waited for; the error knows how long, and says when."""
    server.say(reply(429, headers={"Retry-After": "7200"}))
    error = failure(session)
    assert (error.code, error.retry_after_s, clock.sleeps) == ("FG-rate-limited", 7200, [])
    assert "in 2.0 h" in error.fix


def test_a_limit_holds_for_every_thread_of_the_session(session, server, reply):
    """Once the server asked to be left alone, no further request disturbs it."""
    server.say(reply(429, headers={"Retry-After": "7200"}), reply())
    failure(session)
    error = failure(session)
    assert (error.code, error.retry_after_s, len(server.requests)) == ("FG-rate-limited", 7200, 1)


def test_a_503_with_retry_after_is_an_outage_with_an_end(session, server, reply):
    """Maintenance is told apart from a limit, and its end is known."""
    server.say(reply(503, headers={"Retry-After": "600"}))
    error = failure(session)
    assert (error.code, error.retry_after_s) == ("FG-source-down", 600)


@pytest.mark.parametrize(
    "broken",
    [
        {"cut": 5, "body": b'{"a": 1}'},
        {"chunks": [b"[1,"], "cut": 0},
        {"raw": b""},
        {"raw": b"HTTP/1.1 200 OK\r\nContent-Le"},
        {"raw": b"complete nonsense\r\n\r\n"},
        {"body": b"\x1f\x8b\x08broken gzip", "headers": {"Content-Encoding": "gzip"}},
        {"body": b"[]", "headers": {"Content-Encoding": "br"}},
    ],
    ids=["cut", "cut chunks", "no answer", "half a header", "not HTTP", "gzip", "unasked encoding"],
)
def test_a_broken_answer_is_asked_for_again(session, server, reply, broken):
    """A body or connection that breaks off is tried again, and after the last try is an error that
    says so.
    """
    server.say(reply(**broken), reply(body=b"[1]"))
    assert session.get("x").json() == [1]
    server.say(reply(**broken))
    assert failure(session).code == "FG-answer-broken"


def test_truncated_gzip_is_broken(session, server, reply, zipped):
    """A gzip body whose end is missing is not taken for whole, although its length is right."""
    whole = zipped(b"[1]" * 100)
    server.say(reply(body=whole.body[:-9], headers=whole.headers))
    error = failure(session)
    assert (error.code, "end too early" in error.why) == ("FG-answer-broken", True)


def test_silence_is_a_timeout(open_session, server, reply):
    """A server that never answers is given up after ``read_s``, twice."""
    server.say(reply(hang=True))
    error = failure(open_session(read_s=0.05))
    assert (error.code, len(server.requests)) == ("FG-timeout", 2)
    assert "no byte for 0.05 s" in error.why


@pytest.mark.parametrize(
    "begin",
    [b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n", b"HTTP/1.1 200 OK\r\nX-Slow: "],
    ids=["body", "header"],
)
def test_one_byte_at_a_time_is_a_timeout(open_session, server, reply, begin):
    """An answer that drips, in its body or already in its headers, must be over after
    ``total_s``.
    """
    server.say(reply(raw=begin, drip=b"x"))
    error = failure(open_session(read_s=0.5, total_s=0.1))
    assert (error.code, "not complete after 0.1 s" in error.why) == ("FG-timeout", True)


def test_a_closed_session_waits_no_longer(open_session, server, reply, clock):
    """Closing ends the waits of threads that are still asking."""
    session = open_session()
    server.say(reply(429, headers={"Retry-After": "100"}))
    clock.sleep = lambda _: session.close()
    with pytest.raises(Exception, match="FG-session-closed"):
        session.get("x")
