"""Fixtures: deliveries to a folder. A test states only what it is about."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from fitglue_destinations import plugin
from fitglue_formats.testing import ride_file
from fitglue_registry.model import Column, SourceActivity, Stream
from fitglue_registry.plugin_api import Delivery, OriginalFile
from fitglue_registry.testing import FakeConnection

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

START = datetime(2026, 5, 1, 6, 30, tzinfo=UTC)


@pytest.fixture
def folder(tmp_path) -> Path:
    """The folder of the athlete."""
    path = tmp_path / "workouts"
    path.mkdir()
    return path


@pytest.fixture
def connection(tmp_path) -> FakeConnection:
    """The connection of the folder, which has no account."""
    cache = tmp_path / "cache"
    cache.mkdir()
    return FakeConnection(entry="folder", cache=cache)


@pytest.fixture
def activity() -> Callable[..., SourceActivity]:
    """A function that returns a ride of ten seconds."""

    def make(**values: Any) -> SourceActivity:
        streams = (
            Stream("time", Column.of(range(10))),
            Stream("watts", Column.of(range(100, 110))),
            Stream("latlng", Column.pairs([48.0 + n / 1e4 for n in range(10)], [8.0] * 10)),
        )
        values = {
            "title": "Morning ride",
            "sport": "Ride",
            "start_utc": START,
            "start_local": datetime(2026, 5, 1, 8, 30),  # noqa: DTZ001 - the athlete's clock
            "elapsed_s": 9.0,
            "streams": streams,
        } | values
        return SourceActivity(**values)

    return make


@pytest.fixture
def delivery(folder, activity) -> Callable[..., Delivery]:
    """A function that returns the delivery of a ride to the folder, as its original file."""

    def make(**values: Any) -> Delivery:
        settings = {"path": str(folder), "format": "original"} | values.pop("settings", {})
        content = values.pop("content", None) or ride_file()
        file = OriginalFile(
            content,
            "ride.fit",
            "fit",
            hashlib.sha256(content).hexdigest(),
        )
        values = {
            "external_id": "d-1",
            "action": "create",
            "number": 12,
            "activity": activity(),
            "file": file,
            "settings": settings,
        } | values
        return Delivery(**values)

    return make


@pytest.fixture
def deliver(connection) -> Callable[[Delivery], Any]:
    """A function that carries out a delivery."""

    def send(delivery: Delivery) -> Any:
        return plugin.fitglue_deliver(connection=connection, delivery=delivery)

    return send


@pytest.fixture
def find(connection) -> Callable[[Delivery], Any]:
    """A function that looks for a delivery."""

    def look(delivery: Delivery) -> Any:
        return plugin.fitglue_find_delivery(connection=connection, delivery=delivery)

    return look


@pytest.fixture
def names(folder) -> Callable[[], list[str]]:
    """A function that returns the names of the files in the folder, hidden ones included."""

    def listed() -> list[str]:
        files = [path for path in folder.rglob("*") if not path.is_dir()]
        return sorted(path.relative_to(folder).as_posix() for path in files)

    return listed
