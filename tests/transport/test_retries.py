"""Tests of when a request is tried again, of the waits between attempts, and of the last error."""

import pytest

from fitglue_registry.errors import Retryable


def failure(session, **keywords):
    """Return the error of a request after its last attempt."""
    with pytest.raises(Retryable) as caught:
        session.get("x", **keywords)
    return caught.value


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_an_outage_that_passes_is_not_seen(session, server, reply, status):
    """A request that fails once with a 429 or 5xx is tried again and succeeds."""
    server.respond_with(reply(status), reply(body=b"[1]"))
    assert session.get("x").json() == [1]


@pytest.mark.parametrize(
    ("status", "code", "attempts"),
    [
        (429, "FG-rate-limited", 5),
        (503, "FG-source-down", 5),
        (502, "FG-source-down", 5),
        (500, "FG-source-down", 3),
        (505, "FG-source-down", 3),
    ],
)
def test_an_outage_that_stays_is_an_error(session, server, reply, status, code, attempts):
    """A status that stays is an error with the number of attempts; a 500, which may be caused by
    the request, is tried less often than an outage.
    """
    server.respond_with(reply(status, b'{"error": "overloaded"}'))
    error = failure(session)
    assert (error.code, len(server.requests)) == (code, attempts)
    assert error.why == f"it responded with status {status}: overloaded; tried {attempts} times"


def test_the_entry_sets_the_number_of_retries(open_session, server, reply):
    """An entry with ``retries: 0`` sends a failing request only once."""
    server.respond_with(reply(503))
    failure(open_session(retries=0))
    assert len(server.requests) == 1


def test_waits_grow(session, server, reply, clock, waits):
    """Without a ``Retry-After``, each wait is about twice as long as the one before, and each is
    reported with its reason.
    """
    server.respond_with(reply(503))
    failure(session)
    seconds = [wait for wait, _ in waits]
    assert all(low <= wait <= low + 1 for low, wait in zip([1, 2, 4, 8], seconds, strict=True))
    assert clock.slept_s == pytest.approx(sum(seconds), abs=0.01)
    assert {reason for _, reason in waits} == {"127.0.0.1 is not working"}


@pytest.mark.parametrize("value", ["7", "Mon, 23 Nov 2026 12:00:07 GMT"], ids=["seconds", "date"])
def test_retry_after_is_honored(session, server, reply, clock, value):
    """The next attempt is made exactly after the time that ``Retry-After`` asks for."""
    server.respond_with(reply(429, headers={"Retry-After": value}), reply())
    session.get("x")
    assert clock.slept_s == 7


@pytest.mark.parametrize(
    "value",
    ["", "0", "soon", "-5", "Mon, 23 Nov 2020 12:00:00 GMT", "1e-9", "1795434000"],
)
def test_an_invalid_retry_after_is_ignored(session, server, reply, clock, value):
    """A ``Retry-After`` that is invalid or in the past leads to the usual wait."""
    server.respond_with(reply(429, headers={"Retry-After": value}), reply())
    session.get("x")
    assert 1 <= clock.slept_s <= 2


def test_a_long_retry_after_ends_the_sync(session, server, reply, clock):
    """A ``Retry-After`` of more than two minutes is an error at once, whose fix says when to run
    the command again.
    """
    server.respond_with(reply(429, headers={"Retry-After": "7200"}))
    error = failure(session)
    assert (error.code, error.retry_after_s, clock.sleeps) == ("FG-rate-limited", 7200, [])
    assert "in 2.0 h" in error.fix


@pytest.mark.parametrize(
    "value",
    ["1e9", "1e999", "99999999999999", "9" * 400, "Fri, 31 Dec 9999 23:59:59 GMT"],
    ids=["exponent", "infinite", "14 digits", "400 digits", "year 9999"],
)
def test_a_wait_of_years_is_one_of_a_month(session, server, reply, clock, value):
    """A service that asks for a wait of years is left alone for 31 days, and not asked again."""
    server.respond_with(reply(429, headers={"Retry-After": value}))
    error = failure(session)
    assert (error.retry_after_s, len(server.requests)) == (31 * 86_400, 1)


@pytest.mark.parametrize("digits", ["", "000"], ids=["seconds", "milliseconds"])
def test_a_moment_is_no_duration(session, server, reply, clock, digits):
    """A number that is a moment of the next days means the time that is left until then."""
    moment = int(clock.now().timestamp()) + 7200
    server.respond_with(reply(429, headers={"Retry-After": f"{moment}{digits}"}))
    assert failure(session).retry_after_s == pytest.approx(7200, abs=2)


def test_a_limit_holds_for_every_thread_of_the_session(session, server, reply):
    """After a 429 with a long ``Retry-After``, no other request of the session is sent either."""
    server.respond_with(reply(429, headers={"Retry-After": "7200"}), reply())
    failure(session)
    error = failure(session)
    assert (error.code, error.retry_after_s, len(server.requests)) == ("FG-rate-limited", 7200, 1)


def test_a_503_with_retry_after_is_an_outage_with_an_end(session, server, reply):
    """A 503 with ``Retry-After`` is reported as an outage and not as a rate limit, with its end."""
    server.respond_with(reply(503, headers={"Retry-After": "600"}))
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
    ids=["cut", "cut chunks", "no response", "half a header", "not HTTP", "gzip", "other encoding"],
)
def test_a_broken_response_is_requested_again(session, server, reply, broken):
    """A request whose response is incomplete or damaged is tried again, and ends with
    FG-answer-broken after the last attempt.
    """
    server.respond_with(reply(**broken), reply(body=b"[1]"))
    assert session.get("x").json() == [1]
    server.respond_with(reply(**broken))
    assert failure(session).code == "FG-answer-broken"


def test_truncated_gzip_is_broken(session, server, reply, zipped):
    """A gzip body without its end is not accepted as complete, although its length is
    as announced.
    """
    complete = zipped(b"[1]" * 100)
    server.respond_with(reply(body=complete.body[:-9], headers=complete.headers))
    error = failure(session)
    assert (error.code, "end too early" in error.why) == ("FG-answer-broken", True)


def test_silence_is_a_timeout(open_session, server, reply):
    """A request to a server that sends nothing times out after ``read_s`` and is tried twice."""
    server.respond_with(reply(hang=True))
    error = failure(open_session(read_s=0.05))
    assert (error.code, len(server.requests)) == ("FG-timeout", 2)
    assert "no byte arrived for 0.05 s" in error.why


@pytest.mark.parametrize(
    "begin",
    [b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n", b"HTTP/1.1 200 OK\r\nX-Slow: "],
    ids=["body", "header"],
)
def test_one_byte_at_a_time_is_a_timeout(open_session, server, reply, begin):
    """A response that arrives byte by byte, in its headers or its body, times out after
    ``total_s``.
    """
    server.respond_with(reply(raw=begin, drip=b"x"))
    error = failure(open_session(read_s=0.5, total_s=0.1))
    assert (error.code, "not complete after 0.1 s" in error.why) == ("FG-timeout", True)


def test_a_closed_session_waits_no_longer(open_session, server, reply, clock):
    """Closing a session ends the waits of its threads with FG-session-closed."""
    session = open_session()
    server.respond_with(reply(429, headers={"Retry-After": "100"}))
    clock.sleep = lambda _: session.close()
    with pytest.raises(Exception, match="FG-session-closed"):
        session.get("x")
