"""A service of tests answers by its routes, keeps a log, and takes commands from outside."""

from __future__ import annotations

import ssl
from contextlib import closing
from http.client import HTTPConnection

import pytest
import requests
import trustme

from fitglue_registry.testing import Fault, LoggedRequest, LoopbackService, json_response


@pytest.fixture
def send(service):
    """Sends a command and returns what it answers."""

    def send(name, /, method="POST", **arguments):
        address = f"{service.url}/_stand_in/{name}"
        return requests.request(method, address, json=arguments, timeout=10).json()

    return send


def test_the_groups_of_a_route_are_given_to_its_endpoint(service, get):
    """A part of a path is unquoted; a group that took no part is an empty text."""
    service.route("/echo/([^/]+)(/more)?", lambda _, *parts: json_response(parts))
    assert get("/echo/a%20b").json() == ["a b", ""]


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/x", 404), ("POST", "/rows", 405)])
def test_what_has_no_route_is_refused(service, method, path, status):
    """An unknown path is answered with 404, a known one with another method with 405."""
    answer = requests.request(method, service.url + path, timeout=10)
    assert (answer.status_code, answer.json()["status"]) == (status, status)


def test_responses_are_compressed_on_request_only(service):
    """A client that accepts gzip gets it, another one does not, and both read the same."""
    url = service.url + "/samples"
    zipped = requests.get(url, timeout=10)
    plain = requests.get(url, headers={"Accept-Encoding": "identity"}, timeout=10)
    assert zipped.headers["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in plain.headers
    assert zipped.content == plain.content


def test_requests_are_logged_until_the_log_is_cleared(service, get):
    """The log has method, path, query and status of each request."""
    get("/rows/z?deep=true")
    assert service.requests == [LoggedRequest("GET", "/rows/z", "deep=true", 404)]
    assert service.requests[0].params == {"deep": ["true"]}
    service.clear_requests()
    assert service.requests == []


def test_the_log_has_the_status_that_was_sent(service, get):
    """Where none was sent it has 0."""
    service.fault("*", Fault.status(429))
    service.fault("*", Fault.reset())
    get()
    with pytest.raises(requests.ConnectionError):
        get()
    assert [request.status for request in service.requests] == [429, 0]


def test_a_connection_serves_many_requests(service):
    """A client that keeps its connection is served on it again; one that wants it closed is told
    so.
    """
    with closing(HTTPConnection(service.url.removeprefix("http://"))) as connection:
        connection.request("GET", "/rows")
        connection.getresponse().read()
        kept = connection.sock
        connection.request("GET", "/rows", headers={"Connection": "close"})
        assert connection.sock is kept is not None
        assert connection.getresponse().headers["Connection"] == "close"


def test_a_defect_of_an_endpoint_is_a_500(service, get):
    """An exception of an endpoint is named in the response."""
    service.route("/broken", lambda _: 1 / 0)
    answer = get("/broken")
    assert (answer.status_code, answer.json()["error"]) == (
        500,
        "stand-in: ZeroDivisionError: division by zero",
    )


def test_latency_is_waited_for(service, get):
    """With a latency each response arrives later."""
    service.latency_s = 0.05
    assert get().elapsed.total_seconds() > 0.04


def test_a_service_that_holds_connections_closes_at_once(service, get):
    """Closing ends the connections that a fault holds open."""
    service.fault("*", Fault.hold(), times=None)
    with pytest.raises(requests.ReadTimeout):
        get(timeout=0.05)
    service.close()
    with pytest.raises(RuntimeError, match="does not run"):
        _ = service.url


def test_a_service_may_speak_https(tmp_path):
    """It has the name localhost; a fault lets it send bytes in clear."""
    authority = trustme.CA()
    bundle = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(bundle)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(tls)
    service = LoopbackService(tls=tls)
    service.route("/rows", lambda _: json_response([]))
    with service, requests.Session() as session:
        session.trust_env = False
        session.verify = str(bundle)
        url = service.url + "/rows"
        assert session.get(url, timeout=10).json() == []
        with pytest.raises(requests.exceptions.SSLError, match="CERTIFICATE_VERIFY_FAILED"):
            requests.get(url, timeout=10)
        service.fault("*", Fault.no_tls())
        with pytest.raises(requests.exceptions.SSLError):
            session.get(url, timeout=10)
        assert session.get(url, timeout=10).status_code == 200


def test_a_fault_and_the_latency_are_set_from_outside(service, get, send):
    """Another process can let the service misbehave, and behave again."""
    send("fault", path="/rows", kind="status", args={"status": 429, "retry_after": 1}, times=None)
    send("latency", seconds=0.001)
    assert (get().status_code, service.latency_s) == (429, 0.001)
    send("faults", "DELETE")
    assert get().status_code == 200


def test_a_fault_from_outside_may_be_for_a_pattern(service, get, send):
    """A regular expression is compared with path and query."""
    send("fault", regex="page=2", kind="empty_body")
    assert (get().content != b"", get("/rows?page=2").content) == (True, b"")


def test_the_log_is_read_and_cleared_from_outside(service, get, send):
    """Commands are not in the log."""
    get()
    assert send("requests", "GET") == [
        {"method": "GET", "path": "/rows", "query": "", "status": 200}
    ]
    send("requests", "DELETE")
    assert send("requests", "GET") == []


@pytest.mark.parametrize(
    ("name", "arguments", "error"),
    [
        ("fault", {"path": "*", "kind": "sulk"}, "no such kind of fault: 'sulk'"),
        ("fault", {"path": "*", "kind": "status", "args": {"stat": 1}}, "TypeError"),
        ("explode", {}, "no such command: POST explode"),
    ],
)
def test_a_mistake_in_a_command_is_explained(send, name, arguments, error):
    """A command that cannot be carried out is answered with what was wrong."""
    assert error in send(name, **arguments)["error"]
