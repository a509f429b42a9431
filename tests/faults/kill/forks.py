"""A process that forks a child for each job; the child works on a host and is killed at a point of
its work or after some seconds.

Everything is imported before the first fork, so that a child spends its time only on its work and a
random moment of its life is a moment of its work.
"""

from __future__ import annotations

import importlib
import json
import os
import pkgutil
import select
import signal
import subprocess
import sys
import time
import traceback
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Self, cast

from fitglue_registry.errors import UserMistake
from tests.faults.kill.hosts import finish, open_host
from tests.faults.kill.piped import open_piped
from tests.faults.kill.points import Points, Shared

if TYPE_CHECKING:
    from collections.abc import Callable

    from fitglue_registry import Host

ROOT = Path(__file__).parents[3]
#: Some distributions install a top-level package `tests` that would hide ours, so the path of our
#: package is set explicitly.
_COMMAND = """
import sys, types
sys.modules["tests"] = types.ModuleType("tests")
sys.modules["tests"].__path__ = [sys.argv[1]]
from tests.faults.kill.forks import serve
serve()
"""
#: A generous upper limit for any job, even on a busy machine, in seconds.
_MOST_S = 120.0


@dataclass(frozen=True)
class Death:
    """How a child ended: whether it was killed, in which phase, after how long, and which points it
    passed.
    """

    killed: bool
    phase: str
    seconds: float
    points: list[str] = field(default_factory=list)
    synced: dict[str, int] = field(default_factory=dict)


