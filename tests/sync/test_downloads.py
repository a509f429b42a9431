"""Tests of a source whose details are at signed addresses of another host."""

from __future__ import annotations

import ssl
from dataclasses import replace

import pytest
import trustme

from fitglue_registry import Policy
from fitglue_registry.sync.events import SyncFinished
from fitglue_registry.testing import Fault, LoopbackService, json_response
from tests.sync.http_source import host_of, make_plugin

KEY = "planted-Key/42"
SIGNATURE = "s1gn+ature/7"


def download_of(connection, external_id):
    """Return the response from the address that the list names."""
    [row] = connection.http.get("rows").json()
    return connection.http.get(row["file"])


@pytest.fixture
def tls(tmp_path, monkeypatch):
    """The context of services with a certificate that this program trusts."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "authority.pem")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "authority.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    return context


@pytest.fixture
def storage(tls):
    """A host that has the files, and accepts only signed addresses."""
    service = LoopbackService(tls=tls)

    def download(request):
        signed = request.params.get("signature") == [SIGNATURE]
        return json_response({"file": True}) if signed else json_response({}, 403)

    service.route(r"/files/1", download)
    with service:
        yield service


@pytest.fixture
def api(tls, storage):
    """A service that names the address of each file."""
    service = LoopbackService(tls=tls)
    address = f"{storage.url}/files/1?signature={SIGNATURE.replace('+', '%2B')}"
    service.route(r"/me", lambda request: json_response({"id": 7}))
    service.route(r"/rows", lambda request: json_response([{"id": 1, "file": address}]))
    with service:
        yield service


@pytest.fixture
def connected(tmp_path, api, storage):
    """A function that returns a host in which the source is connected. Its argument says whether
    the entry trusts the storage with the key.
    """
    opened = []

    def open_(*, credential):
        plugin = make_plugin(detail=download_of)
        further = f"{{host: '{storage.url.removeprefix('https://')}', credential: {credential}}}"
        http = f"  auth: {{scheme: bearer, secret: api_key}}\n  hosts: [{further.lower()}]\n"
        host = host_of(tmp_path, plugin, base_url=api.url, http=http)
        opened.append(host)
        host.connect("paged", {"api_key": KEY})
        return host

    yield open_
    for each in opened:
        each.close()


@pytest.mark.parametrize("credential", [False, True])
def test_a_signed_address_is_requested_as_it_is(connected, api, storage, credential):
    """A file is fetched from its signed address, with the key only if the entry says so."""
    host = connected(credential=credential)
    assert isinstance(list(host.sync())[-1], SyncFinished)
    [request] = storage.requests
    assert request.query == f"signature={SIGNATURE.replace('+', '%2B')}"
    assert ("authorization" in request.headers) is credential
    assert {request.headers["authorization"] for request in api.requests} == {f"Bearer {KEY}"}
    assert len(host.activities()) == 1


def test_an_address_that_has_expired_does_not_reject_the_key(connected, storage, caplog):
    """If the storage refuses an address, the key stays valid, and the next sync gets another
    address. The log has no signature, on any level and of any library.
    """
    caplog.set_level("DEBUG")
    host = connected(credential=False)
    storage.fault("/files/1", Fault.status(403))
    for _ in range(2):
        assert isinstance(list(host.sync())[-1], SyncFinished)
    assert host.connections.list()[0].state == "ok"
    assert [request.status for request in storage.requests] == [403, 200]
    assert "FG-unexpected-status: localhost does not accept an address" in caplog.text
    assert "s1gn" not in caplog.text


def test_a_stand_in_does_not_lead_to_the_hosts_of_the_entry(connected, storage, caplog):
    """If the athlete replaces the address of the service, its addresses of other hosts are refused,
    because the replacement may be anybody's.
    """
    caplog.set_level("INFO")
    host = connected(credential=True)
    with LoopbackService() as stand_in:
        stand_in.route(r"/me", lambda request: json_response({"id": 7}))
        rows = [{"id": 1, "file": f"{storage.url}/files/1"}]
        stand_in.route(r"/rows", lambda request: json_response(rows))
        host.connect("paged", {"api_key": KEY, "base_url": stand_in.url})
        list(host.sync())
    assert "FG-host-not-allowed" in caplog.text
    assert storage.requests == []


@pytest.fixture
def played(tmp_path):
    """A host, a stand-in of the service and one of its storage, as an author's test has them: the
    entry has the real addresses.
    """
    with LoopbackService() as api, LoopbackService() as storage:
        storage.route(r"/files/1", lambda request: json_response({"file": True}))
        row = {"id": 1, "file": f"https://files.paged.example/files/1?signature={SIGNATURE}"}
        api.route(r"/me", lambda request: json_response({"id": 7}))
        api.route(r"/rows", lambda request: json_response([row]))
        http = (
            "  auth: {scheme: bearer, secret: api_key}\n"
            "  hosts: [{host: files.paged.example, credential: false}]\n"
        )
        policy = replace(Policy.personal(), stand_ins={"files.paged.example": storage.url})
        with host_of(tmp_path, make_plugin(detail=download_of), http=http, policy=policy) as host:
            host.connect("paged", {"api_key": KEY, "base_url": api.url})
            yield host, api, storage


def test_a_second_stand_in_plays_the_storage_of_an_entry(played):
    """An author tries signed downloads on this machine: the stand-in of the service names the real
    address of a file, and the stand-in of the storage gets the request, without the key.
    """
    host, api, storage = played
    assert isinstance(list(host.sync())[-1], SyncFinished)
    [request] = storage.requests
    assert request.query == f"signature={SIGNATURE}"
    assert "authorization" not in request.headers
    assert {request.headers["authorization"] for request in api.requests} == {f"Bearer {KEY}"}
    assert len(host.activities()) == 1
