"""Saved payloads are normalized without a store, with the streams from files next to them."""

from __future__ import annotations

import io
import json

import pytest

from fitglue_registry.errors import FitglueError, UserMistake
from fitglue_registry.sync.deriving import payload

SAVED = {
    "id": "i1",
    "start_date": "2026-05-01T05:00:00Z",
    "start_date_local": "2026-05-01T07:00:00",
    "type": "Ride",
    "moving_time": 3600,
    "elapsed_time": 3600,
}
STREAMS = [
    {"type": "time", "data": [0, 1, 2]},
    {"type": "watts", "data": [100, 110, 120]},
]


@pytest.fixture
def saved(tmp_path):
    """A saved payload of one activity."""
    file = tmp_path / "saved.json"
    file.write_text(json.dumps(SAVED))
    return file


def stream_types(normalized):
    """Return the types of the streams of the only activity."""
    [(_, [activity])] = normalized
    return sorted(stream.type for stream in activity.streams)


def test_streams_beside_a_file_are_taken_along(host, saved):
    """The streams for saved.json are read from saved.streams.json."""
    saved.with_name("saved.streams.json").write_text(json.dumps(STREAMS))
    assert stream_types(host.imports.normalize_saved("intervals", saved)) == ["time", "watts"]


def test_streams_that_are_named_come_before_those_beside_the_file(host, saved, tmp_path):
    """A named file of streams takes precedence over the one next to the payload."""
    saved.with_name("saved.streams.json").write_text(json.dumps(STREAMS))
    named = tmp_path / "other.json"
    named.write_text(json.dumps(STREAMS[:1]))
    assert stream_types(host.imports.normalize_saved("intervals", saved, named)) == ["time"]


@pytest.mark.parametrize("source", ["intervals", "files"])
def test_a_payload_that_can_be_a_foreign_file_is_read_in_a_worker(host, saved, source, monkeypatch):
    """The payload of a source whose records have files is not read in this process, and a worker
    returns what its plugin refuses.
    """
    monkeypatch.setattr(payload, "Deriver", None)
    saved.write_bytes(saved.read_bytes().replace(b"i1", b""))
    try:
        results = host.imports.normalize_saved(source, saved)
    except FitglueError as error:
        results = [("", error)]
    [(_, refused)] = results
    assert isinstance(refused, FitglueError)
    assert refused.code.startswith("FG-")


def test_an_open_file_is_read(host, saved):
    """Standard input is read like a file, and has no file of streams next to it."""
    payload = io.BytesIO(saved.read_bytes())
    assert stream_types(host.imports.normalize_saved("intervals", payload)) == []


def test_a_file_that_cannot_be_read_is_named(host, tmp_path):
    """The error names the file that cannot be read."""
    with pytest.raises(UserMistake) as raised:
        host.imports.normalize_saved("intervals", tmp_path / "nothing.json")
    assert raised.value.code == "FG-file-unreadable"
    assert raised.value.at.file == str(tmp_path / "nothing.json")
