"""A process that forks a child for each job: the child works on a host, and is killed at a point of
its work or at a moment.

Everything is imported once, so that a child costs no more than its work, and a moment of its life
is a moment of its work.
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
from tests.faults.kill.points import Points, Shared

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[3]
#: Some distribution brings a package `tests` of its own, which would hide ours: so ours is said to
#: be the folder that it is.
_COMMAND = """
import sys, types
sys.modules["tests"] = types.ModuleType("tests")
sys.modules["tests"].__path__ = [sys.argv[1]]
from tests.faults.kill.forks import serve
serve()
"""
#: No job takes longer, on however busy a machine.
_MOST_S = 120.0


@dataclass(frozen=True)
class Death:
    """How a child ended: killed, or well, with the names of the points that it passed."""

    killed: bool
    phase: str
    seconds: float
    points: list[str] = field(default_factory=list)
    synced: dict[str, int] = field(default_factory=dict)


class Forks:
    """The process that forks, as a test sees it."""

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
        """Let a child do its work and die at a point, or so many seconds after it, or after its
        start; ``here``: no child, only warmth.
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
        said = json.loads(self._answers.readline())
        assert not said.get("failed"), said["failed"]
        return Death(**said)


# -- the process that forks ------------------------------------------------------------------------


def serve() -> None:
    """Take a job from each line of standard input, and say in a line how it ended."""
    _import_everything()
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever a job prints is no answer
    for line in sys.stdin:
        job = json.loads(line)
        try:
            said = _here(job) if job["here"] else _in_a_child(job)
        except Exception:  # noqa: BLE001 - the border of the process: the test shows it
            said = {"failed": traceback.format_exc()}
        print(json.dumps(said), file=out, flush=True)


def _import_everything() -> None:
    for package in ("fitglue_registry", "fitglue_formats", "fitglue_intervals", "fitglue_files"):
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


def _here(job: dict[str, Any]) -> dict[str, Any]:
    _work(job, lambda: None)
    return {"killed": False, "phase": "between", "seconds": 0.0}


def _in_a_child(job: dict[str, Any]) -> dict[str, Any]:
    shared = Shared()
    said, say = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(said)
        _live(job, shared, say)
    os.close(say)
    began, text = time.perf_counter(), b""
    try:
        if os.read(said, 1):  # it has begun
            began = time.perf_counter()
            patience = _MOST_S if job["after_s"] is None else job["after_s"]
            if not select.select([said], [], [], patience)[0]:
                os.kill(child, signal.SIGKILL)
            while some := os.read(said, 1 << 16):
                text += some
    finally:
        os.close(said)
        _, status = os.waitpid(child, 0)
    seconds = time.perf_counter() - began
    killed = os.WIFSIGNALED(status)
    if killed and job["after_s"] is None and not job["point"]:
        return {"failed": f"{job['work']} took longer than {_MOST_S:.0f} s"}
    answer = json.loads(text) if text and not killed else {}
    return {
        "killed": killed,
        "phase": shared.phase,
        "seconds": seconds,
        "synced": shared.synced,
        **answer,
    }


def _live(job: dict[str, Any], shared: Shared, say: int) -> None:
    """The whole life of a child."""
    try:

        def begin() -> int:
            return os.write(say, b">")

        # The clock starts at the point, and not with the work.
        later = job["point"] and job["after_s"] is not None
        points = Points(shared, job["point"], begin if later else None)
        points.watch()
        if job["options"].get("keep_the_log"):
            points.keep_the_log()
        _work(job, (lambda: None) if later else begin)
        answer = {"points": points.names}
    except BaseException:  # noqa: BLE001 - nothing may get out of the child into what the process that forks does next
        with suppress(OSError):
            os.write(say, b">")
        answer = {"failed": traceback.format_exc()}
    text = json.dumps(answer).encode()
    while text:
        text = text[os.write(say, text) :]
    os._exit(0)


# -- what a child does -----------------------------------------------------------------------------


def _work(job: dict[str, Any], begin: Callable[[], object]) -> None:
    if "migrations" in job["options"]:
        from tests.faults.kill.formats import use

        use(**job["options"]["migrations"])
    with open_host(Path(job["home"]), job["database"]) as host:
        begin()
        _WORKS[job["work"]](host, job["options"])


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


def _open(host: Any, _: dict[str, Any]) -> None:
    with host.workspace.database.read():
        pass


_WORKS: dict[str, Callable[[Any, dict[str, Any]], None]] = {
    "sync": _sync,
    "rebuild": _rebuild,
    "connect": _connect,
    "disconnect": _disconnect,
    "open": _open,
}
