"""What a server responds is never shown to an athlete; only the log of the host quotes it."""

from __future__ import annotations

import dataclasses
import json
import logging

import pytest

from fitglue_registry import Plugins, Policy
from fitglue_registry.errors import FitglueError, PluginFailed
from fitglue_registry.sync.events import SyncStopped
from fitglue_registry.testing import Fault
from tests.plugins.conftest import Point, make_plugin

WORDS = "instance-role-of-the-server"
ERROR = json.dumps({"error": WORDS})
BODIES = {
    "a rejected key": Fault.raw_body(ERROR, status=401),
    "no permission": Fault.raw_body(ERROR, status=403),
    "an unknown path": Fault.raw_body(WORDS, status=404),
    "an outage": Fault.raw_body(ERROR, status=500),
    "a web page": Fault.raw_body(f"<html><title>{WORDS}</title></html>"),
    "another document": Fault.raw_body(json.dumps({WORDS: WORDS})),
    "a redirect": Fault.redirect(f"http://{WORDS}.internal/"),
}


def texts_of(error: FitglueError) -> str:
    """Return everything that an athlete may be shown of an error."""
    return f"{error} {error.as_dict()} {error.__context__!r} {error.__cause__!r}"


def connects_and_raises(connection):
    """Ask the service, and raise an exception with what it responds."""
    raise ValueError(connection.http.get("api/v1/athlete/0/profile").body)


connects_and_raises.__name__ = "fitglue_connect"


def test_an_exception_of_a_plugin_is_quoted_only_in_the_log(open_host, operated, service, caplog):
    """A plugin that raises an exception with a response in it shows the response to no athlete, and
    the error names no file of the server.
    """
    service.fault("*", Fault.raw_body(ERROR), times=None)
    points = [Point("fitglue-intervals", make_plugin(connects_and_raises))]
    host = open_host(operated, plugins=Plugins(points))
    with pytest.raises(PluginFailed) as caught:
        host.connect("intervals", {"api_key": service.api_key})
    assert caught.value.code == "FG-plugin-raised"
    assert WORDS not in str(caught.value.as_dict())
    assert ".py" not in str(caught.value.as_dict())
    assert WORDS in caplog.text
    personal = open_host(
        dataclasses.replace(Policy.personal(), settings=operated.settings), plugins=Plugins(points)
    )
    with pytest.raises(PluginFailed) as caught:
        personal.connect("intervals", {"api_key": service.api_key})
    assert WORDS in str(caught.value.as_dict())


@pytest.mark.parametrize("case", BODIES)
def test_a_response_is_quoted_only_in_the_log(
    open_host, operated, service, case, caplog, reliability
):
    """No error of a closed host contains what a server responded, neither when an account is
    connected nor in a sync nor in the list of runs.
    """
    caplog.set_level(logging.INFO)
    host = open_host(operated)
    host.connect("intervals", {"api_key": service.api_key})
    service.fault("*", BODIES[case], times=None)
    with pytest.raises(FitglueError) as caught:
        host.connect("intervals", {"api_key": service.api_key}, "eve")
    events = list(host.sync())
    assert isinstance(events[-1], SyncStopped)
    shown = texts_of(caught.value) + texts_of(events[-1].error) + json.dumps(host.syncs.runs())
    assert WORDS not in shown
    reliability("athletes", f"a response that tells about the network: {case}", lost=0, seen="code")
