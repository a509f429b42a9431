"""Writes a response to the bare socket, completely or as a fault specifies."""

from __future__ import annotations

import os
import socket
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fitglue_registry.testing.faults import Delivery, Fault

if TYPE_CHECKING:
    from threading import Event

#: One block of rows that a flood repeats.
_ROWS = b'{"id":"i1","start_date_local":"2026-11-20T07:00:00","type":"Ride"},' * 1000
#: The value of SO_LINGER for "linger for 0 seconds": ``close`` then sends RST instead of FIN.
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A response that is ready to be sent."""

    connection: socket.socket
    head: bytes  # status line and headers
    body: bytes
    closing: Event  # set when the service closes, which ends a slow delivery

    def send(self, fault: Fault | None) -> bool:
        """Send the response as the fault specifies.

        Returns:
            Whether the connection can serve another request.
        """
        if fault is None or fault.delivery is Delivery.WHOLE:
            self.connection.sendall(self.head + self.body)
            return True
        match fault.delivery:
            case Delivery.HOLD:
                self.closing.wait(fault.seconds)
            case Delivery.CUT:
                kept = int(len(self.body) * fault.keep)
                self.connection.sendall(self.head + self.body[:kept])
            case Delivery.DRIP:
                return self._drip(fault)
            case Delivery.FLOOD:
                self._flood(fault.size)
            case Delivery.NO_TLS:
                # Written to the file descriptor, so that an encrypted connection does not encrypt.
                os.write(self.connection.fileno(), b"HTTP/1.1 400 Bad Request\r\n\r\n")
            case Delivery.RESET_AFTER_HEADERS:
                self.connection.sendall(self.head)
                self._reset()
            case Delivery.RESET_FIRST:
                self._reset()
        return False

    def _drip(self, fault: Fault) -> bool:
        """Send the body, or head and body, one byte per interval."""
        at_once, slowly = self.head, self.body
        if fault.with_headers:
            at_once, slowly = b"", self.head + self.body
        self.connection.sendall(at_once)
        for index in range(len(slowly)):
            if self.closing.wait(fault.seconds or 0.0):
                return False
            self.connection.sendall(slowly[index : index + 1])
        return True

    def _flood(self, size: int) -> None:
        """Send one block of rows repeatedly, so that a body of any size needs little memory."""
        self.connection.sendall(self.head + b"[")
        remaining = size - 1
        while remaining > 0 and not self.closing.is_set():
            self.connection.sendall(_ROWS[:remaining])
            remaining -= len(_ROWS)

    def _reset(self) -> None:
        """Let the listener, which closes the socket next, reset the connection."""
        self.connection.setsockopt(
            socket.SOL_SOCKET,
            socket.SO_LINGER,
            _RESET_ON_CLOSE,
        )
