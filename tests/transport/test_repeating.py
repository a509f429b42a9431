"""Tests of which requests are sent again after a failure, and of what is said about the others."""

import socket
import ssl
import threading

import pytest
import trustme

from fitglue_registry.errors import ConnectionStopped, FitglueError, Retryable
from fitglue_registry.plugin_api import File

CLOSED = {"raw": b""}
CUT = {"body": b'{"id": 1}', "cut": 3}
NOT_HTTP = {"raw": b"nonsense\r\n\r\n"}


def failure(session, method="post", **sending):
    """Return the error of a request."""
    with pytest.raises(FitglueError) as caught:
        getattr(session, method)("x", json={"a": 1}, **sending)
    return caught.value


@pytest.mark.parametrize("method", ["post", "patch"])
@pytest.mark.parametrize(
    "broken",
    [{"status": 500}, {"status": 502}, {"status": 503}, CLOSED, CUT, NOT_HTTP],
    ids=["500", "502", "503", "closed", "cut", "not HTTP"],
)
def test_a_request_that_may_have_been_carried_out_is_not_repeated(
    session, server, reply, method, broken
):
    """A POST or PATCH whose response is lost, or blames the service, is sent once. The error says
    that it may have been carried out.
    """
    server.respond_with(reply(**broken))
    error = failure(session, method)
    assert (type(error), error.code, len(server.requests)) == (Retryable, "FG-outcome-unknown", 1)
    assert error.what == (
        f"it is unknown whether 127.0.0.1 has carried out {method.upper()} /api/v1/x"
    )
    assert "it may have been carried out" in error.why
    assert error.exit_code == 4


def test_a_silent_service_leaves_the_outcome_open(open_session, server, reply):
    """A POST without any response in time is not repeated, and the reason is in the error."""
    server.respond_with(reply(hang=True))
    error = failure(open_session(read_s=0.1))
    assert (error.code, len(server.requests)) == ("FG-outcome-unknown", 1)
    assert error.why.startswith("127.0.0.1 does not respond in time: no byte arrived for 0.1 s; ")


def test_a_response_that_cannot_be_read_leaves_the_outcome_open(open_session, server, reply):
    """A POST that was carried out, and whose response is too large or cannot be decompressed, is
    not repeated.
    """
    for bad in (
        reply(body=b"x" * 2000),
        reply(body=b"no gzip", headers={"Content-Encoding": "gzip"}),
    ):
        server.requests.clear()
        server.respond_with(bad)
        error = failure(open_session(max_body=1000))
        assert (error.code, len(server.requests)) == ("FG-outcome-unknown", 1)


def test_a_wait_that_the_service_asks_for_is_kept(session, server, reply):
    """A 503 with ``Retry-After`` does not repeat a POST, but the wait is in the error."""
    server.respond_with(reply(503, headers={"Retry-After": "7"}))
    error = failure(session)
    assert (error.code, error.retry_after_s, len(server.requests)) == ("FG-outcome-unknown", 7, 1)


@pytest.mark.parametrize(
    ("method", "sending"),
    [
        ("post", {"idempotent": True}),
        ("patch", {"idempotent": True}),
        ("post", {"idempotency_key": "ride-7"}),
        ("put", {}),
        ("delete", {}),
    ],
)
@pytest.mark.parametrize("broken", [{"status": 503}, CLOSED, CUT])
def test_an_idempotent_request_is_repeated(session, server, reply, method, sending, broken):
    """A request that the plugin calls idempotent, one with an idempotency key, and PUT and DELETE
    are repeated like GET, with the same body.
    """
    server.respond_with(reply(**broken), reply())
    assert getattr(session, method)("x", json={"a": 1}, **sending).json() == {}
    assert server.bodies == [b'{"a":1}', b'{"a":1}']


def test_an_idempotency_key_is_the_same_in_each_attempt(session, server, reply):
    """The service can recognize a repeated request by its key."""
    server.respond_with(reply(503), reply(429), reply())
    session.post("x", idempotency_key="ride-7")
    keys = [headers["idempotency-key"] for _, headers in server.requests]
    assert keys == ["ride-7", "ride-7", "ride-7"]


@pytest.mark.parametrize(
    "sending", [{"idempotent": False}, {"idempotent": False, "idempotency_key": "a"}]
)
@pytest.mark.parametrize("method", ["put", "delete", "post"])
def test_the_plugin_has_the_last_word(session, server, reply, method, sending):
    """A PUT or DELETE of a service that breaks the rules, and a key that a service ignores, are not
    repeated if the plugin says so.
    """
    server.respond_with(reply(503))
    assert failure(session, method, **sending).code == "FG-outcome-unknown"
    assert len(server.requests) == 1


