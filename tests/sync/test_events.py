"""Tests of ``event_as_json``, which makes plain values of events."""

from __future__ import annotations

import json
from datetime import date

from fitglue_registry.errors import Retryable
from fitglue_registry.plugin_api import Window
from fitglue_registry.sync.events import (
    Decided,
    SourceConnected,
    SyncStopped,
    WindowListed,
    event_as_json,
)


def test_an_event_is_its_name_and_its_fields():
    """An event becomes its name and its fields, without the fields that are ``None``."""
    assert event_as_json(Decided("intervals", "i1", "new")) == {
        "event": "Decided",
        "connection": "intervals",
        "external_id": "i1",
        "decision": "new",
    }


def test_the_window_of_an_event_is_its_days():
    """A window becomes its two days in ISO 8601, and the moment since which records have changed;
    an open end is null.
    """
    event = WindowListed("intervals", Window(date(2026, 1, 2), None), 1, 1, 0, 0, 0, 0)
    assert event_as_json(event)["window"] == {
        "oldest": "2026-01-02",
        "newest": None,
        "changed_since": None,
    }


def test_the_error_of_an_event_is_its_parts():
    """The error of an event becomes a dictionary of its parts: code, what, where, why and fix."""
    error = Retryable("FG-no-network", "the service cannot be reached", fix="try later")
    assert event_as_json(SyncStopped("intervals", error))["error"] == error.as_dict()


def test_every_event_can_be_written_as_json():
    """Every event can be encoded as JSON; tuples become lists, and mappings become objects."""
    stopped = SyncStopped("intervals", Retryable("FG-no-network", "x"), {"new": 2})
    connected = SourceConnected("files", "files", "a", None, ("/rides",))
    written = [json.loads(json.dumps(event_as_json(event))) for event in (stopped, connected)]
    assert written[0]["counts"] == {"new": 2}
    assert written[1]["paths"] == ["/rides"]
