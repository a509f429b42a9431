"""Tests of pipelines to a folder and a webhook: each workout is there once, whatever returns."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from fitglue_destinations.testing import Receiver
from fitglue_formats.testing import ride_file
from fitglue_registry import Host, Policy
from fitglue_registry.errors import UserMistake
from fitglue_registry.testing import FakeClock

if TYPE_CHECKING:
    from collections.abc import Iterator

#: The evening of the day on which the ride of ``ride_file`` began. For a pipeline that is made
#: later, the ride would be history.
AFTER_THE_RIDE = datetime(2026, 4, 13, 20, tzinfo=UTC)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A receiver of webhooks."""
    with Receiver() as running:
        yield running


@pytest.fixture
def host(tmp_path) -> Iterator[Host]:
    """A host that reads the folder ``watch``."""
    (tmp_path / "watch").mkdir()
    clock = FakeClock(AFTER_THE_RIDE)
    with Host(tmp_path / "home", clock=clock, policy=Policy.personal()) as opened:
        opened.connect("files", {"paths": str(tmp_path / "watch")})
        yield opened


def pipe(host, receiver, folder, file_format):
    """Add a pipeline to a folder and to a webhook."""
    host.connect("webhook", {"url": receiver.address})
    settings = {"path": str(folder), "format": file_format}
    steps = [
        {"to": "folder", "name": "disk", "settings": settings},
        {"to": "webhook", "name": "hook"},
    ]
    host.pipelines.apply({"schema": 1, "name": "all", "destinations": steps})


@pytest.fixture
def piped(host, receiver, folder):
    """The host with a pipeline that writes FIT files."""
    pipe(host, receiver, folder, "fit")
    return host


def work(host):
    """Sync everything, and run the pipelines until nothing is due."""
    list(host.sync())
    host.workspace.clock.move(minutes=30)
    list(host.pipelines.run())


def test_a_workout_is_in_the_folder_and_at_the_webhook_once(piped, tmp_path, receiver, names):
    """Further runs send nothing more."""
    (tmp_path / "watch" / "ride.fit").write_bytes(ride_file())
    for _ in range(3):
        work(piped)
    assert len(names()) == 1
    assert len(receiver.messages) == 1
    assert receiver.copies == 0


def test_what_returns_from_the_folder_starts_nothing(piped, tmp_path, folder, receiver, names):
    """The folder is a source as well, and the file is recognized as what was sent."""
    piped.connect("files", {"paths": f"{tmp_path / 'watch'}:{folder}"})
    (tmp_path / "watch" / "ride.fit").write_bytes(ride_file())
    for _ in range(3):
        work(piped)
    assert len(names()) == 1
    assert len(receiver.messages) == 1
    assert len(list(piped.activities.list())) == 1


def test_a_changed_title_is_written_with_the_samples(host, tmp_path, folder, receiver, names):
    """The file is written anew, and keeps its name and its samples."""
    pipe(host, receiver, folder, "json")
    (tmp_path / "watch" / "ride.fit").write_bytes(ride_file())
    work(host)
    [name] = names()
    host.decisions.edit("1", {"title": "Another title"})
    work(host)
    assert names() == [name]
    written = json.loads((folder / name).read_bytes())
    assert written["title"] == "Another title"
    assert "watts" in [stream["type"] for stream in written["streams"]]
    assert [message.type for message in receiver.messages] == [
        "activity.created",
        "activity.updated",
    ]


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        ({"path": "workouts"}, "FG-field-refused"),
        ({"path": "/tmp/x", "format": "kml"}, "FG-field-refused"),
        ({"path": "/tmp/x", "file_name": "{name}"}, "FG-field-refused"),
        ({"path": "/tmp/x", "colour": "red"}, "FG-setting-unknown"),
        ({}, "FG-field-refused"),
    ],
)
def test_wrong_settings_are_refused_before_anything_is_sent(host, settings, code):
    """The pipeline is not stored."""
    step = {"to": "folder", "name": "disk", "settings": settings}
    with pytest.raises(UserMistake) as raised:
        host.pipelines.apply({"schema": 1, "name": "all", "destinations": [step]})
    assert raised.value.code == code
    assert host.pipelines.list() == []


def test_an_athlete_of_a_server_names_no_folder(tmp_path):
    """A path of the server is nobody's setting but the operator's."""
    with Host(tmp_path / "home", policy=Policy()) as host:
        step = {"to": "folder", "name": "disk", "settings": {"path": str(tmp_path)}}
        with pytest.raises(UserMistake) as raised:
            host.pipelines.apply({"schema": 1, "name": "all", "destinations": [step]})
    assert raised.value.code == "FG-path-not-allowed"
