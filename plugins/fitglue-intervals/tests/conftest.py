"""A connection that answers from a table, and builders that state only the values that matter to a
test.
"""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from fitglue_intervals import plugin
from fitglue_registry.plugin_api import Body, Record
from fitglue_registry.testing import FakeAnswer, FakeClock, FakeConnection, FakeHttp

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)


@pytest.fixture
def answer() -> type[FakeAnswer]:
    return FakeAnswer


@pytest.fixture
def connect_to() -> Callable[..., FakeConnection]:
    """Return a connection whose service answers from a table of paths below ``api/v1``."""

    def make(answers: Mapping[str, Any], **settings: str) -> FakeConnection:
        http = FakeHttp(answers, base="api/v1/")
        return FakeConnection(http, settings, entry="intervals", clock=FakeClock(NOW))

    return make


@pytest.fixture
def activity() -> Callable[..., dict[str, Any]]:
    """Return a ride as the API has it, with the few keys of every activity."""

    def make(**changes: Any) -> dict[str, Any]:
        return {
            "id": "i7",
            "type": "Ride",
            "name": "Morning ride",
            "start_date": "2026-05-01T05:30:00Z",
            "start_date_local": "2026-05-01T07:30:00",
            "elapsed_time": 3700,
            "moving_time": 3600,
        } | changes

    return make


@pytest.fixture
def normalized(activity: Callable[..., dict[str, Any]]) -> Callable[..., Any]:
    """Return the source activity of a ride with changed keys; the other parts are given as values
    or as bytes.
    """

    def make(
        *,
        parts: Mapping[str, Any] | None = None,
        unavailable: Mapping[str, str] | None = None,
        **changes: Any,
    ) -> Any:
        values = {"summary": activity(**changes), **(parts or {})}
        bodies = {
            name: value
            if isinstance(value, Body)
            else Body(value if isinstance(value, bytes) else json.dumps(value).encode())
            for name, value in values.items()
            if value is not None
        }
        record = Record("i7", "intervals", bodies, unavailable=unavailable or {})
        [made] = plugin.fitglue_normalize(record=record)
        return made

    return make


@pytest.fixture(scope="session")
def payloads() -> Path:
    """The folder of the captured payloads, which this repository may not publish."""
    root = Path(os.environ.get("FITGLUE_SHARED") or Path(__file__).parents[4] / "shared")
    folder = root / "data" / "intervals" / "payloads"
    if not folder.is_dir():
        pytest.skip(
            f"the folder of captured payloads is not at {folder} (FITGLUE_SHARED names another one)"
        )
    return folder
