"""Runs a command, or several joined by pipes, and says what it took: wall, processor and memory of
everything that it started.
"""

from __future__ import annotations

import fcntl
import os
import statistics
import struct
import subprocess
import tempfile
import termios
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

#: Left out of every child's environment: what would let it work otherwise than on a user's machine.
_NOT_OURS = ("PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED", "PYTHONPATH")


@dataclass(frozen=True, slots=True)
class Run:
    """What one run took; memory is the highest that was resident, added up over the commands of a
    pipe.

    Linux counts from before a child's own program begins: no child's memory is less than this
    process's, which imports little for it.
    """

    wall_s: float
    cpu_s: float
    rss_mib: float
    out: str


def environment(**more: str) -> dict[str, str]:
    """The environment of a child: nothing of the reader's own FitGlue, no proxy, nothing that is
    sent home.
    """
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in _NOT_OURS
        and not name.startswith("FITGLUE_")
        and not name.lower().endswith("_proxy")
    }
    return (
        kept
        | {
            "FITGLUE_SECRETS": "file",
            "RUNTIME__DLTHUB_TELEMETRY": "false",
            "DO_NOT_TRACK": "1",
            "NO_COLOR": "1",
        }
        | more
    )


def run(*commands: Sequence[str], env: dict[str, str] | None = None, terminal: bool = False) -> Run:
    """Run commands, each one's output the next one's input; raises ``RuntimeError`` with what was
    said where one fails.

    With ``terminal`` the last one writes to a terminal of 120 columns, as for a person.
    """
    with (
        _terminal() if terminal else tempfile.TemporaryFile() as out,
        tempfile.TemporaryFile() as said,
    ):
        started = time.perf_counter()
        children: list[subprocess.Popen[bytes]] = []
        for number, command in enumerate(commands):
            last = number == len(commands) - 1
            before = children[-1].stdout if children else subprocess.DEVNULL
            children.append(
                subprocess.Popen(
                    list(command),
                    stdin=before,
                    stdout=out if last else subprocess.PIPE,
                    stderr=said,
                    env=env or environment(),
                )
            )
            if len(children) > 1 and children[-2].stdout:
                children[-2].stdout.close()
        used = [_wait(child) for child in children]
        wall = time.perf_counter() - started
        if any(child.returncode for child in children):
            said.seek(0)
            line, codes = (
                " | ".join(" ".join(one) for one in commands),
                [child.returncode for child in children],
            )
            raise RuntimeError(
                f"{line} ended with {codes}\n{said.read()[-4000:].decode(errors='replace')}"
            )
        if not terminal:
            out.seek(0)
        return Run(
            wall,
            sum(cpu for cpu, _ in used),
            sum(rss for _, rss in used),
            "" if terminal else out.read().decode(errors="replace"),
        )


@contextmanager
def _terminal() -> Iterator[IO[bytes]]:
    """The side of a terminal that a command writes to; what it writes is read and forgotten."""
    ours, theirs = os.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))

    def drain() -> None:
        with suppress(OSError):  # the way in which a terminal says that the other side is closed
            while os.read(ours, 65536):
                pass

    reader = threading.Thread(target=drain, daemon=True)
    reader.start()
    with os.fdopen(theirs, "wb", buffering=0) as side:
        yield side
    reader.join(10)
    os.close(ours)


def _wait(child: subprocess.Popen[bytes]) -> tuple[float, float]:
    """The processor time and the memory of a child and of whatever it waited for itself."""
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def median(runs: Sequence[Run]) -> dict[str, float]:
    """The medians of several runs of the same."""
    return {
        "wall_s": statistics.median(one.wall_s for one in runs),
        "cpu_s": statistics.median(one.cpu_s for one in runs),
        "rss_mib": statistics.median(one.rss_mib for one in runs),
        "runs": len(runs),
    }


def size_of(folder: Path) -> int:
    """The bytes of all files of a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