class Forks:
    """A client for the process that forks."""

    def __init__(self) -> None:
        environment = os.environ | {
            "FITGLUE_SECRETS": "file",
            "OPENBLAS_NUM_THREADS": "1",
            "OMP_NUM_THREADS": "1",
        }
        self._process = subprocess.Popen(
            [sys.executable, "-c", _COMMAND, str(ROOT / "tests")],
            cwd=ROOT,
            env=environment,
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self._jobs, self._answers = (
            cast("IO[str]", self._process.stdin),
            cast("IO[str]", self._process.stdout),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._jobs.close()
        self._answers.close()
        self._process.wait()

    def run(
        self,
        work: str,
        home: Path,
        database: str | None = None,
        *,
        point: int = 0,
        after_s: float | None = None,
        here: bool = False,
        **options: Any,
    ) -> Death:
        """Let a child do its work, and return how it ended.

        The child is killed at point number ``point``, or ``after_s`` seconds after that point, or
        ``after_s`` seconds after its start if ``point`` is 0. With ``here`` no child is forked: the
        process that forks does the work itself, to warm up.
        """
        job = {
            "work": work,
            "home": str(home),
            "database": database,
            "point": point,
            "after_s": after_s,
            "here": here,
            "options": options,
        }
        self._jobs.write(json.dumps(job) + "\n")
        self._jobs.flush()
        reply = json.loads(self._answers.readline())
        assert not reply.get("failed"), reply["failed"]
        return Death(**reply)


# -- the process that forks ------------------------------------------------------------------------


def serve() -> None:
    """Read one job per line from standard input, and write one line per job about how it ended."""
    _import_everything()
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a job prints must not mix with the replies
    for line in sys.stdin:
        job = json.loads(line)
        try:
            reply = _in_this_process(job) if job["here"] else _in_a_child(job)
        except Exception:  # noqa: BLE001 - process boundary: the test shows the traceback
            reply = {"failed": traceback.format_exc()}
        print(json.dumps(reply), file=out, flush=True)


def _import_everything() -> None:
    for package in (
        "fitglue_registry",
        "fitglue_formats",
        "fitglue_garmin",
        "fitglue_intervals",
        "fitglue_files",
    ):
        for module in pkgutil.walk_packages(
            importlib.import_module(package).__path__, f"{package}."
        ):
            if "testing" not in module.name and not module.name.endswith(
                ("__main__", "migrations.env")
            ):
                importlib.import_module(module.name)
    for name in (
        "alembic.command",
        "cryptography.hazmat.primitives.ciphers.aead",
        "filelock",
        "psycopg",
        "sqlalchemy.dialects.postgresql.psycopg",
        "sqlalchemy.dialects.sqlite",
    ):
        with suppress(ImportError):
            importlib.import_module(name)


def _in_this_process(job: dict[str, Any]) -> dict[str, Any]:
    _work(job, lambda: None)
    return {"killed": False, "phase": "between", "seconds": 0.0}


def _in_a_child(job: dict[str, Any]) -> dict[str, Any]:
    shared = Shared()
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        _run_child(job, shared, writer)
    os.close(writer)
    began, text = time.perf_counter(), b""
    try:
        if os.read(reader, 1):  # the child has begun its work
            began = time.perf_counter()
            patience = _MOST_S if job["after_s"] is None else job["after_s"]
            if not select.select([reader], [], [], patience)[0]:
                os.kill(child, signal.SIGKILL)
            while chunk := os.read(reader, 1 << 16):
                text += chunk
    finally:
        os.close(reader)
        _, status = os.waitpid(child, 0)
    seconds = time.perf_counter() - began
    killed = os.WIFSIGNALED(status)
    if killed and job["after_s"] is None and not job["point"]:
        return {"failed": f"{job['work']} took longer than {_MOST_S:.0f} s"}
    report = json.loads(text) if text and not killed else {}
    return {
        "killed": killed,
        "phase": shared.phase,
        "seconds": seconds,
        "synced": shared.synced,
        **report,
    }


def _run_child(job: dict[str, Any], shared: Shared, writer: int) -> None:
    """Run the child from fork to exit; it never returns."""
    try:

        def begin() -> int:
            return os.write(writer, b">")

        # If the child is to die some time after a point, the clock starts at the point.
        later = job["point"] and job["after_s"] is not None
        points = Points(shared, job["point"], begin if later else None)
        points.watch()
        if job["options"].get("keep_the_log"):
            points.keep_the_log()
        _work(job, (lambda: None) if later else begin)
        report = {"points": points.names}
    except BaseException:  # noqa: BLE001 - nothing may get out of the child into what the process that forks does next
        with suppress(OSError):
            os.write(writer, b">")
        report = {"failed": traceback.format_exc()}
    text = json.dumps(report).encode()
    while text:
        text = text[os.write(writer, text) :]
    os._exit(0)


# -- what a child does -----------------------------------------------------------------------------


def _work(job: dict[str, Any], begin: Callable[[], object]) -> None:
    if "migrations" in job["options"]:
        from tests.faults.kill.formats import use

        use(**job["options"]["migrations"])
    with _host(job) as host:
        begin()
        _WORK_BY_NAME[job["work"]](host, job["options"])


def _host(job: dict[str, Any]) -> Host:
    home, database = Path(job["home"]), job["database"]
    if job["work"] == "send on":
        return open_piped(home, database)
    return open_host(home, database)


def _sync(host: Any, options: dict[str, Any]) -> None:
    from fitglue_registry.sync.options import Options

    finish(host.sync(options=Options(files=options.get("files", False))))


def _rebuild(host: Any, _: dict[str, Any]) -> None:
    finish(host.syncs.rebuild())


def _connect(host: Any, options: dict[str, Any]) -> None:
    host.connect("intervals", options["values"])


def _disconnect(host: Any, options: dict[str, Any]) -> None:
    with suppress(UserMistake):  # an earlier child has removed it
        host.connections.remove(options["name"])


def _send_on(host: Any, _: dict[str, Any]) -> None:
    finish(host.sync())
    for _event in host.pipelines.run():
        pass


def _open(host: Any, _: dict[str, Any]) -> None:
    with host.workspace.database.read():
        pass


_WORK_BY_NAME: dict[str, Callable[[Any, dict[str, Any]], None]] = {
    "sync": _sync,
    "rebuild": _rebuild,
    "connect": _connect,
    "disconnect": _disconnect,
    "open": _open,
    "send on": _send_on,
}
