"""What a server responds is never shown to an athlete; only the log of the host quotes it."""

from __future__ import annotations

import json
import logging

import pytest

from fitglue_registry.errors import FitglueError
from fitglue_registry.sync.events import SyncStopped
from fitglue_registry.testing import Fault

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
