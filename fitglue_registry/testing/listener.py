"""The listening socket of a service of tests, which can end every connection that it has."""

from __future__ import annotations

import logging
import socket
import socketserver
import threading
from typing import TYPE_CHECKING, Any, Protocol

from fitglue_registry.testing.messages import Request, error_response
from fitglue_registry.testing.wire import head, read_request

if TYPE_CHECKING:
    import ssl
    from io import BufferedIOBase

_log = logging.getLogger(__name__)
_JOIN_S = 2


class Exchanger(Protocol):
    """What answers the requests of a listener."""

    tls: ssl.SSLContext | None

    def exchange(self, request: Request, connection: socket.socket) -> bool:
        """Answer one request; returns whether the connection may serve another one."""


class Listener(socketserver.ThreadingMixIn, socketserver.TCPServer):
    """The listening socket on loopback, with a thread for each connection."""

    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(
        self,
        service: Exchanger,
        port: int,
        name: str,
    ) -> None:
        self.service = service
        self.name = name
        self._live: dict[threading.Thread, socket.socket] = {}
        self._live_lock = threading.Lock()
        super().__init__(("127.0.0.1", port), _Connection)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Serve a new connection on a thread of its own."""
        thread = threading.Thread(
            target=self._serve,
            args=(request, client_address),
            daemon=True,
            name=f"{self.name} connection",
        )
        with self._live_lock:
            self._live[thread] = request
        thread.start()

    def shutdown_request(self, request: Any) -> None:
        """Close a connection; ``shutdown`` first would send an end in place of a reset."""
        self.close_request(request)

    def hang_up(self) -> None:
        """End every connection and wait for its thread."""
        with self._live_lock:
            live = list(self._live.items())
        for _, connection in live:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue
        for thread, _ in live:
            thread.join(_JOIN_S)

    def _serve(self, request: Any, client_address: Any) -> None:
        try:
            if self.service.tls is not None:
                request = self._encrypted(request, self.service.tls)
            self.process_request_thread(request, client_address)
        except OSError:  # a client that does not trust us, or speaks no TLS
            self.close_request(request)
        finally:
            with self._live_lock:
                self._live.pop(threading.current_thread(), None)

    def _encrypted(self, request: socket.socket, tls: ssl.SSLContext) -> ssl.SSLSocket:
        encrypted = tls.wrap_socket(
            request,
            server_side=True,
            do_handshake_on_connect=False,
        )
        with self._live_lock:
            self._live[threading.current_thread()] = encrypted
        try:
            encrypted.do_handshake()
        except OSError:
            encrypted.close()
            raise
        return encrypted


class _Connection(socketserver.StreamRequestHandler):
    """One client's connection, which the client may leave at any time."""

    disable_nagle_algorithm = True
    server: Listener
    request: socket.socket
    rfile: BufferedIOBase

    def handle(self) -> None:
        try:
            request = read_request(self.rfile)
            while request is not None and self._exchange(request):
                request = read_request(self.rfile)
        except OSError:
            return

    def _exchange(self, request: Request) -> bool:
        try:
            return self.server.service.exchange(request, self.request)
        except OSError:
            raise
        except Exception as problem:  # noqa: BLE001  (a defect must show in the test that met it)
            _log.exception(
                "the %s failed at %s",
                self.server.name,
                request.target,
            )
            response = error_response(
                500, f"{self.server.name}: {type(problem).__name__}: {problem}"
            )
            body = response.plain()
            top = head(response, len(body), keep_alive=False)
            self.request.sendall(top + body)
            return False
