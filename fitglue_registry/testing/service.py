"""A small HTTP service on loopback for tests, with routes, faults and a log of its requests."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
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
    from collections.abc import Mapping

#: Called with the request and, as further arguments, the groups of the route's regular expression.
Endpoint = Callable[..., Response]

#: How often the listener looks whether it has to stop; the default of 0.5 s would slow every test.
_POLL_S = 0.02
#: The deliveries that send no status.
_SILENT = (Delivery.HOLD, Delivery.RESET_FIRST)


@dataclass(frozen=True, slots=True)
class LoggedRequest:
    """One entry of the log of requests."""

    method: str  # ``GET``, ``POST`` or another method
    path: str  # path as it was sent, percent-encoded
    query: str  # query as it was sent, percent-encoded
    status: int  # status of the response; 0: none was sent
    # Headers by their names in lower case, and body; neither is compared, and commands omit them.
    headers: Mapping[str, str] = field(default_factory=dict, compare=False, repr=False)
    body: bytes = field(default=b"", compare=False, repr=False)

    @property
    def params(self) -> dict[str, list[str]]:
        """The parameters of the query: name → decoded values, in order."""
        return parse_qs(self.query, keep_blank_values=True)

    def shown(self) -> dict[str, Any]:
        """Return the entry without headers and body, which may contain a secret."""
        names = ("method", "path", "query", "status")
        return {name: getattr(self, name) for name in names}


class LoopbackService:
    """An HTTP service on 127.0.0.1 that runs inside ``with``, or from ``start()`` to ``close()``.

    Add routes for correct responses and faults for broken ones. Another process can set faults and
    read the log through the commands of ``testing.control``.

    Args:
        port: The port to listen on; 0 lets the operating system choose a free one.
        latency_s: Seconds to wait before each response.
        tls: The context of an https service, whose certificate must be for ``localhost``.
    """

    #: The name of its threads, which also begins the messages about its own defects.
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
        """Start to listen, and return the service; ``url`` is known from now on.

        A service can be started only once.
        """
        self._listener = Listener(self, self._port, self.name)
        self._thread = threading.Thread(
            target=self._listener.serve_forever, args=(_POLL_S,), daemon=True, name=self.name
        )
        self._thread.start()
        return self

    def close(self) -> None:
        """Stop listening and close every connection, including those that a fault keeps open."""
        # First of all: the threads of slow deliveries wait for this event.
        self.closing.set()
        if self._listener is None or self._thread is None:
            return
        self._listener.shutdown()
        self._listener.close_connections()
        self._listener.server_close()
        self._thread.join()
        self._listener = None

    @property
    def url(self) -> str:
        """The base URL without a slash at its end, such as ``http://127.0.0.1:4711``.

        Raises:
            RuntimeError: The service is not running.
        """
        if self._listener is None:
            raise RuntimeError("the service is not running")
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
        """Add a route.

        The first route that matches path and method answers a request.

        Args:
            pattern: A regular expression that matches the complete path, percent-encoded.
            endpoint: Called with the request and the groups of the expression; returns a response.
                The groups are percent-decoded, and a group that did not take part is empty.
            method: The HTTP method.
        """
        self._routes.append((re.compile(pattern), method, endpoint))

    def respond(self, request: Request) -> Response:
        """Return the response of the first route that matches, without any fault."""
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
        """Return the response to a request that no route matches; subclasses may override it.

        Args:
            request: The request.
            status: 404 if no route has the path, and 405 if one has it with another method.
        """
        text = {404: "Not Found", 405: "Method Not Allowed"}[status]
        return error_response(status, f"{text}: {request.method} {request.path}")

    @property
    def requests(self) -> list[LoggedRequest]:
        """A copy of the log: all requests except commands, in the order of their responses."""
        with self._lock:
            return list(self._requests)

    def clear_requests(self) -> None:
        """Delete the log of requests."""
        with self._lock:
            self._requests.clear()

    def fault(
        self,
        path: str | re.Pattern[str],
        fault: Fault,
        *,
        times: int | None = 1,
        after: int = 0,
        method: str | None = None,
    ) -> Rule:
        """Let requests meet a fault.

        Args:
            path: A glob (``*/activities``) for the complete path, or a compiled regular expression
                to find in path and query.
            fault: The fault.
            times: How many requests meet the fault; ``None``: all.
            after: How many matching requests are answered correctly before.
            method: The method of the requests that meet the fault; ``None``: any.

        Returns:
            The rule, which counts in ``fired`` how many requests have met the fault.
        """
        rule = Rule(
            path,
            fault,
            times,
            after,
            method=method,
        )
        self._rules.add(rule)
        return rule

    def clear_faults(self) -> None:
        """Remove all faults, so that every request gets its correct response again."""
        self._rules.clear()

    def exchange(self, request: Request, connection: socket.socket) -> bool:
        """Answer one request on its connection; called by the listener.

        Returns:
            Whether the connection can serve another request.
        """
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
        response = self._response(request, fault)
        # Before the response is sent: a client that has it may read the log at once.
        self._log(request, response, fault)
        return self._send(request, response, fault, connection)

    def _response(self, request: Request, fault: Fault | None) -> Response:
        """Return the response to one request, as its fault changes it."""
        if fault is None:
            return self.respond(request)
        if not fault.carried_out:
            return fault.change(Response(200, b"{}"))
        # Called although the fault replaces the response, because an endpoint may count its
        # requests, and because what it changes stays changed.
        return fault.change(self.respond(request))

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
            request.headers,
            request.body,
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
        head_bytes = head(
            response,
            length,
            compressed=compressed,
            keep_alive=keep_alive,
        )
        is_reusable = Outgoing(connection, head_bytes, body, self.closing).send(fault)
        return is_reusable and request.keep_alive

    def _add_commands(self) -> None:
        self.commands.add(
            "GET",
            "requests",
            lambda: [entry.shown() for entry in self.requests],
        )
        self.commands.add("DELETE", "requests", self.clear_requests)
        self.commands.add("DELETE", "faults", self.clear_faults)
        self.commands.add("POST", "fault", self._set_fault)
        self.commands.add("POST", "latency", self._set_latency)

    def _set_fault(
        self, *, kind: str, path: str = "", regex: str | None = None, **options: Any
    ) -> None:
        fault = Fault.named(kind, options.pop("args", {}))
        if not options.pop("carried_out", True):
            fault = fault.before_anything()
        self.fault(re.compile(regex) if regex else path, fault, **options)

    def _set_latency(self, *, seconds: float) -> None:
        self.latency_s = float(seconds)
