"""Ends the process if a signal arrives while code written in C holds the interpreter.

Python runs a signal handler only between two instructions, so a command that is inside a long call
of a C library would not react to Ctrl-C. The system's own handler, which is written in C, can still
write the number of the signal to a pipe. A small guardian process reads the pipe, and kills this
process if its Python handler has not run a second later. The store survives that, see
``docs/reliability.md``.

The guardian process runs this file as a script, so it imports nothing of ours.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

#: How long the handler may take, in seconds.
_PATIENCE_S = 1.0
#: On a machine with much other work, a process may have to wait for its turn. As long as it is
#: ready to run and has had less than this many seconds of CPU time, its handler is not late.
_TURN_S = 0.5
_LONGEST_PATIENCE_S = 20.0
_CHECK_EVERY_S = 0.05
#: The signals that stop a command.
_STOPPING = {signal.SIGINT, signal.SIGTERM, getattr(signal, "SIGHUP", signal.SIGTERM)}


class Guardian:
    """The guardian process of a command; it must be stopped when a handler has run."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._pipe: int | None = None

    def start(self) -> None:
        """Start the process; do nothing on systems that have no wake-up pipe or no SIGKILL."""
        if os.name == "nt" or self._process is not None:
            return
        reading, writing = os.pipe()
        try:
            # -I and -S: nothing of the environment is imported. A separate session, because
            # Ctrl-C reaches every process of the terminal's group.
            self._process = subprocess.Popen(  # noqa: S603 - our own file
                [sys.executable, "-I", "-S", __file__, str(os.getpid())],
                stdin=reading,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        except OSError:
            os.close(writing)
            return
        finally:
            os.close(reading)
        os.set_blocking(writing, False)
        self._pipe = writing
        with suppress(ValueError):  # this is not the main thread
            signal.set_wakeup_fd(writing, warn_on_full_buffer=False)

    def stop(self) -> None:
        """End the process, because a handler has run or the command has ended."""
        # Taken out first, because a signal may call this method again before it returns.
        pipe, self._pipe = self._pipe, None
        process, self._process = self._process, None
        if pipe is not None:
            with suppress(ValueError):
                signal.set_wakeup_fd(-1)
            os.close(pipe)
        if process is not None:
            process.kill()
            process.wait()


# -- in the guardian process -----------------------------------------------------------------------


def _guard(pid: int) -> None:
    """Wait for a signal of a process, and kill the process if it does not handle the signal."""
    if not _is_told_to_stop():
        return
    began = time.monotonic()
    used_s = _cpu_s(pid)
    while os.getppid() == pid:
        time.sleep(_CHECK_EVERY_S)
        waited_s = time.monotonic() - began
        if waited_s < _PATIENCE_S:
            continue
        is_waiting_for_its_turn = _is_runnable(pid) and _cpu_s(pid) - used_s < _TURN_S
        if not is_waiting_for_its_turn or waited_s > _LONGEST_PATIENCE_S:
            os.kill(pid, signal.SIGKILL)
            return


def _is_told_to_stop() -> bool:
    """Wait for a signal that stops a command; return ``False`` if the process ends before."""
    while True:
        # The pipe gets the number of every signal that has a handler, also one of a plugin.
        number = os.read(0, 1)
        if not number:
            return False
        if number[0] in _STOPPING:
            return True


def _cpu_s(pid: int) -> float:
    """Return the seconds of CPU time that a process has used; 0 if that is unknown."""
    fields = _stat(Path(f"/proc/{pid}/stat"))
    # proc(5): utime and stime are the 14th and 15th field; the first two were cut off.
    ticks = sum(map(int, fields[11:13])) if fields else 0
    return ticks / os.sysconf("SC_CLK_TCK")


def _is_runnable(pid: int) -> bool:
    """Return whether any thread of a process is ready to run; ``False`` if that is unknown.

    The main thread may wait for another thread that holds the interpreter.
    """
    threads = Path(f"/proc/{pid}/task").glob("*/stat")
    return any(_stat(thread)[:1] == ["R"] for thread in threads)


def _stat(path: Path) -> list[str]:
    """Return the fields of such a file in ``/proc`` after the name; empty if there is none."""
    try:
        text = path.read_text()
    except OSError:
        return []
    # The name is in parentheses, and may contain any character.
    return text.rpartition(")")[2].split()


if __name__ == "__main__":
    with suppress(OSError):
        _guard(int(sys.argv[1]))
