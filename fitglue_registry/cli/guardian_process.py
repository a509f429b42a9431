"""The program of the guardian process: kills a command that does not end after a signal.

It is run as a script and imports nothing of ours, and nothing that is slow to import, because it is
started with nearly every command. So it uses neither ``signal`` nor ``pathlib``.

Standard input is the pipe that gets the number of each signal. The arguments are the id of the
process of the command, and what to print when it was killed.
"""

from __future__ import annotations

# The part of ``signal`` that is written in C.
import _signal  # type: ignore[import-not-found]
import os
import sys
import time

#: How long a command may take to end, in seconds.
_PATIENCE_S = 1.0
#: On a machine with much other work, a process may have to wait for its turn. As long as it is
#: ready to run and has had less than this many seconds of CPU time, it is not late.
_TURN_S = 0.5
_LONGEST_PATIENCE_S = 20.0
_CHECK_EVERY_S = 0.05
#: The signals that stop a command.
_STOPPING = (_signal.SIGHUP, _signal.SIGINT, _signal.SIGTERM)


def _guard(pid: int, message: str) -> None:
    """Wait for a signal that stops a process, and kill the process if it does not end."""
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
            os.kill(pid, _signal.SIGKILL)
            os.write(2, message.encode())
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
    fields = _stat(f"/proc/{pid}/stat")
    # proc(5): utime and stime are the 14th and 15th field; the first two were cut off.
    ticks = sum(map(int, fields[11:13])) if fields else 0
    return ticks / os.sysconf("SC_CLK_TCK")


def _is_runnable(pid: int) -> bool:
    """Return whether any thread of a process is ready to run; ``False`` if that is unknown.

    The main thread may wait for another thread that holds the interpreter.
    """
    folder = f"/proc/{pid}/task"
    try:
        threads = os.listdir(folder)  # noqa: PTH208 - pathlib is slow to import
    except OSError:
        return False
    return any(_stat(f"{folder}/{thread}/stat")[:1] == ["R"] for thread in threads)


def _stat(path: str) -> list[str]:
    """Return the fields of such a file in ``/proc`` after the name; empty if there is none."""
    try:
        with open(path, encoding="latin-1") as file:  # noqa: PTH123 - pathlib is slow to import
            text = file.read()
    except OSError:
        return []
    # The name is in parentheses, and may contain any character.
    return text.rpartition(")")[2].split()


if __name__ == "__main__":
    # A service manager sends its signal to every process of a command.
    for stopping in _STOPPING:
        _signal.signal(stopping, _signal.SIG_IGN)
    try:
        _guard(int(sys.argv[1]), sys.argv[2])
    except OSError:
        # The process has ended meanwhile, or nobody reads standard error.
        sys.exit(1)
