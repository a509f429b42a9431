"""Reads and decodes a body up to a maximum size, so that neither a very long body nor a compression
bomb fills the memory.
"""

from __future__ import annotations

import io
import zlib
from typing import TYPE_CHECKING, Literal, NamedTuple

from urllib3.exceptions import HTTPError

from fitglue_registry.payloads import (
    BeyondLimits,
    DamagedPayload,
    TooManyMembers,
    unpack_deflate,
    unpack_gzip,
)
from fitglue_registry.transport.server_message import LONGEST_BEGINNING

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse

_CHUNK = 1 << 18
_GZIP = 31  # the ``wbits`` of zlib for data with a gzip header


class BodyTooLarge(Exception):
    """Raised if a body has more bytes than the entry allows, or, with a text, exceeds another limit
    of ``payloads.limits``.
    """


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
    if _announces_more(raw.headers.get("content-length", ""), cap):
        raise BodyTooLarge
    # Unlike a list of chunks that are joined at the end, it never holds the body twice.
    wire = io.BytesIO()
    while chunk := raw.read(_CHUNK, decode_content=False):
        wire.write(chunk)
        if wire.tell() > cap:
            raise BodyTooLarge
    return wire.getvalue()


def _announces_more(length: str, cap: int) -> bool:
    """Return whether the header ``Content-Length`` announces more bytes than the cap.

    Numbers of more digits are compared by their length, because Python refuses to convert thousands
    of digits.
    """
    length = length.strip().lstrip("0")
    if not (length.isascii() and length.isdecimal()):
        return False
    return len(length) > len(str(cap)) or int(length) > cap


def read_beginning(raw: BaseHTTPResponse, encoding: str) -> bytes:
    """Return the decoded beginning of the body of a failed response.

    Errors while reading it are ignored, because the status is the information that matters.
    """
    wire = b""
    try:
        while len(wire) < LONGEST_BEGINNING:
            chunk = raw.read(LONGEST_BEGINNING, decode_content=False)
            if not chunk:
                break
            wire += chunk
    except (HTTPError, OSError):
        pass
    if "gzip" not in encoding.lower():
        return wire
    try:
        return zlib.decompressobj(wbits=_GZIP).decompress(wire, LONGEST_BEGINNING)
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
    try:
        if encoding in ("gzip", "x-gzip"):
            return Content(unpack_gzip(received, cap), received, "gzip")
        if encoding == "deflate":
            body = unpack_deflate(received, cap)
            return Content(body, body)
    except TooManyMembers as limit:
        raise BodyTooLarge(str(limit)) from None
    except BeyondLimits:
        raise BodyTooLarge from None
    except DamagedPayload as error:
        raise BodyBroken(str(error)) from None
    raise BodyBroken(f"it is encoded as {encoding[:40]!r}, which was not requested")
