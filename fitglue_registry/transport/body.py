"""Reads and decodes a body up to a maximum size, so that neither a very long body nor a compression
bomb fills the memory.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from urllib3.exceptions import HTTPError

# The same interface as zlib and two and a half times as fast, if a plugin depends on it.
try:
    from isal import isal_zlib
except ImportError:
    _CODEC: Any = zlib
else:
    _CODEC = isal_zlib

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse

_CHUNK = 1 << 18
_BEGINNING = 1 << 16
_GZIP = 31  # the ``wbits`` of zlib for data with a gzip header


class BodyTooLarge(Exception):
    """Raised if a body has more bytes than the entry allows."""


class BodyBroken(Exception):
    """Raised if a body cannot be decoded in the way that its headers specify."""


def read_wire(raw: BaseHTTPResponse, cap: int) -> bytes:
    """Return the body as it was received, without decoding it.

    Args:
        raw: The response of urllib3.
        cap: The largest allowed size in bytes.

    Raises:
        BodyTooLarge: The announced length or the received bytes exceed the cap. The remaining
            bytes are not read.
    """
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


def read_beginning(raw: BaseHTTPResponse, encoding: str) -> bytes:
    """Return the decoded beginning of the body of a failed response.

    Errors while reading it are ignored, because the status is the information that matters.
    """
    wire = b""
    try:
        while len(wire) < _BEGINNING:
            chunk = raw.read(_BEGINNING, decode_content=False)
            if not chunk:
                break
            wire += chunk
    except (HTTPError, OSError):
        pass
    if "gzip" not in encoding.lower():
        return wire
    try:
        return zlib.decompressobj(wbits=_GZIP).decompress(wire, _BEGINNING)
    except zlib.error:
        return b""


class Content(NamedTuple):
    """The body of a response in both forms."""

    body: bytes  # decoded
    wire: bytes  # the bytes to keep
    wire_encoding: Literal["identity", "gzip"] = "identity"  # the encoding of ``wire``


def decode(
    received: bytes,
    encoding: str,
    cap: int,
) -> Content:
    """Decode a body.

    Args:
        received: The body as received.
        encoding: The value of the header ``Content-Encoding``.
        cap: The largest allowed size of the decoded body in bytes.

    Returns:
        The content. A gzip body is kept as received; a body in any other encoding is kept decoded.

    Raises:
        BodyTooLarge: The decoded body exceeds the cap.
        BodyBroken: The encoding is unknown, or the bytes are damaged.
    """
    encoding = encoding.strip().lower()
    if not received or encoding in ("", "identity"):
        return Content(received, received)
    if encoding in ("gzip", "x-gzip"):
        return Content(_gunzip(received, cap), received, "gzip")
    if encoding == "deflate":
        body = _inflate(received, cap)
        return Content(body, body)
    raise BodyBroken(f"it is encoded as {encoding[:40]!r}, which was not requested")


def _gunzip(wire: bytes, cap: int) -> bytes:
    """Return the content of all members of a gzip body; stop as soon as they exceed ``cap``."""
    members: list[bytes] = []
    size = 0
    remaining = wire
    while remaining:
        stream = _CODEC.decompressobj(wbits=_GZIP)
        member = _bounded(stream, remaining, cap - size)
        size += len(member)
        members.append(member)
        remaining = stream.unused_data.lstrip(b"\0")  # some servers pad the end with zeros
    return b"".join(members)


def _inflate(wire: bytes, cap: int) -> bytes:
    """Return the content of a ``deflate`` body.

    RFC 9110 (8.4.1.2) defines it as zlib data, but some servers send it without the zlib header.
    """
    try:
        return _bounded(zlib.decompressobj(), wire, cap)
    except BodyBroken:
        return _bounded(zlib.decompressobj(wbits=-zlib.MAX_WBITS), wire, cap)


def _bounded(
    stream: Any,
    wire: bytes,
    cap: int,
) -> bytes:
    """Return the decompressed bytes, at most ``cap`` of them."""
    try:
        # One byte more than allowed shows that the body is too large without unpacking all of it.
        body: bytes = stream.decompress(wire, cap + 1)
    except (zlib.error, _CODEC.error) as error:
        raise BodyBroken(f"its compressed bytes are damaged: {error}") from None
    if len(body) > cap:
        raise BodyTooLarge
    if not stream.eof:
        raise BodyBroken("its compressed bytes end too early")
    return body
