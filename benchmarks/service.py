"""The stand-in of Intervals.icu in a separate process, and the requests that it received."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Self

from measure import environment

if TYPE_CHECKING:
    from types import TracebackType

KEY = "benchmark-key"
YESTERDAY = datetime.now(UTC).date() - timedelta(days=1)


class Service:
    """A context manager that runs a stand-in with an account of ``count`` activities up to
    yesterday. All its responses are prepared before the first request.
    """

    def __init__(
        self, count: int, *, latency_ms: float = 0, distinct: int = 40, crowd: int = 1
    ) -> None:
        self.command = [
            "python",
            "-m",
            "fitglue_intervals.testing",
            "--warm",
            "--count",
            str(count),
            "--distinct-streams",
            str(distinct),
            "--crowd",
            str(crowd),
            "--latency-ms",
            f"{latency_ms:g}",
        ]
        self.count = count

    def __enter__(self) -> Self:
        command = [sys.executable, *self.command[1:], "--key", KEY, "--until", str(YESTERDAY)]
        self._process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment()
        )
        assert self._process.stdout is not None
        self.url = self._process.stdout.readline().strip()
        if not self.url:
            raise RuntimeError("the stand-in did not start")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.terminate()
        self._process.wait(30)

    def call(self, method: str, command: str, /, **arguments: Any) -> Any:
        """Send a command to the stand-in; its commands are in the module ``control``."""
        link = http.client.HTTPConnection(self.url.removeprefix("http://"), timeout=60)
        try:
            link.request(method, f"/_stand_in/{command}", json.dumps(arguments))
            return json.loads(link.getresponse().read())
        finally:
            link.close()

    def requests(self, *, forget: bool = False) -> list[str]:
        """Return the path and query of each request since ``forget``."""
        log = [f"{request['path']}?{request['query']}" for request in self.call("GET", "requests")]
        if forget:
            self.call("DELETE", "requests")
        return log

    def forget(self) -> None:
        """Forget the requests so far."""
        self.call("DELETE", "requests")
