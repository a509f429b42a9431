"""The documents of small payloads of our own, which are reviewed by eye."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from syrupy.extensions.json import JSONSnapshotExtension

from fitglue_intervals import plugin
from fitglue_registry.model import to_builtins

PAYLOADS = Path(__file__).parent / "payloads"


@pytest.mark.parametrize("name", ["run", "multisport-leg", "manual", "stub"])
def test_the_document_of_a_payload(name, snapshot):
    """The document of a payload equals its snapshot in each field."""
    parts = json.loads((PAYLOADS / f"{name}.json").read_text("utf-8"))
    streams = json.dumps(parts["streams"]).encode() if "streams" in parts else None
    [record] = plugin.offline_records(json.dumps(parts["activity"]).encode(), name, streams)
    [made] = plugin.fitglue_normalize(record=record)
    assert to_builtins(made) == snapshot(extension_class=JSONSnapshotExtension)
