"""Tests of the HTTP service: its routes, its log, and the commands from another process."""

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
    """A function that sends a command and returns the JSON of its response."""

    def send(name, /, method="POST", **arguments):
        address = f"{service.url}/_stand_in/{name}"
        return requests.request(method, address, json=arguments, timeout=10).json()

    return send


def test_the_groups_of_a_route_are_given_to_its_endpoint(service, get):
    """An endpoint gets the groups of its pattern percent-decoded, and an unused group as ``""``."""
    service.route("/echo/([^/]+)(/more)?", lambda _, *parts: json_response(parts))
    assert get("/echo/a%20b").json() == ["a b", ""]


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/x", 404), ("POST", "/rows", 405)])
def test_what_has_no_route_is_refused(service, method, path, status):
    """An unknown path has status 404, and a known path with another method has status 405."""
    answer = requests.request(method, service.url + path, timeout=10)
    assert (answer.status_code, answer.json()["status"]) == (status, status)


def test_responses_are_compressed_on_request_only(service):
    """A body is compressed for clients that accept gzip only, and all clients read the same."""
    url = service.url + "/samples"
    zipped = requests.get(url, timeout=10)
    plain = requests.get(url, headers={"Accept-Encoding": "identity"}, timeout=10)
    assert zipped.headers["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in plain.headers
    assert zipped.content == plain.content


def test_requests_are_logged_until_the_log_is_cleared(service, get):
    """The log contains method, path, query and status of each request until it is cleared."""
    get("/rows/z?deep=true")
    assert service.requests == [LoggedRequest("GET", "/rows/z", "deep=true", 404)]
    assert service.requests[0].params == {"deep": ["true"]}
    service.clear_requests()
    assert service.requests == []


def test_the_log_has_the_status_that_was_sent(service, get):
    """The log contains the status that was sent, and 0 for a request without a response."""
    service.fault("*", Fault.status(429))
    service.fault("*", Fault.reset())
    get()
    with pytest.raises(requests.ConnectionError):
        get()
    assert [request.status for request in service.requests] == [429, 0]


def test_a_connection_serves_many_requests(service):
    """A client can send a second request on its connection, and can ask the service to close it."""
    with closing(HTTPConnection(service.url.removeprefix("http://"))) as connection:
        connection.request("GET", "/rows")
        connection.getresponse().read()
        first_socket = connection.sock
        connection.request("GET", "/rows", headers={"Connection": "close"})
        assert connection.sock is first_socket is not None
        assert connection.getresponse().headers["Connection"] == "close"


def test_a_defect_of_an_endpoint_is_a_500(service, get):
    """An exception in an endpoint is sent as status 500 with its type and message."""
    service.route("/broken", lambda _: 1 / 0)
    answer = get("/broken")
    assert (answer.status_code, answer.json()["error"]) == (
        500,
        "stand-in: ZeroDivisionError: division by zero",
    )


def test_latency_is_waited_for(service, get):
    """With a latency, each response arrives later by that time."""
    service.latency_s = 0.05
    assert get().elapsed.total_seconds() > 0.04


def test_a_service_that_holds_connections_closes_at_once(service, get):
    """Closing the service ends the connections that a fault keeps open."""
    service.fault("*", Fault.hold(), times=None)
    with pytest.raises(requests.ReadTimeout):
        get(timeout=0.05)
    service.close()
    with pytest.raises(RuntimeError, match="is not running"):
        _ = service.url


def test_a_service_may_speak_https(tmp_path):
    """A service with a TLS context is reached as https://localhost, and a fault makes it send bytes
    in clear.
    """
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
    """Another process can set a fault and the latency, and remove the faults again."""
    send("fault", path="/rows", kind="status", args={"status": 429, "retry_after": 1}, times=None)
    send("latency", seconds=0.001)
    assert (get().status_code, service.latency_s) == (429, 0.001)
    send("faults", "DELETE")
    assert get().status_code == 200


def test_a_fault_from_outside_may_come_before_anything_is_done(service, get, send):
    """Another process can say that a request is not carried out, and not only answered wrongly."""
    done: list[str] = []
    service.route("/counted", lambda request: done.append(request.path))
    send("fault", path="/counted", kind="status", args={"status": 503}, carried_out=False)
    assert (get("/counted").status_code, done) == (503, [])


def test_a_fault_from_outside_may_be_for_a_pattern(service, get, send):
    """Another process can set a fault for a regular expression, found in path and query."""
    send("fault", regex="page=2", kind="empty_body")
    assert (get().content != b"", get("/rows?page=2").content) == (True, b"")


def test_the_log_is_read_and_cleared_from_outside(service, get, send):
    """Another process can read and clear the log, which does not contain its commands."""
    get()
    assert send("requests", "GET") == [
        {"method": "GET", "path": "/rows", "query": "", "status": 200}
    ]
    send("requests", "DELETE")
    assert send("requests", "GET") == []


@pytest.mark.parametrize(
    ("name", "arguments", "error"),
    [
        ("fault", {"path": "*", "kind": "sulk"}, "unknown kind of fault: 'sulk'"),
        ("fault", {"path": "*", "kind": "status", "args": {"stat": 1}}, "TypeError"),
        ("explode", {}, "unknown command: POST explode"),
    ],
)
def test_a_mistake_in_a_command_is_explained(send, name, arguments, error):
    """The response to a command that fails explains what is wrong with it."""
    assert error in send(name, **arguments)["error"]


def test_a_fault_can_be_for_one_method(service):
    """A fault for one method leaves the others alone, so that a test can break only what changes
    something.
    """
    rule = service.fault("/rows", Fault.status(503), times=None, method="POST")
    assert requests.get(f"{service.url}/rows", timeout=5).status_code != 503
    assert requests.post(f"{service.url}/rows", timeout=5).status_code == 503
    assert rule.fired == 1
