"""Lets each worker lead a process group, so that the processes that it starts end together with it.

A file or a plugin can make a worker start other processes. Those that start a new session leave
the group; SECURITY.md says so. Windows has no such process groups.
"""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress
from multiprocessing.util import Finalize

if sys.platform != "win32":
    from multiprocessing.popen_spawn_posix import Popen

    class GroupPopen(Popen):
        """A worker as its parent sees it: whatever ends the worker also ends its group."""

        def poll(self, flag: int = os.WNOHANG) -> int | None:
            """Return the exit code of the worker, or ``None`` if it is still running."""
            # Before ``waitpid``, because its id can belong to another process afterwards.
            if self.returncode is None and _has_ended(self.pid, flag):
                kill_group(self.pid)
            return super().poll(flag)

        def _send_signal(self, sig: int) -> None:  # noqa: ARG002
            # The worker ignores every signal but SIGKILL, and is never asked to end on its own.
            if self.returncode is None:
                kill_group(self.pid)


def _has_ended(process_id: int, flag: int) -> bool:
    """Return whether a child has ended; wait for it unless the flag is ``os.WNOHANG``."""
    if not hasattr(os, "waitid"):  # macOS before Python 3.13
        return False
    try:
        ended = os.waitid(os.P_PID, process_id, os.WEXITED | os.WNOWAIT | flag)
    except OSError:
        return False
    return ended is not None


def kill_group(process_id: int) -> None:
    """Kill a worker that is running or has just ended, and all processes of its group."""
    if sys.platform != "win32":
        with suppress(OSError):
            os.killpg(process_id, signal.SIGKILL)
        # A worker that is just starting does not lead a group yet.
        with suppress(OSError):
            os.kill(process_id, signal.SIGKILL)


def lead_group() -> None:
    """Make this process the leader of a group, which its future children belong to.

    The group also ends if this process ends in an orderly way. It does so when the pipe from its
    parent is closed, because the parent was killed.
    """
    if sys.platform != "win32":
        os.setpgid(0, 0)
        Finalize(None, end_own_group, exitpriority=0)


def end_own_group() -> None:
    """End this worker at once, together with all processes of its group."""
    if sys.platform != "win32" and os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)
    # Not sys.exit(), which would end only the thread that calls it.
    os._exit(1)
