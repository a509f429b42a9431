"""What a signal does to the command: it stops at the first, and the process ends cleanly."""

from __future__ import annotations

import atexit
import os
import signal
import sys
import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Commands that go on where they were stopped.
_RESUMABLE = frozenset(
    {
        "import",
        "sync",
        "watch",
        "rebuild",
    }
)
#: Set once a signal has stopped the command of this process.
INTERRUPTED = threading.Event()
#: So soon after the first signal another one is not a person's who has lost patience.
_PATIENCE_S = 1.0
#: Plugins' threads and files may be put in order so long.
_LONGEST_END_S = 5.0
#: An interrupt that Python swallowed is sent again after so long.
_INTERRUPT_AGAIN_AFTER_S = 0.01


def what_was_stopped(arguments: Sequence[str]) -> str:
    """What a person who stopped the command is told about its work."""
    if _RESUMABLE.isdisjoint(arguments):
        return "\nStopped. Nothing was changed."
    return (
        "\nStopped. Nothing that was stored is lost, and the same command goes on where this one "
        "stopped."
    )


class Stop:
    """Stops the command at the first signal, and what a signal changes after that.

    `timeout` sends two signals at once: the second of them changes nothing. A signal that comes
    later ends the process at once. Once the exit code is known, there is nothing left to stop but
    what plugins do at the end.
    """

    def __init__(self, arguments: Sequence[str]) -> None:
        self.code: int | None = None
        self._arguments = arguments
        self._first_at: float | None = None
        self._number = 0

    def listen(self) -> None:
        """Be called for the signals that stop a command, until the process is gone."""
        # These functions are called from the last to the first: this one after any plugin's.
        atexit.register(self._end)
        sys.unraisablehook = self._take_unraisable
        # Service managers and closed terminals send the other two where a person presses Ctrl-C.
        for name in ("SIGINT", "SIGTERM", "SIGHUP"):
            number = getattr(signal, name, None)
            # It is ignored by what nohup starts, and by what a shell starts in the background.
            if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self._interrupt)

    def tell(self) -> None:
        """Say what was stopped; a program that asked for JSON learns it from the exit code.

        Nothing is imported here: an import may be what was interrupted.
        """
        if "--json" not in self._arguments:
            os.write(2, f"{what_was_stopped(self._arguments)}\n".encode())

    def _interrupt(self, number: int, _: object) -> None:
        if self.code is not None:
            os._exit(self.code)
        if self._first_at is None:
            self._first_at = time.monotonic()
            self._number = number
            INTERRUPTED.set()
            raise KeyboardInterrupt
        if time.monotonic() - self._first_at > _PATIENCE_S:
            self.tell()
            os._exit(130)

    def _take_unraisable(self, what: sys.UnraisableHookArgs) -> None:
        """Interrupt once more.

        Python swallows what is raised in ``__del__`` and in the callback of a weak reference.
        """
        if self._first_at is None or not isinstance(what.exc_value, KeyboardInterrupt):
            sys.__unraisablehook__(what)
            return

        def again() -> None:
            self._first_at = None
            signal.pthread_kill(threading.main_thread().ident or 0, self._number)

        if hasattr(signal, "pthread_kill"):
            # By then the main thread has left the code that swallowed the interrupt.
            timer = threading.Timer(_INTERRUPT_AGAIN_AFTER_S, again)
            timer.daemon = True
            timer.start()

    def _end(self) -> None:
        """End the process here where the exit code is known.

        While the interpreter shuts down, a signal would end the process without a word.
        """
        if self.code is None:
            return
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except (AttributeError, OSError, ValueError):
                # There is no such stream, nobody reads it any more, or it is closed.
                continue
        os._exit(self.code)


def end_within_limit(code: int) -> None:
    """End the process by force where a plugin's threads or exit functions keep it alive."""
    if threading.active_count() == 1:
        return

    def end() -> None:
        time.sleep(_LONGEST_END_S)
        os._exit(code)

    threading.Thread(
        target=end,
        daemon=True,
        name="end of the process",
    ).start()
