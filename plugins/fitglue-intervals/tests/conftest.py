"""A connection that answers from a table, and builders that state only what a test is about."""

from __future__ import annotations

import json
import logging
import os
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from fitglue_intervals import plugin
from fitglue_registry.errors import AthleteNeeded, ConnectionStopped
from fitglue_registry.plugin_api import Body, Record

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)


@dataclass
class FakeAnswer:
    body: bytes
    status: int = 200
    url: str = "https://intervals.icu/api/v1/x"
    headers: Mapping[str, str] = field(default_factory=dict)
    wire: bytes = b""
    wire_encoding: str = "identity"

    def json(self) -> Any:
        try:
            return json.loads(self.body)
        except ValueError as error:
            raise ConnectionStopped("FG-answer-not-json", "the answer is a page") from error


class FakeHttp:
    """Answers by path below ``api/v1``: bytes, a value to be JSON, an answer, an error, or a
    function of the parameters.
    """

    def __init__(self, answers: Mapping[str, Any]) -> None:
        self.answers = dict(answers)
        self.asked: list[tuple[str, dict[str, str]]] = []

    def get(
        self, path: str, params: Mapping[str, str] | None = None, *, accept: Sequence[int] = ()
    ) -> FakeAnswer:
        assert path.startswith("api/v1/")
        path = path.removeprefix("api/v1/")
        self.asked.append((path, dict(params or {})))
        found = self.answers.get(path, FakeAnswer(b'{"status":404}', 404))
        found = found(dict(params or {})) if callable(found) else found
        if isinstance(found, Exception):
            raise found
        if not isinstance(found, FakeAnswer):
            found = FakeAnswer(found if isinstance(found, bytes) else json.dumps(found).encode())
        if found.status == 401:
            raise AthleteNeeded("FG-key-rejected", "the key was rejected")
        if found.status == 403:
            raise AthleteNeeded("FG-not-permitted", "not permitted")
        if found.status >= 300 and found.status not in accept:
            raise ConnectionStopped("FG-unexpected-status", f"status {found.status}")
        return found


@dataclass
class FakeClock:
    def now(self) -> datetime:
        return NOW


@dataclass
class FakeConnection:
    http: FakeHttp
    settings: Mapping[str, str]
    id: str = "c1"
    entry: str = "intervals"
    account: Any = None
    clock: Any = field(default_factory=FakeClock)
    log: logging.Logger = field(default_factory=lambda: logging.getLogger("test"))


@pytest.fixture
def answer() -> type[FakeAnswer]:
    return FakeAnswer


@pytest.fixture
def connect_to() -> Callable[..., FakeConnection]:
    """A connection whose service answers as told."""

    def make(answers: Mapping[str, Any], **settings: str) -> FakeConnection:
        return FakeConnection(FakeHttp(answers), settings)

    return make


@pytest.fixture
def activity() -> Callable[..., dict[str, Any]]:
    """A ride of the API with the few keys that every activity has."""

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
    """The source activity of a ride with changes; parts beside the summary are given as values or
    bytes.
    """

    def make(
        *,
        parts: Mapping[str, Any] | None = None,
        unavailable: Mapping[str, str] | None = None,
        **changes: Any,
    ) -> Any:
        given = {"summary": activity(**changes), **(parts or {})}
        bodies = {
            name: value
            if isinstance(value, Body)
            else Body(value if isinstance(value, bytes) else json.dumps(value).encode())
            for name, value in given.items()
            if value is not None
        }
        record = Record("i7", "intervals", bodies, unavailable=unavailable or {})
        [made] = plugin.fitglue_normalize(record=record)
        return made

    return make


@pytest.fixture(scope="session")
def payloads() -> Path:
    """The captured payloads, which are not ours to publish."""
    root = Path(os.environ.get("FITGLUE_SHARED") or Path(__file__).parents[4] / "shared")
    folder = root / "data" / "intervals" / "payloads"
    if not folder.is_dir():
        pytest.skip(
            f"the folder of captured payloads is not at {folder} (FITGLUE_SHARED names another one)"
        )
    return folder
