"""Tests that a request which changes something is carried out once, whatever happens to it."""

from __future__ import annotations

import json

import pytest

from fitglue_registry.plugin_api import Listing
from fitglue_registry.sync.events import SyncFinished
from fitglue_registry.testing import FakeClock, Fault, LoopbackService, Response, json_response
from tests.sync.http_source import host_of, make_plugin

#: Faults after which the service has carried out the request, or may have.
LOST = {
    "reset": Fault.reset(),
    "reset after the headers": Fault.reset(after_headers=True),
    "cut body": Fault.cut(),
    "broken gzip": Fault.broken_gzip(),
    "status 500": Fault.status(500),
    "status 503": Fault.status(503),
    "page with status 502": Fault.html_page(status=502),
    "closed without a response": Fault.hold(seconds=0.01),
}
#: Answers with which a service says that it has not carried out the request.
REFUSED = {
    "status 429": Fault.status(429),
    "status 400": Fault.status(400),
    "status 409": Fault.status(409),
}


class Exports(LoopbackService):
    """A service that makes an export of the workouts, one for each request."""

    def __init__(self):
        super().__init__()
        self.made = []
        self.route(r"/me", lambda request: json_response({"id": 7}))
        self.route(r"/exports", self.make, method="POST")
        self.route(r"/rows/\d+", lambda request: json_response({}))

    def make(self, request):
        self.made.append(request.header("idempotency-key"))
        # Large enough to be compressed, and to be cut.
        rows = [{"id": number, "title": "x" * 40} for number in range(1, 51)]
        return Response(200, json.dumps(rows).encode())


@pytest.fixture
def service():
    with Exports() as service:
        yield service


@pytest.fixture
def exporting(tmp_path, service):
    """A function that returns a host in which a source that asks for exports is connected. Its
    arguments are those of the request.
    """
    opened = []

    def open_(**sending):
        def rows(connection):
            answer = connection.http.post("exports", json={"format": "json"}, **sending)
            for row in answer.json():
                yield Listing(str(row["id"]), json.dumps(row).encode())

        host = host_of(tmp_path, make_plugin(rows), clock=FakeClock())
        opened.append(host)
        host.connect("paged", {"base_url": service.url})
        return host

    yield open_
    for each in opened:
        each.close()


@pytest.mark.parametrize("fault", LOST)
def test_a_request_whose_response_is_lost_is_sent_once(exporting, service, reliability, fault):
    """A sync ends with exit code 4 and says that the request may have been carried out. It was sent
    once, and the next sync works.
    """
    host = exporting()
    service.fault("/exports", LOST[fault], method="POST")
    error = list(host.sync())[-1].error
    assert (error.code, error.exit_code, len(service.made)) == ("FG-outcome-unknown", 4, 1)
    assert "it may have been carried out, so it was not sent again" in error.why
    assert isinstance(list(host.sync())[-1], SyncFinished)
    lost = 50 - len(host.activities())
    assert lost == 0
    reliability(
        "upstream", f"POST: {fault}", lost=lost, seen="FG-outcome-unknown, exit 4; sent once"
    )


@pytest.mark.parametrize("fault", REFUSED)
def test_a_request_that_is_refused_is_no_open_question(exporting, service, fault):
    """A refusal is never reported as a request that may have been carried out."""
    host = exporting()
    service.fault("/exports", REFUSED[fault], method="POST")
    last = list(host.sync())[-1]
    if fault == "status 429":
        assert isinstance(last, SyncFinished)
    else:
        assert last.error.code == "FG-unexpected-status"


@pytest.mark.parametrize("sending", [{"idempotent": True}, {"idempotency_key": "export-1"}])
def test_a_request_that_may_be_repeated_is_repeated(exporting, service, sending):
    """Where the plugin says that it is harmless, or gives a key, one lost response ends no sync."""
    host = exporting(**sending)
    service.fault("/exports", LOST["reset"], method="POST")
    assert isinstance(list(host.sync())[-1], SyncFinished)
    assert service.made == [sending.get("idempotency_key", "")] * 2
