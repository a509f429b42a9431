"""The bytes of HTTP/1.1: reads a request from a connection and encodes the head of a response."""

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
#: Bodies of more bytes are compressed for clients that accept gzip.
_WORTH_COMPRESSING = 1024
#: The compression level of gzip: nearly as small as the default of 9, and faster.
_LEVEL = 4


def read_request(stream: BufferedIOBase) -> Request | None:
    """Return the next request of a connection, or ``None`` at its end or if it is not HTTP."""
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
    """Return the body as it is sent for this request, and whether it is compressed.

    A body is compressed if the client accepts gzip, unless the response is encoded already.
    """
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
    """Return the status line and the headers as bytes.

    Args:
        response: The response.
        length: The ``Content-Length``; with ``None`` the body ends when the connection is closed.
        compressed: Whether the body is sent with gzip.
        keep_alive: Whether the connection stays open after the response.
    """
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
    """Return a compressed body. The last ones are cached, because clients repeat long lists."""
    return gzip.compress(body, _LEVEL, mtime=0)


def _phrase(status: int) -> str:
    """Return the reason phrase of a status, also for a status that no standard knows."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"
