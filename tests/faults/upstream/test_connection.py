"""Tests of faults below HTTP: an untrusted certificate, unencrypted bytes, a name that does not
resolve, and threads that are left behind.
"""

from __future__ import annotations

import socket
import ssl
import threading

import pytest
import trustme

from fitglue_intervals.testing import StandIn
from fitglue_registry.errors import FitglueError
from fitglue_registry.testing import Fault
from tests.faults.upstream.compare import lost
from tests.faults.upstream.conftest import FILES
from tests.faults.upstream.matrix import ENDPOINTS, OF_CONNECT
from tests.sync.builders import stopped
from tests.sync.natural import natural

EVERYDAY = ["sizing"]
LONG = [endpoint for endpoint in ENDPOINTS if endpoint not in EVERYDAY and endpoint != "detail"]


def each_endpoint(test):
    """Parametrize a test with all endpoints; only the everyday ones run without ``long``."""
    marked = [*EVERYDAY, *(pytest.param(endpoint, marks=pytest.mark.long) for endpoint in LONG)]
    return pytest.mark.parametrize("endpoint", marked)(test)


def certified_by(authority):
    """Return a TLS context with a certificate of this authority for localhost."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    return context


@pytest.fixture
def encrypted(world, tmp_path, monkeypatch):
    """Yield the same account behind https, with a certificate that this machine trusts."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "authority.pem")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "authority.pem"))
    with StandIn(world.server.account, tls=certified_by(authority)) as server:
        yield server


def attempt(host, server, endpoint):
    """Return the error that a fault of this endpoint causes, in the connect or in the sync after
    it.
    """
    values = {"api_key": server.api_key, "base_url": server.url}
    if endpoint in OF_CONNECT:
        with pytest.raises(FitglueError) as caught:
            host.connect("intervals", values)
        return caught.value
    return stopped(host, files=True)


def afterwards(host, server, world):
    """Return what is lost once the fault is over."""
    server.clear_faults()
    host.connect("intervals", {"api_key": server.api_key, "base_url": server.url})
    list(host.sync(options=FILES))
    return lost(world.undisturbed, natural(host))


@each_endpoint
def test_an_untrusted_certificate_stops_the_sync(
    encrypted, open_host, world, reliability, endpoint
):
    """If another server answers under the host's name during a sync, the key is not sent to it, and
    nothing is lost.
    """
    host = open_host(connected=False)
    if endpoint not in OF_CONNECT:
        host.connect("intervals", {"api_key": encrypted.api_key, "base_url": encrypted.url})
    good, other = encrypted.tls, certified_by(trustme.CA())

    def exchange(answer):
        encrypted.tls = other  # for the next connection
        return answer

    encrypted.fault(
        ENDPOINTS[endpoint], Fault("reset", exchange, Fault.reset().delivery), times=None
    )
    error = attempt(host, encrypted, endpoint)
    assert (error.code, error.what, error.exit_code) == (
        "FG-tls-failed",
        "no trusted connection to localhost",
        5,
    )
    assert "unable to get local issuer certificate" in error.why
    assert error.at.url.startswith("https://localhost:")
    encrypted.tls = good
    differs = afterwards(host, encrypted, world)
    assert differs == []
    reliability(
        "upstream",
        "TLS: an untrusted certificate",
        lost=len(differs),
        seen="FG-tls-failed, exit 5",
    )


@pytest.mark.long
@each_endpoint
def test_unencrypted_bytes_on_an_encrypted_connection_stop_the_sync(
    encrypted, open_host, world, reliability, endpoint
):
    """A response that is not TLS ends the connection, is retried, and is reported."""
    host = open_host(connected=False)
    if endpoint not in OF_CONNECT:
        host.connect("intervals", {"api_key": encrypted.api_key, "base_url": encrypted.url})
    encrypted.fault(ENDPOINTS[endpoint], Fault.no_tls(), times=None)
    if endpoint == "bulk":  # the plugin then requests single details
        encrypted.fault(ENDPOINTS["detail"], Fault.no_tls(), times=None)
    error = attempt(host, encrypted, endpoint)
    assert error.code == "FG-tls-failed"
    differs = afterwards(host, encrypted, world)
    assert differs == []
    reliability(
        "upstream",
        "TLS: unencrypted bytes on the connection",
        lost=len(differs),
        seen="FG-tls-failed, exit 5",
    )


@each_endpoint
def test_a_name_that_does_not_resolve_stops_the_sync(
    server, open_host, world, reliability, monkeypatch, endpoint
):
    """If the resolver refuses the host's name during a sync, the sync stops with ``FG-no-network``,
    and nothing is lost.
    """
    named = {"api_key": server.api_key, "base_url": server.url.replace("127.0.0.1", "localhost")}
    host = open_host(connected=False)
    if endpoint not in OF_CONNECT:
        host.connect("intervals", named)
    resolve, refusing = socket.getaddrinfo, threading.Event()

    def getaddrinfo(name, *arguments, **keywords):
        if name == "localhost" and refusing.is_set():
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return resolve(name, *arguments, **keywords)

    def refuse(answer):
        refusing.set()
        return answer

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    server.fault(ENDPOINTS[endpoint], Fault("reset", refuse, Fault.reset().delivery), times=None)
    if endpoint in OF_CONNECT:
        with pytest.raises(FitglueError) as caught:
            host.connect("intervals", named)
        error = caught.value
    else:
        error = stopped(host, files=True)
    assert (error.code, error.what, error.exit_code) == (
        "FG-no-network",
        "localhost cannot be reached",
        4,
    )
    assert error.why.startswith("Name or service not known")
    refusing.clear()
    server.clear_faults()
    differs = afterwards(host, server, world)
    assert differs == []
    reliability(
        "upstream",
        "DNS: the name does not resolve",
        lost=len(differs),
        seen="FG-no-network, exit 4",
    )


@pytest.mark.long
def test_the_key_is_sent_to_no_other_host(server, open_host, world, reliability):
    """A redirect to another host or port is not followed, so the other server receives no
    request.
    """
    with StandIn(world.server.account) as elsewhere:
        for endpoint in ("sizing", "bulk", "detail", "streams"):
            server.fault(
                ENDPOINTS[endpoint],
                Fault.redirect(f"{elsewhere.url}/api/v1/athletes"),
                times=None if endpoint != "sizing" else 1,
            )
        host = open_host()
        assert stopped(host).code == "FG-redirect-refused"
        assert stopped(host).code == "FG-redirect-refused"
        assert elsewhere.requests == []
    server.clear_faults()
    list(host.sync(options=FILES))
    differs = lost(world.undisturbed, natural(host))
    assert differs == []
    reliability(
        "upstream",
        "redirect to another host that would answer",
        times=2,
        lost=len(differs),
        seen="FG-redirect-refused, exit 5; the other host receives no request",
    )


@pytest.mark.parametrize(
    "fault",
    [Fault.hold(), pytest.param(Fault.drip(interval_s=0.02), marks=pytest.mark.long)],
    ids=["no response", "one byte at a time"],
)
def test_no_thread_is_left_behind(server, open_host, impatience, fault):
    """Once a host is closed, all threads of its own have ended, even after a server that never
    responded.
    """
    before = set(threading.enumerate())
    impatience[:] = [0.2]
    server.fault(ENDPOINTS["streams"], fault, times=None)
    host = open_host()
    assert stopped(host).code == "FG-timeout"
    host.close()
    left = [
        thread
        for thread in set(threading.enumerate()) - before
        if not thread.name.startswith("stand-in")
    ]
    for thread in left:
        thread.join(5)
    assert [thread.name for thread in left if thread.is_alive()] == []
