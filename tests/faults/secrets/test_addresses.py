"""Tests that neither a redirect nor a payload makes the host request another address, and that the
key is sent only to the service itself.
"""

from __future__ import annotations

import base64
import json
import threading
from contextlib import suppress
from urllib.parse import unquote

import pytest

from fitglue_registry import Host, Policy
from fitglue_registry.errors import ConnectionStopped, PluginFailed
from fitglue_registry.registry import AllowedHost, Auth
from fitglue_registry.testing import FakeClock, Fault
from fitglue_registry.transport.policy import HttpPolicy
from fitglue_registry.transport.session import HttpSession
from tests.faults.secrets.conftest import KEY
from tests.transport.conftest import Reply, ScriptedServer

TOKEN = base64.b64encode(f"API_KEY:{KEY}".encode()).decode()


@pytest.fixture
def servers():
    """Yield two servers on this machine: home, which may receive the key, and a trap, which may
    not.
    """
    running = [ScriptedServer(), ScriptedServer()]
    for server in running:
        threading.Thread(
            target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        ).start()
    yield running
    for server in running:
        server.shutdown()
        server.server_close()


@pytest.fixture
def contacted(monkeypatch):
    """Return the list of all addresses to which a connection was opened."""
    import urllib3.util.connection

    addresses = []
    real = urllib3.util.connection.create_connection

    def create_connection(address, *arguments, **options):
        addresses.append(address)
        return real(address, *arguments, **options)

    monkeypatch.setattr(urllib3.util.connection, "create_connection", create_connection)
    return addresses


def open_session(base_url: str, **differs) -> HttpSession:
    """Return a session for a base URL that signs in with ``KEY``."""
    auth = Auth(scheme="basic", username="API_KEY", secret="api_key")
    return HttpSession(HttpPolicy(base_url, auth=auth, **differs), secrets=lambda: {"api_key": KEY})


ELSEWHERE = {
    "another host": "https://evil.example/",
    "without a scheme": "//evil.example/",
    "another port": "{trap}/x",
    "another scheme": "https://127.0.0.1:{port}/x",
    "a subdomain": "http://api.127.0.0.1.evil.example/",
    "a prefix": "http://127.0.0.1.evil/",
    "user info": "http://API_KEY:x@127.0.0.1:{port}/",
    "home as user info": "http://127.0.0.1:{port}@evil.example/",
    "a backslash": "http://evil.example\\@127.0.0.1:{port}/",
    "a file": "file:///etc/passwd",
    "a name of this machine": "http://localhost:{port}/",
    "another address of this machine": "http://127.0.0.2:{port}/",
    "a number": "http://2130706433:{port}/",
}


@pytest.mark.parametrize("where", ELSEWHERE)
def test_a_redirect_elsewhere_is_refused_and_nobody_is_asked(servers, contacted, where):
    """A redirect to another host, port, scheme, subdomain or user name is refused, and no
    connection to that address is opened.
    """
    home, trap = servers
    location = ELSEWHERE[where].format(trap=trap.url, port=home.server_address[1])
    home.respond_with(
        *(Reply(status, headers={"Location": location}) for status in (301, 302, 303, 307, 308))
    )
    with open_session(home.url) as session:
        for _ in range(5):
            with pytest.raises(ConnectionStopped, match="FG-redirect-refused"):
                session.get("x")
    assert (len(home.requests), trap.requests) == (5, [])
    assert set(contacted) == {home.server_address}


def test_a_redirect_to_a_subdomain_of_home_is_refused(servers, contacted):
    """A redirect to a subdomain is refused, because its content may come from somebody else."""
    home, _ = servers
    port = home.server_address[1]
    home.respond_with(Reply(302, headers={"Location": f"http://files.localhost:{port}/x"}))
    with (
        open_session(f"http://localhost:{port}") as session,
        pytest.raises(ConnectionStopped, match="FG-redirect-refused"),
    ):
        session.get("x")
    assert {host for host, _ in contacted} == {"localhost"}


