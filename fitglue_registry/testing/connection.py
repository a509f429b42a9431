"""A fake connection whose responses come from a table, for tests of a plugin's hooks."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from fitglue_registry.errors import AthleteNeeded, ConnectionStopped, FitglueError, Retryable
from fitglue_registry.testing.clock import FakeClock
from fitglue_registry.transport import server_message
from fitglue_registry.transport.outgoing import outgoing
from fitglue_registry.transport.policy import HttpPolicy

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path
    from typing import Unpack

    from fitglue_registry.plugin_api import Account, Sending
    from fitglue_registry.transport.addresses import Params

_POLICY = HttpPolicy("https://service.example")


@dataclass(frozen=True, slots=True)
class FakeAnswer:
    """A ``plugin_api.Answer`` whose values a test sets."""

    body: bytes  # decoded body
    status: int = 200  # status code
    headers: Mapping[str, str] = field(default_factory=dict)  # response headers
    url: str = "https://service.example/answer"  # URL that the response came from
    wire: bytes = b""  # body as received; it is not derived from ``body``
    wire_encoding: Literal["identity", "gzip"] = "identity"  # encoding of ``wire``

    def json(self) -> Any:
        """Return the body as plain Python values.

        Raises:
            ConnectionStopped: FG-answer-not-json, as from the real session, if it is not JSON.
        """
        try:
            return json.loads(self.body)
        except ValueError as error:
            raise ConnectionStopped("FG-answer-not-json", "the response is not JSON") from error

    def quote(self) -> str:
        """Return the error message in the body, as the real session does."""
        return server_message.quote(self.body, str)


class FakeHttp:
    """A ``plugin_api.Http`` that takes its responses from a table and lists the requests.

    Args:
        answers: Path below ``base``, or a complete address → the response: bytes, a value that
            becomes JSON, a ``FakeAnswer``, an exception to raise, or a function of the query
            parameters that returns one of these. The key of a request other than GET begins with
            the method, as in ``"POST uploads"``, and a function gets the keywords of the request
            as its second argument. What is not in the table has status 404.
        base: Beginning of every path, such as ``api/v1/``, which the table leaves out.
    """

    def __init__(self, answers: Mapping[str, Any] | None = None, *, base: str = "") -> None:
        self.answers = dict(answers or {})
        # Path below the base and query parameters of each request, in order.
        self.requests: list[tuple[str, dict[str, Any]]] = []
        # Method, path below the base and keywords of each request other than GET, in order.
        self.sent: list[tuple[str, str, Sending]] = []
        self._base = base

    def get(
        self,
        path: str,
        params: Params | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        accept: Sequence[int] = (),
    ) -> FakeAnswer:
        """Return the response of a path from the table, without any retry.

        Args:
            path: Path of the request, with the base, or a complete address.
            params: Query parameters.
            headers: Headers of the request; those that the real session refuses are refused.
            accept: Statuses to return in addition to 2xx.

        Raises:
            AssertionError: The path is not below the base, which is a mistake in the plugin.
            FitglueError: The status is neither 2xx nor accepted; class and code are those that the
                real session raises.
        """
        path = self._below(path)
        query = dict(params or {})
        outgoing(_POLICY, "GET", _POLICY.base_url, {"headers": headers or {}})
        self.requests.append((path, query))
        return _expected(self._answer(path, query), accept)

    def post(
        self,
        path: str,
        params: Params | None = None,
        **sending: Unpack[Sending],
    ) -> FakeAnswer:
        """Return the response of ``POST`` and a path from the table, as ``get`` does."""
        return self._send("POST", path, params, sending)

    def put(
        self,
        path: str,
        params: Params | None = None,
        **sending: Unpack[Sending],
    ) -> FakeAnswer:
        """Return the response of ``PUT`` and a path from the table, as ``get`` does."""
        return self._send("PUT", path, params, sending)

    def patch(
        self,
        path: str,
        params: Params | None = None,
        **sending: Unpack[Sending],
    ) -> FakeAnswer:
        """Return the response of ``PATCH`` and a path from the table, as ``get`` does."""
        return self._send("PATCH", path, params, sending)

    def delete(
        self,
        path: str,
        params: Params | None = None,
        **sending: Unpack[Sending],
    ) -> FakeAnswer:
        """Return the response of ``DELETE`` and a path from the table, as ``get`` does."""
        return self._send("DELETE", path, params, sending)

    def _send(
        self,
        method: str,
        path: str,
        params: Params | None,
        sending: Sending,
    ) -> FakeAnswer:
        path = self._below(path)
        query = dict(params or {})
        # Refuses what the real session refuses, such as a header of the transport.
        outgoing(_POLICY, method, _POLICY.base_url, sending)
        self.requests.append((path, query))
        self.sent.append((method, path, sending))
        answer = self._answer(f"{method} {path}", query, sending)
        return _expected(answer, sending.get("accept", ()))

    def _below(self, path: str) -> str:
        if path.startswith(("http://", "https://")):
            return path
        if not path.startswith(self._base):
            raise AssertionError(f"{path} is not below {self._base}")
        return path.removeprefix(self._base)

    def _answer(self, key: str, *arguments: Any) -> FakeAnswer:
        content = self.answers.get(key, FakeAnswer(b'{"status":404}', 404))
        if callable(content):
            content = content(*arguments)
        if isinstance(content, Exception):
            raise content
        if isinstance(content, FakeAnswer):
            return content
        if isinstance(content, bytes):
            return FakeAnswer(content)
        return FakeAnswer(json.dumps(content).encode())


@dataclass
class FakeConnection:
    """A ``plugin_api.Connection`` whose values a test sets."""

    http: FakeHttp = field(default_factory=FakeHttp)  # the table of responses
    settings: Mapping[str, str] = field(default_factory=dict)  # settings of the connection
    id: str = "c1"  # name of the connection
    entry: str = "fake"  # id of the source's entry
    account: Account | None = None  # account, if ``fitglue_connect`` has returned it
    clock: FakeClock = field(default_factory=FakeClock)  # clock that the test moves
    log: logging.Logger = field(default_factory=lambda: logging.getLogger("fake"))
    cache: Path | None = None  # folder for data that may be lost
    signs_of_life: int = 0  # how often ``alive`` was called

    def alive(self) -> None:
        """Count a sign of life in ``signs_of_life``."""
        self.signs_of_life += 1


def _expected(answer: FakeAnswer, accept: Sequence[int]) -> FakeAnswer:
    """Return a response, or raise the error that the transport raises for its status."""
    if 200 <= answer.status < 300 or answer.status in accept:
        return answer
    raise _error_of_status(answer.status)


def _error_of_status(status: int) -> FitglueError:
    """Return the error that the transport raises for an unexpected status."""
    if status == 401:
        return AthleteNeeded("FG-key-rejected", "the service rejects the key")
    if status == 403:
        return AthleteNeeded("FG-not-permitted", "the service does not permit this")
    if status == 429:
        return Retryable("FG-rate-limited", "the service limits the number of requests")
    if status >= 500:
        return Retryable("FG-source-down", f"the service answers with status {status}")
    return ConnectionStopped("FG-unexpected-status", f"the service answers with status {status}")
