"""Runs a command, or several joined by pipes, and measures the wall time, CPU time and memory of
all processes.
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

#: Variables that are removed from every child's environment, because they would make it behave
#: differently than on a user's machine.
_REMOVED = ("PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED", "PYTHONPATH")


@dataclass(frozen=True, slots=True)
class Run:
    """What one run took.

    The memory is the peak resident size, added up over the commands of a pipe.

    Linux counts the peak from before a child executes its program, so it is never less than the
    memory of this process, which therefore imports little.
    """

    wall_s: float
    cpu_s: float
    rss_mib: float
    out: str


def environment(**more: str) -> dict[str, str]:
    """Return the environment of a child: without the user's FitGlue settings and proxies, and with
    telemetry switched off.
    """
    inherited = {
        name: value
        for name, value in os.environ.items()
        if name not in _REMOVED
        and not name.startswith("FITGLUE_")
        and not name.lower().endswith("_proxy")
    }
    return (
        inherited
        | {
            "FITGLUE_SECRETS": "file",
            "RUNTIME__DLTHUB_TELEMETRY": "false",
            "DO_NOT_TRACK": "1",
            "NO_COLOR": "1",
        }
        | more
    )


def run(*commands: Sequence[str], env: dict[str, str] | None = None, terminal: bool = False) -> Run:
    """Run commands, with the output of each as the input of the next, and return what they took.

    With ``terminal`` the last command writes to a terminal of 120 columns. Raises ``RuntimeError``
    with the standard error if a command fails.
    """
    with (
        _terminal() if terminal else tempfile.TemporaryFile() as out,
        tempfile.TemporaryFile() as errors,
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
                    stderr=errors,
                    env=env or environment(),
                )
            )
            if len(children) > 1 and children[-2].stdout:
                children[-2].stdout.close()
        used = [_wait(child) for child in children]
        wall = time.perf_counter() - started
        if any(child.returncode for child in children):
            errors.seek(0)
            line, codes = (
                " | ".join(" ".join(command) for command in commands),
                [child.returncode for child in children],
            )
            raise RuntimeError(
                f"{line} ended with {codes}\n{errors.read()[-4000:].decode(errors='replace')}"
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
    """Yield the end of a terminal that a command writes to; the output is read and dropped."""
    reader_end, writer_end = os.openpty()
    fcntl.ioctl(writer_end, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))

    def drain() -> None:
        """Read the terminal until its other end is closed."""
        with suppress(OSError):  # a terminal raises EIO when its other end is closed
            while os.read(reader_end, 65536):
                pass

    reader = threading.Thread(target=drain, daemon=True)
    reader.start()
    with os.fdopen(writer_end, "wb", buffering=0) as side:
        yield side
    reader.join(10)
    os.close(reader_end)


def _wait(child: subprocess.Popen[bytes]) -> tuple[float, float]:
    """Wait for a child, and return the CPU time and memory of it and of the children that it waited
    for.
    """
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def median(runs: Sequence[Run]) -> dict[str, float]:
    """Return the medians of several runs."""
    return {
        "wall_s": statistics.median(taken.wall_s for taken in runs),
        "cpu_s": statistics.median(taken.cpu_s for taken in runs),
        "rss_mib": statistics.median(taken.rss_mib for taken in runs),
        "runs": len(runs),
    }


def size_of(folder: Path) -> int:
    """Return the size of all files in a folder, in bytes."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
