"""Tools for the tests of plugins: fakes of a hook's arguments, and a small HTTP service that can
produce faults.

Call a hook with a fake connection, or start a service on loopback and connect a ``Host`` to it::

    connection = FakeConnection(FakeHttp({"activities": [{"id": 1}]}), entry="mine")
    assert [row.external_id for row in plugin.fitglue_list(connection, Window())] == ["1"]

    service = LoopbackService()
    service.route(r"/activities", lambda request: json_response([{"id": 1}]))
    with service:
        service.fault("/activities", Fault.status(503))
        …
"""

from fitglue_registry.testing.clock import FakeClock
from fitglue_registry.testing.connection import FakeAnswer, FakeConnection, FakeHttp
from fitglue_registry.testing.faults import Delivery, Fault
from fitglue_registry.testing.messages import FormPart, Request, Response, json_bytes, json_response
from fitglue_registry.testing.rules import Rule
from fitglue_registry.testing.service import LoggedRequest, LoopbackService

__all__ = [
    "Delivery",
    "FakeAnswer",
    "FakeClock",
    "FakeConnection",
    "FakeHttp",
    "Fault",
    "FormPart",
    "LoggedRequest",
    "LoopbackService",
    "Request",
    "Response",
    "Rule",
    "json_bytes",
    "json_response",
]