def test_no_link_of_a_chain_carries_the_key_beyond_home(servers, reliability):
    """In a chain of redirects, even to hosts that the entry allows, only the first request to the
    service carries the key.
    """
    home, allowed = servers
    for target, end in ((home.url, None), ("https://evil.example", "FG-redirect-refused")):
        home.requests.clear()
        allowed.requests.clear()
        home.respond_with(Reply(302, headers={"Location": f"{allowed.url}/1"}), Reply(body=b"[]"))
        allowed.respond_with(Reply(307, headers={"Location": f"{target}/2"}))
        with open_session(
            home.url,
            hosts=(AllowedHost(allowed.url.removeprefix("http://"), credential=False),),
        ) as session:
            code = None
            try:
                session.get("x")
            except ConnectionStopped as error:
                code = error.code
        assert code == end
        carried = [
            headers
            for _, headers in allowed.requests + home.requests[1:]
            if "authorization" in headers
        ]
        assert carried == []
        assert TOKEN in home.requests[0][1]["authorization"]
    reliability(
        "secrets",
        "a redirect away from the service",
        times=2,
        lost=len(carried),
        seen="FG-redirect-refused, exit 5",
    )


IDS = [
    "../../admin",
    "..",
    "//evil.example/x",
    "evil@evil.example",
    "a%2f..%2fadmin",
    "%2e%2e",
    "i1?x=1",
    "i1#x",
    "i1\r\nHost: evil.example",
    "i1\r\nX: y\r\n\r\nGET /admin",
    "http://evil.example/",
    "\\\\evil\\x",
    "i1;/admin",
    "i1\x00",
    "ì/̀",
    "a" * 5000,
    ".",
]


@pytest.mark.parametrize(
    "path", [f"api/v1/activity/{activity_id}/streams.json" for activity_id in IDS]
)
def test_an_id_in_a_path_stays_one_step_of_it_or_is_refused(servers, contacted, path):
    """An id in a path cannot add a segment to the path or change the host, because the transport
    quotes or refuses it, regardless of what a plugin lets through.
    """
    home, _ = servers
    with open_session(home.url) as session, suppress(PluginFailed):
        session.get(path)
    assert all(
        unquote(requested) == f"/{path}" and requested.count("/") == path.count("/") + 1
        for requested in home.paths
    )
    assert set(contacted) <= {home.server_address}


def test_a_lying_service_cannot_make_the_host_ask_another_address(
    home, service, servers, contacted, reliability
):
    """Malicious ids, and URLs in every field that could hold one, make the host send no request to
    another address.
    """
    trap = servers[1]
    fields = {
        name: f"{trap.url}/{name}"
        for name in (
            "url",
            "file_url",
            "photo",
            "route",
            "gpx",
            "next",
            "links",
            "avatar",
            "description",
        )
    }
    for number, activity_id in enumerate(IDS):
        start = f"2026-11-{number + 1:02}T08:00:00"
        row = {
            "id": activity_id,
            "start_date_local": start,
            "start_date": f"{start}Z",
            "type": "Run",
            "name": f"{trap.url}/name",
        }
        service.account.add_row(
            row | {"moving_time": 60, "elapsed_time": 60, "stream_types": ["time"]} | fields
        )
    profile = json.dumps({"athlete": {"id": "i1", "name": "A", "avatar": f"{trap.url}/a"}})
    service.fault("*/profile", Fault.raw_body(profile), times=None)
    with Host(home, clock=FakeClock(), policy=Policy.personal()) as host:
        host.connect("intervals", {"api_key": KEY, "base_url": service.url})
        list(host.sync())
        stored = len(host.activities()) + len(host.records.quarantine())
    port = int(service.url.rpartition(":")[2])
    assert set(contacted) == {("127.0.0.1", port)}
    assert trap.requests == []
    assert [
        request.path
        for request in service.requests
        if not request.path.startswith("/api/v1/") or ".." in unquote(request.path).split("/")
    ] == []
    assert stored >= len(IDS)
    reliability(
        "secrets",
        "an id or a field that names another address",
        times=len(IDS) + len(fields),
        lost=len(trap.requests),
        seen="stored unchanged; no other host receives a request",
    )
