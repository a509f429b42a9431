"""Fixtures: a scripted HTTP server on loopback, a clock that never waits, and a session that uses
both.
"""

from __future__ import annotations

import gzip
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from fitglue_registry.registry import Auth
from fitglue_registry.testing import FakeClock
from fitglue_registry.transport.policy import HttpPolicy
from fitglue_registry.transport.session import HttpSession
from fitglue_registry.transport.waiting import Pace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

KEY = "planted-Secret/key+42"
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
BASIC = Auth(scheme="basic", username="API_KEY", secret="api_key")


@dataclass
class Reply:
    """The response of the server to one request."""

    status: int = 200
    body: bytes = b"{}"
    headers: dict[str, str] = field(default_factory=dict)
    raw: bytes | None = None  # replaces status line, headers and body
    cut: int | None = None  # closes the connection after so many bytes of the body
    chunks: list[bytes] | None = None  # replaces the body, with chunked encoding
    drip: bytes | None = None  # sent slowly and repeatedly after ``raw``
    hang: bool = False  # sends nothing
    meet: threading.Barrier | None = None  # responds when so many requests have arrived


class ScriptedServer(ThreadingHTTPServer):
    """An HTTP server that sends the replies of ``script`` in order and repeats the last one. It
    records requests and counts connections.
    """

    daemon_threads = True
    block_on_close = False

    def __init__(self) -> None:
        self.script: list[Reply] = [Reply()]
        self.requests: list[tuple[str, dict[str, str]]] = []
        self.methods: list[str] = []
        self.bodies: list[bytes] = []
        self.connections = 0
        self.over = threading.Event()
        self.scheme = "http"
        self._turn = threading.Lock()
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.server_address[1]}"

    @property
    def paths(self) -> list[str]:
        return [path for path, _ in self.requests]

    def respond_with(self, *replies: Reply) -> None:
        self.script = list(replies)

    def next_reply(self, path: str, headers: dict[str, str]) -> Reply:
        with self._turn:
            self.requests.append((path, headers))
            return self.script.pop(0) if len(self.script) > 1 else self.script[0]

    def handle_error(self, *_: Any) -> None:
        """Ignore a client that closes its connection, which is part of many tests."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: ScriptedServer

    def setup(self) -> None:
        self.server.connections += 1
        super().setup()

    def do_GET(self) -> None:
        length = int(self.headers.get("Content-Length", "0"))
        self.server.methods.append(self.command)
        self.server.bodies.append(self.rfile.read(length))
        reply = self.server.next_reply(
            self.path, {name.lower(): value for name, value in self.headers.items()}
        )
        if reply.meet:
            reply.meet.wait(5)
        if reply.hang:
            self.server.over.wait(5)
        elif reply.raw is not None:
            self.wfile.write(reply.raw)
            self._drip(reply)
        else:
            self._answer(reply)
        self.close_connection = reply.raw is not None or reply.cut is not None or reply.hang

    do_POST = do_PUT = do_PATCH = do_DELETE = do_GET  # noqa: N815 - the names of the library

    def do_CONNECT(self) -> None:
        """Respond as a proxy that requires a password of its own."""
        self.server.next_reply(
            self.path, {name.lower(): value for name, value in self.headers.items()}
        )
        self.send_error(407)

    def _answer(self, reply: Reply) -> None:
        self.send_response(reply.status)
        framing = (
            {"Transfer-Encoding": "chunked"}
            if reply.chunks is not None
            else {"Content-Length": str(len(reply.body))}
        )
        headers = {"Content-Type": "application/json"} | framing | reply.headers
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        for chunk in reply.chunks or ():
            self.wfile.write(b"%x\r\n%b\r\n" % (len(chunk), chunk))
        if reply.chunks is None:
            self.wfile.write(reply.body[: reply.cut])
        elif reply.cut is None:
            self.wfile.write(b"0\r\n\r\n")

    def _drip(self, reply: Reply) -> None:
        while reply.drip and not self.server.over.wait(0.02):
            self.wfile.write(reply.drip)

    def log_message(self, *_: Any) -> None:
        """Write no log."""


@pytest.fixture
def reply() -> type[Reply]:
    return Reply


@pytest.fixture
def servers() -> Iterator[Callable[[], ScriptedServer]]:
    running: list[ScriptedServer] = []

    def start() -> ScriptedServer:
        server = ScriptedServer()
        threading.Thread(
            target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        ).start()
        running.append(server)
        return server

    yield start
    for server in running:
        server.over.set()
        server.shutdown()
        server.server_close()


@pytest.fixture
def server(servers: Callable[[], ScriptedServer]) -> ScriptedServer:
    return servers()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(NOON)


@pytest.fixture
def waits() -> list[tuple[float, str]]:
    """The waits that were reported to ``on_wait``: seconds and reason."""
    return []


@pytest.fixture
def open_session(
    server: ScriptedServer, clock: FakeClock, waits: list[tuple[float, str]]
) -> Iterator[Callable[..., HttpSession]]:
    """A function that opens a session of a connection with a key. Its keywords are those of
    ``HttpPolicy`` and ``HttpSession``, and ``budget``.
    """
    opened: list[HttpSession] = []

    def open_(base_url: str | None = None, **differs: Any) -> HttpSession:
        session_keywords = {
            name: differs.pop(name) for name in ("secrets", "redactor") if name in differs
        }
        budget = differs.pop("budget", None)
        policy = HttpPolicy(
            base_url or f"{server.url}/api/v1",
            **({"auth": BASIC, "read_s": 5.0, "connect_s": 5.0} | differs),
        )
        keywords = {
            "secrets": lambda: {"api_key": KEY},
            "pace": Pace(clock, budget, lambda *wait: waits.append(wait)),
        } | session_keywords
        opened.append(HttpSession(policy, **keywords))
        return opened[-1]

    yield open_
    for session in opened:
        session.close()


@pytest.fixture
def session(open_session: Callable[..., HttpSession]) -> HttpSession:
    return open_session()


@pytest.fixture
def key() -> str:
    """The secret that must never be visible."""
    return KEY


@pytest.fixture
def zipped() -> Callable[..., Reply]:
    """A function that makes a reply whose body is compressed with gzip."""
    return lambda content, **differs: Reply(
        body=gzip.compress(content), headers={"Content-Encoding": "gzip"}, **differs
    )
