"""A connection whose service answers from a table, for tests of a plugin's hooks."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from fitglue_registry.errors import AthleteNeeded, ConnectionStopped, FitglueError, Retryable
from fitglue_registry.testing.clock import FakeClock

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from fitglue_registry.plugin_api import Account


@dataclass(frozen=True, slots=True)
class FakeAnswer:
    """An HTTP answer with the status and the body that a test gives it."""

    body: bytes
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    url: str = "https://service.example/answer"
    wire: bytes = b""
    wire_encoding: Literal["identity", "gzip"] = "identity"

    def json(self) -> Any:
        """The body as plain values; raises ``ConnectionStopped`` where it is no JSON."""
        try:
            return json.loads(self.body)
        except ValueError as error:
            raise ConnectionStopped("FG-answer-not-json", "the answer is no JSON") from error


class FakeHttp:
    """An HTTP session that answers from a table, path by path, and lists what was asked for.

    An answer is bytes, a value that becomes JSON, a ``FakeAnswer``, an exception to raise, or a
    function of the parameters that returns one of these. A path that is not in the table has the
    status 404. Paths in the table are below ``base``.
    """

    def __init__(self, answers: Mapping[str, Any] | None = None, *, base: str = "") -> None:
        self.answers = dict(answers or {})
        self.asked: list[tuple[str, dict[str, str]]] = []
        self._base = base

    def get(
        self,
        path: str,
        params: Mapping[str, str] | None = None,
        *,
        accept: Sequence[int] = (),
    ) -> FakeAnswer:
        """The answer of a path; an unexpected status raises what the real session raises for it."""
        if not path.startswith(self._base):
            raise AssertionError(f"{path} is not below {self._base}")
        path = path.removeprefix(self._base)
        given = dict(params or {})
        self.asked.append((path, given))
        answer = self._answer(path, given)
        if 200 <= answer.status < 300 or answer.status in accept:
            return answer
        raise _error_of_status(answer.status)

    def _answer(self, path: str, params: dict[str, str]) -> FakeAnswer:
        content = self.answers.get(path, FakeAnswer(b'{"status":404}', 404))
        if callable(content):
            content = content(params)
        if isinstance(content, Exception):
            raise content
        if isinstance(content, FakeAnswer):
            return content
        if isinstance(content, bytes):
            return FakeAnswer(content)
        return FakeAnswer(json.dumps(content).encode())


@dataclass
class FakeConnection:
    """A connection as a hook is given it, with the values that a test gives it.

    ``signs_of_life`` counts the calls of ``alive``.
    """

    http: FakeHttp = field(default_factory=FakeHttp)
    settings: Mapping[str, str] = field(default_factory=dict)
    id: str = "c1"
    entry: str = "fake"
    account: Account | None = None
    clock: FakeClock = field(default_factory=FakeClock)
    log: logging.Logger = field(default_factory=lambda: logging.getLogger("fake"))
    cache: Path | None = None
    signs_of_life: int = 0

    def alive(self) -> None:
        """Count a sign of life."""
        self.signs_of_life += 1


def _error_of_status(status: int) -> FitglueError:
    if status == 401:
        return AthleteNeeded("FG-key-rejected", "the key was rejected")
    if status == 403:
        return AthleteNeeded("FG-not-permitted", "this is not permitted")
    if status == 429:
        return Retryable("FG-rate-limited", "the service asks for a rest")
    if status >= 500:
        return Retryable("FG-source-down", f"the service answers {status}")
    return ConnectionStopped("FG-unexpected-status", f"the service answers {status}")
