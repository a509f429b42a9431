"""Starts and stops the guardian of a command.

Python runs a signal handler only between two instructions, so a command that is inside a long call
of a C library would not react to Ctrl-C. The system's own handler, which is written in C, can still
write the number of the signal to a pipe. A small process, the guardian, reads the pipe, and kills
this process if it has not ended a second later: its handler may not have run, or the clean-up that
follows hangs. The store survives that, see ``docs/reliability.md``.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

_PROGRAM = Path(__file__).with_name("guardian_process.py")


class Guardian:
    """The guardian process of a command, which stays until the command ends.

    Args:
        message: What the guardian prints when it has killed the command.
    """

    def __init__(self, message: str) -> None:
        self._message = message
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
                [sys.executable, "-I", "-S", str(_PROGRAM), str(os.getpid()), self._message],
                stdin=reading,
                stdout=subprocess.DEVNULL,
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
        """End the guardian, because the command is about to end.

        It would end on its own when the pipe is closed. But a container may have no process that
        collects such orphans, and would keep an entry of each in its table of processes.
        """
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
