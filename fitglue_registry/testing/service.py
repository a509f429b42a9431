"""A small HTTP service on loopback for tests: routes, faults on command, and a log."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import parse_qs, unquote

from fitglue_registry.testing.control import PREFIX, Commands
from fitglue_registry.testing.deliveries import Outgoing
from fitglue_registry.testing.faults import Delivery, Fault
from fitglue_registry.testing.listener import Listener
from fitglue_registry.testing.messages import Request, Response, error_response
from fitglue_registry.testing.rules import Rule, Rules
from fitglue_registry.testing.wire import body_for, head

if TYPE_CHECKING:
    import socket
    import ssl

#: Called with the request and the parts of the path that the groups of the route's pattern matched.
Endpoint = Callable[..., Response]

_POLL_S = 0.02
#: With these deliveries no status is ever sent.
_SILENT = (Delivery.HOLD, Delivery.RESET_FIRST)


@dataclass(frozen=True, slots=True)
class LoggedRequest:
    """One request that arrived: its path and query as they were sent, and the status that it got
    (0: none was sent).
    """

    method: str
    path: str
    query: str
    status: int

    @property
    def params(self) -> dict[str, list[str]]:
        """The values of each parameter of the query."""
        return parse_qs(self.query, keep_blank_values=True)


class LoopbackService:
    """An HTTP service on loopback, from ``with`` to its end, or from ``start()`` to ``close()``.

    Routes say what it answers, faults how it misbehaves. ``latency_s`` is waited before each
    response. With ``tls`` it speaks https, under the name localhost. ``commands`` are what another
    process may ask of it, see ``control``.
    """

    #: What its threads are called, and who says that it failed.
    name = "stand-in"

    def __init__(
        self,
        *,
        port: int = 0,
        latency_s: float = 0.0,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.tls = tls
        self.latency_s = latency_s
        self.closing = threading.Event()
        self.commands = Commands()
        self._port = port
        self._routes: list[tuple[re.Pattern[str], str, Endpoint]] = []
        self._rules = Rules()
        self._requests: list[LoggedRequest] = []
        self._lock = threading.Lock()
        self._listener: Listener | None = None
        self._thread: threading.Thread | None = None
        self._add_commands()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *exc: object) -> None:
        self.close()

    def start(self) -> Self:
        """Listen; the address is known when this returns. A service is started once."""
        self._listener = Listener(self, self._port, self.name)
        self._thread = threading.Thread(
            target=self._listener.serve_forever, args=(_POLL_S,), daemon=True, name=self.name
        )
        self._thread.start()
        return self

    def close(self) -> None:
        """Stop listening and end every connection, also those that a fault holds open."""
        self.closing.set()
        if self._listener is None or self._thread is None:
            return
        self._listener.shutdown()
        self._listener.hang_up()
        self._listener.server_close()
        self._thread.join()
        self._listener = None

    @property
    def url(self) -> str:
        """The address without a path; raises ``RuntimeError`` while the service does not run."""
        if self._listener is None:
            raise RuntimeError("the service does not run")
        port = self._listener.server_address[1]
        if self.tls:
            return f"https://localhost:{port}"
        return f"http://127.0.0.1:{port}"

    def route(
        self,
        pattern: str,
        endpoint: Endpoint,
        *,
        method: str = "GET",
    ) -> None:
        """Let an endpoint answer the paths that a regular expression matches as a whole.

        It is called with the request and the groups of the expression, which are unquoted; an empty
        text is given for a group that took no part.
        """
        self._routes.append((re.compile(pattern), method, endpoint))

    def respond(self, request: Request) -> Response:
        """The response of the first route that matches."""
        status = 404
        for pattern, method, endpoint in self._routes:
            match = pattern.fullmatch(request.path)
            if match is None:
                continue
            if method == request.method:
                return endpoint(request, *map(unquote, match.groups("")))
            status = 405
        return self.no_route(request, status)

    def no_route(self, request: Request, status: int) -> Response:
        """The response where no route has the path (404), or the path with this method (405)."""
        text = {404: "Not Found", 405: "Method Not Allowed"}[status]
        return error_response(status, f"{text}: {request.method} {request.path}")

    @property
    def requests(self) -> list[LoggedRequest]:
        """The requests so far, in the order in which they were answered; commands are not among
        them.
        """
        with self._lock:
            return list(self._requests)

    def clear_requests(self) -> None:
        """Forget the requests so far."""
        with self._lock:
            self._requests.clear()

    def fault(
        self,
        path: str | re.Pattern[str],
        fault: Fault,
        *,
        times: int | None = 1,
        after: int = 0,
    ) -> Rule:
        """Misbehave at the paths that a glob (``*/activities``) or a pattern matches, a number of
        times or (None) always.

        A glob is compared with the path; a pattern is searched in path and query. The first
        ``after`` requests that match are spared. The rule that is returned counts in ``fired`` how
        often it hit.
        """
        rule = Rule(path, fault, times, after)
        self._rules.add(rule)
        return rule

    def clear_faults(self) -> None:
        """Behave again."""
        self._rules.clear()

    def exchange(self, request: Request, connection: socket.socket) -> bool:
        """Answer one request; returns whether the connection may serve another one."""
        if request.path.startswith(PREFIX):
            return self._send(
                request,
                self.commands.respond(request),
                None,
                connection,
            )
        if self.latency_s and self.closing.wait(self.latency_s):
            return False
        fault = self._rules.take(request)
        response = self.respond(request)
        if fault is not None:
            response = fault.change(response)
        self._log(request, response, fault)
        return self._send(request, response, fault, connection)

    def _log(
        self,
        request: Request,
        response: Response,
        fault: Fault | None,
    ) -> None:
        status = response.status
        if fault is not None and fault.delivery in _SILENT:
            status = 0
        logged = LoggedRequest(
            request.method,
            request.path,
            request.query,
            status,
        )
        with self._lock:
            self._requests.append(logged)

    def _send(
        self,
        request: Request,
        response: Response,
        fault: Fault | None,
        connection: socket.socket,
    ) -> bool:
        body, compressed = body_for(request, response)
        length: int | None = len(body)
        keep_alive = request.keep_alive
        if fault is not None and fault.delivery is Delivery.FLOOD:
            length = fault.size if fault.with_headers else None
            keep_alive = False
        top = head(
            response,
            length,
            compressed=compressed,
            keep_alive=keep_alive,
        )
        is_good = Outgoing(connection, top, body, self.closing).send(fault)
        return is_good and request.keep_alive

    def _add_commands(self) -> None:
        self.commands.add(
            "GET",
            "requests",
            lambda: [asdict(entry) for entry in self.requests],
        )
        self.commands.add("DELETE", "requests", self.clear_requests)
        self.commands.add("DELETE", "faults", self.clear_faults)
        self.commands.add("POST", "fault", self._set_fault)
        self.commands.add("POST", "latency", self._set_latency)

    def _set_fault(
        self, *, kind: str, path: str = "", regex: str | None = None, **options: Any
    ) -> None:
        fault = Fault.named(kind, options.pop("args", {}))
        self.fault(re.compile(regex) if regex else path, fault, **options)

    def _set_latency(self, *, seconds: float) -> None:
        self.latency_s = float(seconds)
