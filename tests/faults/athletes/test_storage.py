"""An athlete of a server keeps no more in the store than the quota."""

from __future__ import annotations

import dataclasses

import pytest

from fitglue_registry import Policy, Quotas
from fitglue_registry.errors import ConnectionStopped
from fitglue_registry.store.storage_use import RECORD_BYTES, stored_bytes
from tests.sync.builders import finished, stopped

GPX = b"""<?xml version="1.0"?><gpx xmlns="http://www.topografix.com/GPX/1/1"><trk><trkseg>
<trkpt lat="1" lon="2"><time>2026-05-01T07:30:00Z</time></trkpt>
<trkpt lat="1.01" lon="2"><time>2026-05-01T07:31:00Z</time></trkpt></trkseg></trk></gpx>"""


def kept(host, athlete="me"):
    """Return the bytes that an athlete keeps."""
    with host.workspace.database.read() as db:
        return stored_bytes(db, athlete)


def limited(policy, most):
    """Return a policy with a quota for what an athlete keeps."""
    return dataclasses.replace(policy, quotas=Quotas(stored_bytes=most))


@pytest.mark.parametrize("records", [0.5, 2.5])
def test_a_sync_stops_before_it_exceeds_the_quota(
    open_host, operated, service, records, reliability
):
    """A sync that would exceed the quota stops with the reason, stores nothing beyond it, and
    continues when the quota is larger.
    """
    most = int(RECORD_BYTES * records)
    host = open_host(limited(operated, most))
    host.connect("intervals", {"api_key": service.api_key})
    error = stopped(host)
    assert error.code == "FG-storage-full"
    assert "ask the operator" in error.fix
    assert kept(host) <= most
    assert host.connections.list()[0].state == "ok"
    finished(open_host(operated))
    assert len(host.activities.list()) == len(service.account.ids())
    reliability("athletes", "an athlete who keeps too much", lost=0, seen="FG-storage-full")


def test_an_upload_is_refused_if_nothing_is_left(open_host):
    """An upload of an athlete who keeps as much as the quota is refused at once; that of another
    athlete is read.
    """
    host = open_host(Policy(quotas=Quotas(stored_bytes=RECORD_BYTES + 100)))
    list(host.imports.add_bytes("a.gpx", GPX))
    assert kept(host) == 0
    host = open_host(Policy(quotas=Quotas(stored_bytes=RECORD_BYTES + 1_000)))
    list(host.imports.add_bytes("a.gpx", GPX))
    assert kept(host) > RECORD_BYTES
    host = open_host(Policy(quotas=Quotas(stored_bytes=kept(host))))
    with pytest.raises(ConnectionStopped) as caught:
        list(host.imports.add_bytes("b.gpx", GPX.replace(b"07:3", b"09:3")))
    assert caught.value.code == "FG-storage-full"


def test_nothing_new_needs_no_room(open_host, operated, service):
    """A sync of an athlete who has used up the quota succeeds if nothing new has arrived."""
    host = open_host(operated)
    host.connect("intervals", {"api_key": service.api_key})
    finished(host)
    finished(open_host(limited(operated, kept(host))))


def test_the_personal_policy_has_no_limit():
    """One person may keep any number of bytes, and a server has a limit by default."""
    assert Policy.personal().quotas.stored_bytes is None
    assert Policy().quotas.stored_bytes == 10_000_000_000