@pytest.mark.parametrize("status", [404, 410])
@pytest.mark.parametrize("broken", [{"status": 502}, CLOSED], ids=["502", "closed"])
def test_what_an_earlier_attempt_has_deleted_is_deleted(session, server, reply, broken, status):
    """A DELETE that finds nothing when it is repeated after its first response was lost is done."""
    server.respond_with(reply(**broken), reply(status))
    assert session.delete("x").status == status
    assert len(server.requests) == 2


@pytest.mark.parametrize(("method", "before"), [("delete", 429), ("put", 502), ("delete", 404)])
def test_what_was_never_there_is_not_deleted(session, server, reply, method, before):
    """A DELETE that nothing was carried out of before, and any other request, finds nothing."""
    server.respond_with(reply(before), reply(404))
    with pytest.raises(ConnectionStopped) as caught:
        getattr(session, method)("x")
    assert caught.value.code == "FG-unexpected-status"


def test_a_refusal_is_repeated(session, server, reply, clock):
    """A 429 says that the request was not carried out, so a POST is sent again after the wait."""
    server.respond_with(reply(429, headers={"Retry-After": "9"}), reply(429), reply())
    assert session.post("x", json={"a": 1}).json() == {}
    assert (len(server.requests), clock.slept_s >= 9) == (3, True)


def test_a_refusal_that_stays_is_no_open_question(session, server, reply):
    """A POST that is always refused with 429 was certainly not carried out."""
    server.respond_with(reply(429))
    error = failure(session)
    assert (error.code, "carried out" in error.why) == ("FG-rate-limited", False)


@pytest.mark.parametrize("status", [400, 404, 409, 413, 422])
def test_a_request_that_the_service_blames_was_not_carried_out(session, server, reply, status):
    """A status that blames the request is the error that it is for GET."""
    server.respond_with(reply(status))
    error = failure(session)
    assert (error.code, len(server.requests)) == ("FG-unexpected-status", 1)
    assert type(error) is ConnectionStopped


def test_a_renewed_key_is_used_for_the_same_request(open_session, server, reply):
    """A POST that was rejected with 401 is sent again with a key that was renewed in between."""
    keys = iter(["old", "new"])
    server.respond_with(reply(401), reply())
    session = open_session(secrets=lambda: {"api_key": next(keys)})
    assert session.post("x", json={"a": 1}).json() == {}
    assert server.bodies == [b'{"a":1}', b'{"a":1}']


