"""Receives the browser that a service sends back after the athlete has given a permission.

The listener is on 127.0.0.1 only, so nobody else on the network can reach it. It accepts one
address: the one that carries the state of the permission that is being waited for.
"""

from __future__ import annotations

import os
import queue
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from fitglue_registry.errors import AthleteNeeded, UserMistake

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Self

_ADDRESS = "127.0.0.1"
#: A browser opens connections in advance; one that sends nothing is closed after this time.
_SILENCE_S = 20.0
#: A longer address is no answer of a service.
_LONGEST_TARGET = 8_000
_PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>FitGlue</title></head>
<body><h1>FitGlue</h1><p>{text}</p></body></html>
"""
_CLOSE = "You can close this page and return to the terminal."
_RECEIVED = f"FitGlue has received the permission. {_CLOSE}"
_DENIED = f"FitGlue was not given the permission. {_CLOSE}"
_UNKNOWN = f"FitGlue does not wait for this page. {_CLOSE}"


class Listener:
    """A listener for one browser, from its ``with`` block's beginning to its end.

    Args:
        is_answer: Returns whether an address is the one that is waited for.
        path: The path to which the browser is sent back.
        port: The port; ``None`` is any free one.

    Raises:
        UserMistake: FG-port-taken if another program listens on the port.
    """

    def __init__(
        self,
        is_answer: Callable[[str], bool],
        path: str,
        port: int | None,
    ) -> None:
        self.is_answer = is_answer
        self.path = path
        self.answers: queue.SimpleQueue[str] = queue.SimpleQueue()
        try:
            self._server = _Server(self, port or 0)
        except OSError as error:
            raise _port_taken(port, error) from None
        self._thread = threading.Thread(
            target=self._server.serve_forever,
            args=(0.05,),
            daemon=True,
            name="loopback",
        )

    @property
    def port(self) -> int:
        """The port on which it listens."""
        return int(self._server.server_address[1])

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def wait(self, seconds: float) -> str:
        """Return the address to which the browser was sent.

        Args:
            seconds: The longest time to wait.

        Raises:
            AthleteNeeded: FG-permission-late if the browser has not come back by then.
        """
        try:
            return self.answers.get(timeout=seconds)
        except queue.Empty:
            raise AthleteNeeded(
                "FG-permission-late",
                f"the browser did not come back within {seconds / 60:.0f} minutes",
                fix="connect again; if your browser is on another machine, add --no-browser",
            ) from None


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    # A fixed port can be used again at once. Otherwise connections that have ended keep it for a
    # minute. On Windows, the option would let two programs listen on one port.
    allow_reuse_address = os.name == "posix"
    # A browser opens several connections at the same time.
    request_queue_size = 64

    def __init__(self, listener: Listener, port: int) -> None:
        self.listener = listener
        super().__init__((_ADDRESS, port), _Handler)

    def handle_error(self, *_: object) -> None:
        """Ignore a browser that closes its connection."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = _SILENCE_S

    def do_GET(self) -> None:
        """Show a page, and pass the address on if it is the one that is waited for."""
        listener = self.server.listener
        split = urlsplit(self.path[:_LONGEST_TARGET])
        callback = f"http://{_ADDRESS}{self.path}"
        is_short = len(self.path) <= _LONGEST_TARGET
        if split.path != listener.path or not is_short or not listener.is_answer(callback):
            self._show(404, _UNKNOWN)
            return
        self._show(200, _DENIED if "error" in parse_qs(split.query) else _RECEIVED)
        # Only now: the process may end as soon as it has the address.
        listener.answers.put(callback)

    def send_error(self, code: int, *_: object) -> None:
        """Show a page that repeats nothing of the request, such as its method."""
        self._show(code, _UNKNOWN)

    def _show(self, status: int, text: str) -> None:
        page = _PAGE.format(text=text).encode()
        self.send_response(status)
        headers = {
            "Content-Type": "text/html; charset=utf-8",
            "Content-Length": str(len(page)),
            "Content-Security-Policy": "default-src 'none'",
            "Referrer-Policy": "no-referrer",
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
            "Connection": "close",
        }
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(page)
        self.wfile.flush()

    def log_message(self, *_: object) -> None:
        """Write nothing: the address contains what the token is issued for."""


def _port_taken(port: int | None, error: OSError) -> UserMistake:
    return UserMistake(
        "FG-port-taken",
        f"nothing can listen on port {port} of this machine" if port else "nothing can listen here",
        why=error.strerror,
        fix="end the program that uses the port, or add --no-browser and paste the address",
    )
