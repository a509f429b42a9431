"""HTTP/1.1 on a connection: reads a request, and makes the bytes of a response."""

from __future__ import annotations

import gzip
from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus
from typing import TYPE_CHECKING

from fitglue_registry.testing.messages import Request, Response

if TYPE_CHECKING:
    from io import BufferedIOBase

_LONGEST_LINE = 1 << 20
_WORTH_COMPRESSING = 1024
_LEVEL = 4


def read_request(stream: BufferedIOBase) -> Request | None:
    """The next request of a connection; None at its end, or where it is not HTTP."""
    words = _read_line(stream).split()
    if len(words) != 3:
        return None
    method, target, version = words
    headers = _read_headers(stream)
    length = headers.get("content-length", "0")
    body = b""
    if length.isdecimal():
        body = stream.read(int(length))
    return Request(method, target, version, headers, body)


def body_for(request: Request, response: Response) -> tuple[bytes, bool]:
    """The body as it is sent for this request, and whether it was compressed for that."""
    if response.body is None and request.accepts_gzip:
        return response.gzipped or b"", True
    body = response.plain()
    if not request.accepts_gzip or len(body) <= _WORTH_COMPRESSING or _is_encoded(response):
        return body, False
    return response.gzipped or _compressed(body), True


def head(
    response: Response,
    length: int | None,
    *,
    compressed: bool = False,
    keep_alive: bool = True,
) -> bytes:
    """The status line and the headers; without a length the response ends with its connection."""
    lines = [
        f"HTTP/1.1 {response.status} {_phrase(response.status)}",
        f"Date: {formatdate(usegmt=True)}",
        f"Content-Type: {response.content_type}",
    ]
    for name, value in response.headers:
        lines.append(f"{name}: {value}")
    lines.append("Vary: Accept-Encoding")
    if compressed:
        lines.append("Content-Encoding: gzip")
    if not keep_alive:
        lines.append("Connection: close")
    if length is not None:
        lines.append(f"Content-Length: {length}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def _read_line(stream: BufferedIOBase) -> str:
    return stream.readline(_LONGEST_LINE).decode("latin-1")


def _read_headers(stream: BufferedIOBase) -> dict[str, str]:
    headers: dict[str, str] = {}
    line = _read_line(stream)
    while line.strip("\r\n"):
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
        line = _read_line(stream)
    return headers


def _is_encoded(response: Response) -> bool:
    return any(name == "Content-Encoding" for name, _ in response.headers)


@lru_cache(maxsize=8)
def _compressed(body: bytes) -> bytes:
    """A body compressed; the last few are kept, since a client may ask for a long list again."""
    return gzip.compress(body, _LEVEL, mtime=0)


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"
