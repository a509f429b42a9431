"""One HTTP/1.1 connection: requests read, answers written, faults carried out on the bare
socket.
"""

from __future__ import annotations

import gzip
import os
import socket
import struct
from dataclasses import dataclass
from email.utils import formatdate
from http import HTTPStatus
from typing import TYPE_CHECKING

from fitglue_intervals.testing.faults import Delivery, Fault

if TYPE_CHECKING:
    from io import BufferedIOBase
    from threading import Event

    from fitglue_intervals.testing.answers import Answer

_LONGEST_LINE = 1 << 20
_WORTH_PACKING = 1024
_ROWS = b'{"id":"i1","start_date_local":"2026-11-20T07:00:00","type":"Ride"},' * 1000
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


@dataclass(frozen=True, slots=True)
class Incoming:
    """A request as it came in; header names are in lower case."""

    method: str
    target: str
    version: str
    headers: dict[str, str]
    body: bytes

    @property
    def path(self) -> str:
        """The target without its query, percent signs and all."""
        return self.target.partition("?")[0]

    @property
    def query(self) -> str:
        """The query, percent signs and all."""
        return self.target.partition("?")[2]

    @property
    def keep_alive(self) -> bool:
        """Whether another request may follow on the connection."""
        wish = self.headers.get("connection", "").lower()
        return wish != "close" and (self.version == "HTTP/1.1" or wish == "keep-alive")

    @property
    def takes_gzip(self) -> bool:
        """Whether the answer may be compressed."""
        return "gzip" in self.headers.get("accept-encoding", "").lower()


def read_request(stream: BufferedIOBase) -> Incoming | None:
    """The next request of a connection; None at its end, or for what is no HTTP."""
    words = stream.readline(_LONGEST_LINE).decode("latin-1").split()
    if len(words) != 3:
        return None
    headers: dict[str, str] = {}
    while (line := stream.readline(_LONGEST_LINE).decode("latin-1")) not in {"\r\n", "\n", ""}:
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    length = headers.get("content-length", "0")
    body = stream.read(int(length)) if length.isdecimal() else b""
    return Incoming(words[0], words[1], words[2], headers, body)


def pack(answer: Answer, *, takes_gzip: bool) -> tuple[bytes, bool]:
    """The body as it travels, and whether it was compressed for that."""
    if answer.body is None:
        packed = answer.packed or b""
        return (packed, True) if takes_gzip else (gzip.decompress(packed), False)
    if (
        takes_gzip
        and len(answer.body) > _WORTH_PACKING
        and not any(name == "Content-Encoding" for name, _ in answer.headers)
    ):
        return answer.packed or gzip.compress(answer.body, 4, mtime=0), True
    return answer.body, False


def head(answer: Answer, length: int | None, *, packed: bool, keep_alive: bool) -> bytes:
    """The status line and the headers of an answer; without a length it ends with its
    connection.
    """
    try:
        phrase = HTTPStatus(answer.status).phrase
    except ValueError:
        phrase = "Unknown"
    lines = [
        f"HTTP/1.1 {answer.status} {phrase}",
        f"Date: {formatdate(usegmt=True)}",
        f"Content-Type: {answer.content_type}",
    ]
    lines += [f"{name}: {value}" for name, value in answer.headers]
    lines += (
        ["Vary: Accept-Encoding"]
        + ["Content-Encoding: gzip"] * packed
        + ["Connection: close"] * (not keep_alive)
    )
    lines += [] if length is None else [f"Content-Length: {length}"]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def deliver(
    connection: socket.socket, top: bytes, body: bytes, fault: Fault | None, closing: Event
) -> bool:
    """Write an answer, as a fault says; answers whether the connection is still good."""
    delivery = fault.delivery if fault else Delivery.WHOLE
    if fault is None or delivery is Delivery.WHOLE:
        connection.sendall(top + body)
        return True
    if delivery is Delivery.HOLD:
        closing.wait(fault.seconds)
    elif delivery is Delivery.CUT:
        connection.sendall(top + body[: int(len(body) * fault.keep)])
    elif delivery is Delivery.DRIP:
        whole, slow = (b"", top + body) if fault.with_headers else (top, body)
        return _drip(connection, whole, slow, fault.seconds or 0.0, closing)
    elif delivery is Delivery.FLOOD:
        _flood(connection, top, fault.size, closing)
    elif delivery is Delivery.NO_TLS:
        # Below the encryption, if there is one.
        os.write(connection.fileno(), b"HTTP/1.1 400 Bad Request\r\n\r\n")
    else:
        _reset(connection, top if delivery is Delivery.RESET_AFTER_HEADERS else b"")
    return False


def _drip(
    connection: socket.socket, top: bytes, body: bytes, seconds: float, closing: Event
) -> bool:
    connection.sendall(top)
    for at in range(len(body)):
        if closing.wait(seconds):
            return False
        connection.sendall(body[at : at + 1])
    return True


def _flood(connection: socket.socket, top: bytes, size: int, closing: Event) -> None:
    """One block of rows again and again: a body of any size costs this process nothing."""
    connection.sendall(top + b"[")
    left = size - 1
    while left > 0 and not closing.is_set():
        connection.sendall(_ROWS[:left])
        left -= len(_ROWS)


def _reset(connection: socket.socket, first: bytes) -> None:
    """Send something or nothing; closing then sends a reset instead of an end."""
    if first:
        connection.sendall(first)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
