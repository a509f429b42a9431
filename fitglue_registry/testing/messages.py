"""The requests and responses of the HTTP service for tests."""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass, field, replace
from email.parser import BytesParser
from email.policy import HTTP
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

if TYPE_CHECKING:
    from collections.abc import Mapping

JSON = "application/json"


@dataclass(frozen=True, slots=True)
class FormPart:
    """A field or a file of a form that was sent as multipart."""

    name: str  # name of the field
    content: bytes
    filename: str | None = None  # name of the file; None: it is a field
    content_type: str = "text/plain"  # media type of the content


@dataclass(frozen=True, slots=True)
class Request:
    """An HTTP request as it arrived."""

    method: str  # ``GET``, ``POST`` or another method
    target: str  # path and query, percent-encoded
    version: str = "HTTP/1.1"
    headers: Mapping[str, str] = field(default_factory=dict)  # by name in lower case
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
        """The parameters of the query: name → decoded values, in order."""
        return parse_qs(self.query, keep_blank_values=True)

    @property
    def keep_alive(self) -> bool:
        """Whether the client may send another request on the same connection."""
        connection = self.header("connection").lower()
        if connection == "close":
            return False
        # Since HTTP/1.1, connections are persistent unless a header says otherwise (RFC 9112, 9.3).
        return self.version == "HTTP/1.1" or connection == "keep-alive"

    @property
    def accepts_gzip(self) -> bool:
        """Whether the client accepts a compressed body."""
        return "gzip" in self.header("accept-encoding").lower()

    def json(self) -> Any:
        """Return the body as plain Python values.

        Raises:
            ValueError: The body is not JSON.
        """
        return json.loads(self.body)

    @property
    def form(self) -> dict[str, list[str]]:
        """The fields of a form without files: name → decoded values, in order."""
        return parse_qs(self.body.decode(), keep_blank_values=True)

    @property
    def parts(self) -> list[FormPart]:
        """The fields and files of a form with files (multipart), in order."""
        head = f"Content-Type: {self.header('content-type')}\r\n\r\n".encode()
        message = BytesParser(policy=HTTP).parsebytes(head + self.body)
        return [_form_part(part) for part in message.iter_parts()]

    def header(self, name: str) -> str:
        """Return the value of a header, or an empty string if the request does not have it.

        Args:
            name: The name of the header, in lower case.
        """
        return self.headers.get(name, "")


@dataclass(frozen=True, slots=True)
class Response:
    """An HTTP response before it is sent."""

    status: int  # status code
    body: bytes | None  # uncompressed body; may be None if ``gzipped`` is set
    content_type: str = JSON
    headers: tuple[tuple[str, str], ...] = ()  # further headers; a name may occur more than once
    gzipped: bytes | None = None  # the compressed body, if the service already has it

    def plain(self) -> bytes:
        """Return the uncompressed body."""
        if self.body is None:
            return gzip.decompress(self.gzipped or b"")
        return self.body

    def with_body(self, body: bytes) -> Response:
        """Return a copy of the response with another uncompressed body."""
        return replace(self, body=body, gzipped=None)

    def with_header(self, name: str, value: str) -> Response:
        """Return a copy of the response with one more header."""
        return replace(self, headers=(*self.headers, (name, value)))


def _form_part(part: Any) -> FormPart:
    content = part.get_payload(decode=True)
    return FormPart(
        part.get_param("name", header="content-disposition"),
        content,
        part.get_filename(),
        part.get_content_type(),
    )


def json_bytes(value: object) -> bytes:
    """Return a value as compact JSON in UTF-8, without escapes for non-ASCII characters."""
    return json.dumps(
        value,
        ensure_ascii=False,
        separators=(",", ":"),
    ).encode()


def json_response(value: Any, status: int = 200) -> Response:
    """Return a response whose body is a value as JSON.

    Args:
        value: Any value that the ``json`` module can write.
        status: The status code.
    """
    return Response(status, json_bytes(value))


def error_response(status: int, text: str) -> Response:
    """Return a response whose body is a JSON object with the status and an error message."""
    return json_response({"status": status, "error": text}, status)
