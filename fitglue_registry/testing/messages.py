"""An HTTP request as it arrived at a service of tests, and a response before it is sent."""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

if TYPE_CHECKING:
    from collections.abc import Mapping

JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it arrived; the names of headers are in lower case."""

    method: str
    target: str
    version: str = "HTTP/1.1"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def path(self) -> str:
        """The target without its query, still percent-encoded."""
        return self.target.partition("?")[0]

    @property
    def query(self) -> str:
        """The query, still percent-encoded."""
        return self.target.partition("?")[2]

    @property
    def params(self) -> dict[str, list[str]]:
        """The values of each parameter of the query."""
        return parse_qs(self.query, keep_blank_values=True)

    @property
    def keep_alive(self) -> bool:
        """Whether another request may follow on the same connection."""
        wish = self.header("connection").lower()
        if wish == "close":
            return False
        return self.version == "HTTP/1.1" or wish == "keep-alive"

    @property
    def accepts_gzip(self) -> bool:
        """Whether the body of the response may be compressed."""
        return "gzip" in self.header("accept-encoding").lower()

    def header(self, name: str) -> str:
        """The value of a header, and an empty text where the request does not have it."""
        return self.headers.get(name, "")


@dataclass(frozen=True, slots=True)
class Response:
    """Status, body and headers of a response.

    ``gzipped`` is the body gzip-compressed, where the service has it at hand; ``body`` may be None
    then.
    """

    status: int
    body: bytes | None
    content_type: str = JSON
    headers: tuple[tuple[str, str], ...] = ()
    gzipped: bytes | None = None

    def plain(self) -> bytes:
        """The body, not compressed."""
        if self.body is None:
            return gzip.decompress(self.gzipped or b"")
        return self.body

    def with_body(self, body: bytes) -> Response:
        """The same response with another body."""
        return replace(self, body=body, gzipped=None)

    def with_header(self, name: str, value: str) -> Response:
        """The same response with one more header."""
        return replace(self, headers=(*self.headers, (name, value)))


def json_bytes(value: object) -> bytes:
    """A value as JSON without blanks, in UTF-8."""
    return json.dumps(
        value,
        ensure_ascii=False,
        separators=(",", ":"),
    ).encode()


def json_response(value: Any, status: int = 200) -> Response:
    """A response whose body is a value as JSON."""
    return Response(status, json_bytes(value))


def error_response(status: int, text: str) -> Response:
    """A response whose body tells the status and an error."""
    return json_response({"status": status, "error": text}, status)