def test_a_service_that_cannot_be_reached_got_nothing(open_session):
    """A POST without a connection is tried as often as a GET, and is no open question."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    for url in (f"http://127.0.0.1:{port}", "https://nowhere.invalid"):
        error = failure(open_session(url))
        assert (error.code, "carried out" in error.why) == ("FG-no-network", False)
        assert error.why.endswith("tried 3 times")


def test_a_service_without_a_trusted_certificate_got_nothing(open_session, server):
    """A POST whose connection is not trusted, or is not encrypted at all, was never sent."""
    plain = failure(open_session(server.url.replace("http://", "https://")))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.scheme = "https"
    untrusted = failure(open_session())
    assert [plain.code, untrusted.code, server.requests] == ["FG-tls-failed", "FG-tls-failed", []]
    assert "carried out" not in plain.why + untrusted.why


def test_a_budget_that_is_used_up_sends_nothing(open_session, server):
    """A POST that waits in vain for the budget is the error that it is for GET."""

    class Empty:
        def acquire(self, n=1):
            return 3600.0

    error = failure(open_session(budget=Empty()))
    assert (error.code, server.requests) == ("FG-rate-limited", [])


def test_a_redirect_to_see_the_result_is_followed_with_get(session, server, reply):
    """A 303 after a POST leads to the result, which is requested without the body."""
    server.respond_with(reply(303, headers={"Location": "/done"}), reply(body=b"[1]"))
    answer = session.post("x", json={"a": 1}, idempotency_key="k")
    assert (answer.json(), server.methods) == ([1], ["POST", "GET"])
    assert server.bodies == [b'{"a":1}', b""]
    headers = server.requests[1][1]
    assert not {"content-type", "content-length", "idempotency-key"} & headers.keys()
    assert "authorization" in headers


@pytest.mark.parametrize("result", [{"status": 429}, {"status": 404}, CUT, {"status": 503}])
def test_a_result_that_cannot_be_seen_does_not_repeat_the_request(session, server, reply, result):
    """A POST that was answered with 303 may have been carried out, whatever happens afterwards."""
    server.respond_with(reply(303, headers={"Location": "/done"}), reply(**result))
    error = failure(session)
    assert (error.code, server.methods) == ("FG-outcome-unknown", ["POST", "GET"])


@pytest.mark.parametrize("status", [307, 308])
def test_a_request_is_sent_again_where_a_redirect_leads(session, server, reply, status, tmp_path):
    """After a 307 or 308, the same request is sent to the new address, from its beginning."""
    (tmp_path / "ride.fit").write_bytes(b"FIT" * 9)
    server.respond_with(reply(status, headers={"Location": "/new"}), reply(body=b"[1]"))
    answer = session.post("x", files={"file": File(tmp_path / "ride.fit", "a")})
    assert (answer.json(), server.methods) == ([1], ["POST", "POST"])
    assert server.bodies[0] == server.bodies[1]
    assert server.paths[1] == "/new"


@pytest.mark.parametrize("status", [301, 302])
@pytest.mark.parametrize("method", ["post", "put", "delete"])
def test_a_redirect_that_clients_understand_differently_is_refused(
    session, server, reply, method, status
):
    """A 301 or 302 after another method than GET is refused: sending GET would lose the body, and
    sending the body might carry it out twice.
    """
    server.respond_with(reply(status, headers={"Location": "/new"}))
    error = failure(session, method)
    expected = "FG-outcome-unknown" if method == "post" else "FG-redirect-refused"
    assert (error.code, server.methods) == (expected, [method.upper()])
    assert f"redirects to another address with status {status}" in error.what + error.why


def test_a_plugin_can_follow_a_redirect_itself(session, server, reply):
    """A redirect whose status the plugin accepts is returned with its address."""
    server.respond_with(reply(302, headers={"Location": "/new"}))
    answer = session.post("x", accept=[302])
    assert (answer.status, answer.headers["location"], len(server.requests)) == (302, "/new", 1)


def test_a_body_is_not_sent_to_a_host_that_is_not_allowed(session, servers, server, reply):
    """A 307 to another host is refused, that host gets nothing, and nothing was carried out."""
    other = servers()
    server.respond_with(reply(307, headers={"Location": f"{other.url}/x"}))
    error = failure(session)
    assert (error.code, other.requests) == ("FG-redirect-refused", [])


def test_an_unknown_outcome_shows_no_secret(session, server, reply, key):
    """The error has no context and does not contain the key, as for GET."""
    server.respond_with(reply(500, b"bad key " + key.encode()))
    error = failure(session)
    assert (error.__context__, error.__cause__) == (None, None)
    assert key not in str(error.as_dict())


def test_a_service_that_does_not_read_the_request_is_given_up(open_session, tmp_path):
    """A service that accepts a connection and reads nothing ends an upload after the time-out, and
    the reason is in the error.
    """
    (tmp_path / "big.fit").write_bytes(bytes(20_000_000))
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        session = open_session(f"http://127.0.0.1:{silent.getsockname()[1]}", connect_s=0.3)
        with pytest.raises(Retryable) as caught:
            session.post("x", body=tmp_path / "big.fit")
    assert caught.value.code == "FG-outcome-unknown"
    assert "it accepted no byte of the request for 0.3 s" in caught.value.why


def test_a_refusal_in_the_middle_of_an_upload_is_seen(open_session, tmp_path):
    """A service that refuses a large upload before it has read it is reported with its status."""
    (tmp_path / "big.fit").write_bytes(bytes(20_000_000))
    with socket.socket() as hasty:
        hasty.bind(("127.0.0.1", 0))
        hasty.listen()

        def refuse():
            connection, _ = hasty.accept()
            connection.recv(1000)
            connection.sendall(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")
            connection.shutdown(socket.SHUT_WR)
            # Read on for a while, as servers do, so that the response is not lost with a reset.
            while connection.recv(65_536):
                pass
            connection.close()

        thread = threading.Thread(target=refuse)
        thread.start()
        session = open_session(f"http://127.0.0.1:{hasty.getsockname()[1]}")
        with pytest.raises(ConnectionStopped) as caught:
            session.post("x", body=tmp_path / "big.fit")
        session.close()
        thread.join(5)
    assert caught.value.code == "FG-unexpected-status"
    assert "status 413" in caught.value.what
