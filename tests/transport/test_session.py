"""Tests of a session with several threads, signs of life, budgets, TLS, and recordings."""

import ssl
import threading
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest
import trustme

from fitglue_registry.errors import ConnectionStopped, Retryable
from fitglue_registry.registry import Auth


class ScriptedBudget:
    """A budget that asks for the given waits and then grants every request."""

    def __init__(self, *waits):
        self.waits = list(waits)
        self.held = []

    def acquire(self, n=1):
        return self.waits.pop(0) if self.waits else 0.0

    def give_back(self, n=1):
        raise AssertionError("every acquired request is sent")

    def hold(self, seconds):
        self.held.append(seconds)


def test_threads_send_requests_at_once(open_session, server, reply):
    """As many requests run at the same time as the entry allows connections."""
    session = open_session(connections=4)
    server.respond_with(reply(meet=threading.Barrier(4)))
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda number: session.get(f"x{number}").json(), range(8)))
    assert (answers, server.connections) == ([{}] * 8, 4)


def test_more_threads_than_connections_share_them(open_session, server):
    """More threads than the entry allows connections share these connections."""
    session = open_session(connections=2)
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(session.get, [f"x{number}" for number in range(30)]))
    assert len(server.requests) == 30
    assert server.connections <= 2


def test_the_budget_is_asked_before_each_request(open_session, server, clock, waits):
    """A session waits for its budget before each request, and reports only waits of a second or
    more.
    """
    open_session(budget=ScriptedBudget(0.25, 3.0)).get("x")
    assert (clock.slept_s, waits) == (3.25, [(3.0, "the request limit of 127.0.0.1")])


def test_a_budget_that_is_used_up_for_long_ends_the_sync(open_session, server):
    """A wait for the budget that is longer than the policy allows is an error at once."""
    with pytest.raises(Retryable) as caught:
        open_session(budget=ScriptedBudget(3600.0)).get("x")
    assert (caught.value.code, caught.value.retry_after_s, server.requests) == (
        "FG-rate-limited",
        3600.0,
        [],
    )
    assert "another 60 min" in caught.value.what


def test_the_budget_is_held_as_a_response_asks(open_session, server, reply):
    """A ``Retry-After`` holds the budget, and so all sessions that share it."""
    budget = ScriptedBudget()
    server.respond_with(reply(429, headers={"Retry-After": "9"}), reply())
    open_session(budget=budget).get("x")
    assert budget.held == [9]


def test_a_planned_wait_is_a_sign_of_life(open_session, server, reply, clock):
    """While a session waits, ``busy_until`` is after the end of the wait; afterwards it is now."""
    session = open_session(read_s=5.0)
    busy_for = []
    clock.sleep = lambda seconds: (
        busy_for.append(session.busy_until - clock.monotonic()),
        clock.move(seconds=seconds),
    )
    server.respond_with(reply(429, headers={"Retry-After": "100"}), reply())
    session.get("x")
    assert busy_for[0] >= 100
    assert session.busy_until == clock.monotonic()


def test_a_request_under_way_is_a_sign_of_life(open_session, server, reply, clock):
    """While a request is under way, ``busy_until`` is the time when its response must
    be complete.
    """
    session = open_session(connect_s=1.0, total_s=4.0)
    busy = []
    # Read while the server delays its response.
    server.respond_with(reply(meet=SimpleNamespace(wait=lambda _: busy.append(session.busy_until))))
    session.get("x")
    assert busy[0] >= clock.monotonic() + 4


@pytest.fixture(scope="module")
def authority():
    """A certificate authority that this machine does not trust."""
    return trustme.CA()


@pytest.fixture
def tls_server(server, authority):
    """The scripted server behind TLS, with a certificate for 127.0.0.1."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.scheme = "https"
    return server


def test_an_untrusted_certificate_stops_the_connection_at_once(open_session, tls_server):
    """An untrusted certificate stops the connection before the key is sent, without a retry."""
    with pytest.raises(ConnectionStopped) as caught:
        open_session().get("x")
    assert (caught.value.code, tls_server.requests) == ("FG-tls-failed", [])
    assert "unable to get local issuer certificate" in caught.value.why
    assert "tried" not in caught.value.why


def test_a_certificate_bundle_of_the_environment_is_trusted(
    open_session, tls_server, authority, monkeypatch, tmp_path
):
    """A certificate of an authority in ``REQUESTS_CA_BUNDLE`` is trusted."""
    authority.cert_pem.write_to_path(tmp_path / "authority.pem")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "authority.pem"))
    assert open_session().get("x").json() == {}


def test_a_server_without_tls_is_a_tls_failure(open_session, server):
    """A server that sends no TLS is a TLS failure, which may pass and is tried a few times."""
    with pytest.raises(ConnectionStopped) as caught:
        open_session(server.url.replace("http://", "https://")).get("x")
    assert (caught.value.code, caught.value.why.endswith("tried 3 times")) == (
        "FG-tls-failed",
        True,
    )


def test_a_cassette_records_and_replays(open_session, server, reply, tmp_path):
    """vcrpy can record and replay the requests of a session, although its connections
    are our own.
    """
    import vcr

    server.respond_with(reply(body=b"[7]"))
    with vcr.use_cassette(str(tmp_path / "cassette.yaml"), filter_headers=["authorization"]):
        open_session().get("x")
    with vcr.use_cassette(
        str(tmp_path / "cassette.yaml"), record_mode="none", filter_headers=["authorization"]
    ):
        assert open_session(auth=Auth()).get("x").json() == [7]
    assert len(server.requests) == 1


def test_a_silent_server_is_reported_while_its_response_is_awaited(
    session, server, reply, clock, waits
):
    """A request without a response is reported every ten seconds, with the longest
    remaining time.
    """
    barrier = threading.Barrier(2)
    server.respond_with(reply(meet=barrier))
    thread = threading.Thread(target=session.get, args=("x",))
    thread.start()
    while not server.requests:
        thread.join(0.01)
    for seconds in (4, 7, 1, 12):
        clock.move(seconds=seconds)
        session.report_silence()
    barrier.wait(5)
    thread.join(5)
    session.report_silence()
    assert waits == [
        (289.0, "127.0.0.1 has not answered for 11 s"),
        (276.0, "127.0.0.1 has not answered for 24 s"),
    ]
