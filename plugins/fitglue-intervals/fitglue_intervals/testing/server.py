"""The stand-in itself: an account served on loopback, with a log of what was asked and faults on
command.
"""

from __future__ import annotations

import logging
import socket
import socketserver
import threading
from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from fitglue_intervals.testing.answers import Answer, error
from fitglue_intervals.testing.control import PREFIX, control
from fitglue_intervals.testing.faults import Delivery, Fault, Rule, Rules
from fitglue_intervals.testing.routes import Service
from fitglue_intervals.testing.wire import Incoming, deliver, head, pack, read_request

if TYPE_CHECKING:
    import re
    import ssl
    from io import BufferedIOBase

    from fitglue_intervals.testing.account import Account

_log = logging.getLogger(__name__)
_LARGE = 50_000
_KEPT = 8


@dataclass(frozen=True, slots=True)
class Request:
    """One request that came in: the path and the query as sent, and the status it got (0: no status
    was ever sent).
    """

    method: str
    path: str
    query: str
    status: int

    @property
    def params(self) -> dict[str, list[str]]:
        """The query taken apart."""
        return parse_qs(self.query, keep_blank_values=True)


class StandIn:
    """A server for one account, from ``with`` to its end, or from ``start()`` to ``close()``.

    ``latency_s`` is waited before each answer. ``stub_detail`` answers the detail of a Strava
    activity with its stub instead of 422; both were seen. With ``tls`` it speaks https, by the name
    of localhost.
    """

    def __init__(
        self,
        account: Account,
        *,
        api_key: str = "stand-in-key",
        athlete_id: str | None = None,
        port: int = 0,
        latency_s: float = 0.0,
        stub_detail: bool = False,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.account = account
        self.tls = tls
        self.latency_s = latency_s
        self._service = Service(account, athlete_id or account.athlete_id, api_key, stub_detail)
        self._wanted_port = port
        self._rules = Rules()
        self._requests: list[Request] = []
        self._lock = threading.Lock()
        self._packed: OrderedDict[tuple[int, str], Answer] = OrderedDict()
        self.closing = threading.Event()
        self._listener: _Listener | None = None
        self._thread: threading.Thread | None = None

    def __enter__(self) -> StandIn:
        return self.start()

    def __exit__(self, *exc: object) -> None:
        self.close()

    def start(self) -> StandIn:
        """Listen; the address is known when this returns. A stand-in is started once."""
        self._listener = _Listener(self, self._wanted_port)
        self._thread = threading.Thread(
            target=self._listener.serve_forever, args=(0.02,), daemon=True, name="stand-in"
        )
        self._thread.start()
        return self

    def close(self) -> None:
        """Stop listening and end every connection, also those that are held or dripping."""
        self.closing.set()
        if self._listener is not None and self._thread is not None:
            self._listener.shutdown()
            self._listener.hang_up()
            self._listener.server_close()
            self._thread.join()
            self._listener = None

    @property
    def url(self) -> str:
        """The address without a path; raises ``RuntimeError`` while the server does not run."""
        if self._listener is None:
            raise RuntimeError("the stand-in does not run")
        port = self._listener.server_address[1]
        return f"https://localhost:{port}" if self.tls else f"http://127.0.0.1:{port}"

    @property
    def athlete_id(self) -> str:
        """Whose account the key opens."""
        return self._service.athlete_id

    @property
    def api_key(self) -> str | None:
        """The key that is valid now."""
        return self._service.key

    def set_key(self, key: str) -> None:
        """Make another key the valid one."""
        self._service.key = key

    def revoke_key(self) -> None:
        """Let no key be valid any more."""
        self._service.key = None

    @property
    def requests(self) -> list[Request]:
        """The requests so far, in the order in which they were answered; control requests are not
        among them.
        """
        with self._lock:
            return list(self._requests)

    def clear_requests(self) -> None:
        """Forget the requests so far."""
        with self._lock:
            self._requests.clear()

    def fault(
        self, path: str | re.Pattern[str], fault: Fault, *, times: int | None = 1, after: int = 0
    ) -> Rule:
        """Misbehave for the paths that a glob (``*/activities``) or a pattern meets, a number of
        times or (None) always.

        A glob is held against the path, a pattern is searched in path and query. The first
        ``after`` requests that it meets are spared. The rule that comes back counts in ``fired``
        how often it hit.
        """
        rule = Rule(path, fault, times, after)
        self._rules.add(rule)
        return rule

    def clear_faults(self) -> None:
        """Behave again."""
        self._rules.clear()

    def exchange(self, request: Incoming, connection: socket.socket) -> bool:
        """Answer one request; answers whether the connection is still good."""
        if request.path.startswith(PREFIX):
            return self._write(
                control(self, request.method, request.path, request.body), None, request, connection
            )
        if self.latency_s and self.closing.wait(self.latency_s):
            return False
        fault = self._rules.take(request.path, request.target)
        answer = self._answer(request)
        if fault is not None:
            answer = fault.change(answer)
        silent = fault is not None and fault.delivery in {Delivery.HOLD, Delivery.RESET_FIRST}
        with self._lock:
            self._requests.append(
                Request(request.method, request.path, request.query, 0 if silent else answer.status)
            )
        return self._write(answer, fault, request, connection)

    def _answer(self, request: Incoming) -> Answer:
        key = (self.account.version, request.target)
        answer = self._service.answer(
            request.method,
            request.path,
            parse_qs(request.query, keep_blank_values=True),
            request.headers.get("authorization"),
        )
        if answer.body is None or len(answer.body) < _LARGE or not request.takes_gzip:
            return answer
        return self._with_packed(key, answer)

    def _with_packed(self, key: tuple[int, str], answer: Answer) -> Answer:
        """A large answer with its compressed form, from the last few that were compressed."""
        with self._lock:
            kept = self._packed.get(key)
        if kept is not None and kept.body == answer.body:
            return kept
        answer = replace(answer, packed=pack(answer, takes_gzip=True)[0])
        with self._lock:
            self._packed[key] = answer
            while len(self._packed) > _KEPT:
                self._packed.popitem(last=False)
        return answer

    def _write(
        self, answer: Answer, fault: Fault | None, request: Incoming, connection: socket.socket
    ) -> bool:
        body, packed = pack(answer, takes_gzip=request.takes_gzip)
        length: int | None = len(body)
        keep_alive = request.keep_alive
        if fault is not None and fault.delivery is Delivery.FLOOD:
            length, packed, keep_alive = fault.size if fault.with_headers else None, False, False
        top = head(answer, length, packed=packed, keep_alive=keep_alive)
        return deliver(connection, top, body, fault, self.closing) and request.keep_alive


class _Connection(socketserver.StreamRequestHandler):
    """One client's connection; a client that goes away is no news."""

    disable_nagle_algorithm = True
    server: _Listener
    request: socket.socket
    rfile: BufferedIOBase

    def handle(self) -> None:
        try:
            while (request := read_request(self.rfile)) is not None:
                if not self._exchange(request):
                    return
        except OSError:
            return

    def _exchange(self, request: Incoming) -> bool:
        try:
            return self.server.stand_in.exchange(request, self.request)
        except OSError:
            raise
        except Exception as problem:  # noqa: BLE001  (a defect of the stand-in must show in the test that met it)
            _log.exception("the stand-in failed at %s", request.target)
            answer = error(500, f"stand-in: {type(problem).__name__}: {problem}")
            self.request.sendall(
                head(answer, len(answer.body or b""), packed=False, keep_alive=False)
                + (answer.body or b"")
            )
            return False


class _Listener(socketserver.ThreadingMixIn, socketserver.TCPServer):
    """The listening socket, which knows its connections so that it can end them."""

    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, stand_in: StandIn, port: int) -> None:
        self.stand_in = stand_in
        self._live: dict[threading.Thread, socket.socket] = {}
        self._live_lock = threading.Lock()
        super().__init__(("127.0.0.1", port), _Connection)

    def process_request(self, request: Any, client_address: Any) -> None:
        thread = threading.Thread(
            target=self._serve,
            args=(request, client_address),
            daemon=True,
            name="stand-in connection",
        )
        with self._live_lock:
            self._live[thread] = request
        thread.start()

    def _serve(self, request: Any, client_address: Any) -> None:
        try:
            if self.stand_in.tls is not None:
                request = self._encrypted(request, self.stand_in.tls)
            self.process_request_thread(request, client_address)
        except OSError:  # a client that does not trust us, or speaks no TLS
            self.close_request(request)
        finally:
            with self._live_lock:
                self._live.pop(threading.current_thread(), None)

    def _encrypted(self, request: socket.socket, tls: ssl.SSLContext) -> ssl.SSLSocket:
        encrypted = tls.wrap_socket(request, server_side=True, do_handshake_on_connect=False)
        with self._live_lock:
            self._live[threading.current_thread()] = encrypted
        try:
            encrypted.do_handshake()
        except OSError:
            encrypted.close()
            raise
        return encrypted

    def shutdown_request(self, request: Any) -> None:
        # Closed without a word first: ``shutdown`` would send an end where a reset was ordered.
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
            thread.join(2)
