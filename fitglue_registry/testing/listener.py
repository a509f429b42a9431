"""The listening socket of the HTTP service for tests, which can close all of its connections."""

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
    """The service whose requests a listener receives."""

    tls: ssl.SSLContext | None

    def exchange(self, request: Request, connection: socket.socket) -> bool:
        """Answer one request, and return whether the connection can serve another one."""


class Listener(socketserver.ThreadingMixIn, socketserver.TCPServer):
    """The listening socket on 127.0.0.1, with a thread for each connection."""

    # A test may restart a service on the same port, which may still be in the state TIME_WAIT.
    allow_reuse_address = True
    daemon_threads = True
    # ``close_connections`` waits for the threads instead, after it has closed their sockets.
    block_on_close = False
    # The default of 5 refuses connections when many threads of a test connect at once.
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
        """Serve a new connection in a new thread; called by ``socketserver``."""
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
        """Close a connection without ``shutdown``, which sends FIN before a fault can send RST."""
        self.close_request(request)

    def close_connections(self) -> None:
        """Close every connection and wait for its thread."""
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
        except OSError:  # the client does not trust the certificate, or does not use TLS
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
        # Noted before the handshake, which blocks if the client sends nothing: closing the service
        # must be able to end it.
        with self._live_lock:
            self._live[threading.current_thread()] = encrypted
        try:
            encrypted.do_handshake()
        except OSError:
            encrypted.close()
            raise
        return encrypted


class _Connection(socketserver.StreamRequestHandler):
    """The connection of one client, which the client may close at any time."""

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
        # A defect of an endpoint has to be visible in the test whose request met it.
        except Exception as problem:  # noqa: BLE001
            _log.exception(
                "the %s failed to answer %s",
                self.server.name,
                request.target,
            )
            response = error_response(
                500, f"{self.server.name}: {type(problem).__name__}: {problem}"
            )
            body = response.plain()
            head_bytes = head(response, len(body), keep_alive=False)
            self.request.sendall(head_bytes + body)
            return False
