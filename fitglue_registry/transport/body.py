"""Reads and decodes a body within bounds of size, so that neither a flood nor a bomb fills the
memory.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from urllib3.exceptions import HTTPError

# The same interface as zlib, two and a half times as fast, where a plugin brought it.
try:
    from isal import isal_zlib
except ImportError:
    _CODEC: Any = zlib
else:
    _CODEC = isal_zlib

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse

_CHUNK = 1 << 18
_WORDS = 1 << 16
_GZIP = 31  # zlib's name for "with a gzip header"


class BodyTooLarge(Exception):
    """More bytes than the entry allows; the rest was not read."""


class BodyBroken(Exception):
    """The bytes cannot be decoded as the headers say."""


def read_wire(raw: BaseHTTPResponse, cap: int) -> bytes:
    """Return the body as received; raises ``BodyTooLarge`` as soon as it is known to be."""
    announced = raw.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > cap:
        raise BodyTooLarge
    chunks: list[bytes] = []
    size = 0
    while chunk := raw.read(_CHUNK, decode_content=False):
        size += len(chunk)
        if size > cap:
            raise BodyTooLarge
        chunks.append(chunk)
    return b"".join(chunks)


def read_words(raw: BaseHTTPResponse, encoding: str) -> bytes:
    """Return the beginning of an answer that nobody expected, as far as it can be read.

    Never raises for what is wrong with it.
    """
    wire = b""
    try:
        while len(wire) < _WORDS:
            chunk = raw.read(_WORDS, decode_content=False)
            if not chunk:
                break
            wire += chunk
    except (HTTPError, OSError):
        pass
    if "gzip" not in encoding.lower():
        return wire
    try:
        return zlib.decompressobj(wbits=_GZIP).decompress(wire, _WORDS)
    except zlib.error:
        return b""


class Content(NamedTuple):
    """The decoded body of an answer, the bytes that are kept of it, and how those are encoded."""

    body: bytes
    wire: bytes
    wire_encoding: Literal["identity", "gzip"] = "identity"


def decode(
    received: bytes,
    encoding: str,
    cap: int,
) -> Content:
    """Decode a body; gzip is kept as received, anything else is kept decoded."""
    encoding = encoding.strip().lower()
    if not received or encoding in ("", "identity"):
        return Content(received, received)
    if encoding in ("gzip", "x-gzip"):
        return Content(_gunzip(received, cap), received, "gzip")
    if encoding == "deflate":
        body = _inflate(received, cap)
        return Content(body, body)
    raise BodyBroken(f"it is encoded as {encoding[:40]!r}, which was not asked for")


def _gunzip(wire: bytes, cap: int) -> bytes:
    """Return all members of a gzip stream, stopped as soon as they exceed ``cap``."""
    members: list[bytes] = []
    size = 0
    rest = wire
    while rest:
        stream = _CODEC.decompressobj(wbits=_GZIP)
        member = _bounded(stream, rest, cap - size)
        size += len(member)
        members.append(member)
        rest = stream.unused_data.lstrip(b"\0")  # some servers pad the end
    return b"".join(members)


def _inflate(wire: bytes, cap: int) -> bytes:
    """The name says zlib, and some servers send it without its header."""
    try:
        return _bounded(zlib.decompressobj(), wire, cap)
    except BodyBroken:
        return _bounded(zlib.decompressobj(wbits=-zlib.MAX_WBITS), wire, cap)


def _bounded(
    stream: Any,
    wire: bytes,
    cap: int,
) -> bytes:
    try:
        body: bytes = stream.decompress(wire, cap + 1)
    except (zlib.error, _CODEC.error) as error:
        raise BodyBroken(f"its compressed bytes are damaged: {error}") from None
    if len(body) > cap:
        raise BodyTooLarge
    if not stream.eof:
        raise BodyBroken("its compressed bytes end too early")
    return body
