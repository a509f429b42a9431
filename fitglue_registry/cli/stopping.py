"""Stops the command at the first signal, so that the process ends with the right exit code."""

from __future__ import annotations

import _thread
import atexit
import os
import signal
import sys
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

#: Commands that continue where they were stopped.
_RESUMABLE = frozenset(
    {
        "import",
        "sync",
        "watch",
        "rebuild",
    }
)
#: Options that click answers before a command begins.
_ANSWERED_AT_ONCE = frozenset(
    {
        "--help",
        "-h",
        "--version",
    }
)
#: Set once a signal has stopped the command of this process.
INTERRUPTED = threading.Event()
#: Set once the person has been told that the command was stopped.
TOLD = threading.Event()
#: The clean-up of a command that was stopped may take this long. The guardian, which kills the
#: process, waits a little longer.
_LONGEST_CLEAN_UP_S = 0.7
#: A second signal that arrives sooner was not sent by a person who lost patience.
_PATIENCE_S = 1.0
#: Threads and exit functions of plugins may keep the process alive for this long.
_LONGEST_END_S = 5.0
#: An interrupt that Python swallowed is sent again after this time.
_INTERRUPT_AGAIN_AFTER_S = 0.01


def what_was_stopped(arguments: Sequence[str]) -> str:
    """Return the message for a person who stopped the command with these arguments."""
    if _RESUMABLE.isdisjoint(arguments):
        return "\nStopped. Nothing was changed."
    return (
        "\nStopped. Nothing that was stored is lost; run the same command again to continue where "
        "it stopped."
    )


def forced_stop(arguments: Sequence[str]) -> str:
    """Return the message for a person whose command had to be killed; empty with ``--json``."""
    if "--json" in arguments:
        return ""
    message = (
        "\nStopped by force, because the command had not ended a second after it was told to stop. "
        "Nothing that was stored is lost"
    )
    if _RESUMABLE.isdisjoint(arguments):
        return f"{message}.\n"
    return f"{message}; run the same command again to continue where it stopped.\n"


def needs_guardian(arguments: Sequence[str]) -> bool:
    """Return whether a command needs a guardian that ends it if its handler cannot run.

    Only the answers that click gives on its own do not. Every other command may be inside a long
    call of a C library: it queries a store of any size, reads files, or runs code of plugins.
    """
    if not arguments:
        return True  # the dashboard
    *names, last = arguments
    # After another option, `--help` may be the value of that option.
    return last not in _ANSWERED_AT_ONCE or any(name.startswith("-") for name in names)


class Stop:
    """The signal handler of the process.

    The first signal raises ``KeyboardInterrupt``, and ends the process by force if the clean-up
    that follows takes too long. A second signal within a second is ignored, because ``timeout``
    sends two signals together; a later one ends the process immediately. When the exit code is
    known, only the exit functions of plugins are still running, so any signal ends the process.

    Attributes:
        code: The exit code, as soon as it is known.
        at_end: Called immediately before the process ends: no guardian is needed any more.
    """

    def __init__(self, arguments: Sequence[str]) -> None:
        self.code: int | None = None
        self.at_end: Callable[[], None] = _do_nothing
        self._arguments = arguments
        self._first_at: float | None = None
        self._number = 0
        self._has_limit = False

    def listen(self) -> None:
        """Install the handler for the signals that stop a command."""
        # Exit functions run in reverse order of their registration, so this one, which ends the
        # process, runs after those of all plugins.
        atexit.register(self._end)
        sys.unraisablehook = self._take_unraisable
        # Ctrl-C sends SIGINT, a service manager SIGTERM, and a terminal that is closed SIGHUP.
        for name in ("SIGINT", "SIGTERM", "SIGHUP"):
            number = getattr(signal, name, None)
            # nohup and shells start background processes with these signals ignored; keep that.
            if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self._interrupt)

    def tell(self) -> None:
        """Print what was stopped, unless that was printed before or ``--json`` was given.

        This uses ``os.write`` and imports nothing, because an import may have been interrupted.
        """
        if "--json" not in self._arguments and not TOLD.is_set():
            TOLD.set()
            os.write(2, f"{what_was_stopped(self._arguments)}\n".encode())

    def _interrupt(self, number: int, _: object) -> None:
        if self.code is not None:
            os._exit(self.code)
        if self._first_at is None:
            # First of all, because a second signal may run this handler inside the calls below.
            self._first_at = time.monotonic()
            self._number = number
            INTERRUPTED.set()
            self._limit_clean_up()
            raise KeyboardInterrupt
        if time.monotonic() - self._first_at > _PATIENCE_S:
            self.tell()
            os._exit(130)

    def _limit_clean_up(self) -> None:
        """Start the thread that ends the process if the clean-up takes too long."""
        if self._has_limit:
            return
        self._has_limit = True
        # Not threading.Thread: its start takes a lock, which the code that the signal has
        # interrupted may hold. RuntimeError: the interpreter is shutting down.
        with suppress(RuntimeError):
            _thread.start_new_thread(self._end_by_force, ())

    def _end_by_force(self) -> None:
        """Wait as long as the clean-up may take, and end the process.

        A plugin may swallow the interrupt, or wait for something that never happens. The store
        survives such an end, see ``docs/reliability.md``.
        """
        time.sleep(_LONGEST_CLEAN_UP_S)
        code = self.code
        with suppress(OSError):  # nobody reads standard error
            if code is None:
                self.tell()
        os._exit(130 if code is None else code)

    def _take_unraisable(self, unraisable: sys.UnraisableHookArgs) -> None:
        """Raise a swallowed ``KeyboardInterrupt`` again.

        Python discards an exception that is raised in ``__del__`` or in the callback of a weak
        reference, and calls this function instead.
        """
        if self._first_at is None or not isinstance(unraisable.exc_value, KeyboardInterrupt):
            sys.__unraisablehook__(unraisable)
            return

        def again() -> None:
            self._first_at = None
            signal.pthread_kill(threading.main_thread().ident or 0, self._number)

        if hasattr(signal, "pthread_kill"):
            # When the timer fires, the main thread has left the code that swallowed the interrupt.
            timer = threading.Timer(_INTERRUPT_AGAIN_AFTER_S, again)
            timer.daemon = True
            timer.start()

    def _end(self) -> None:
        """End the process with the exit code, if it is known.

        Otherwise a signal during the shutdown of the interpreter would change the exit code.
        """
        if self.code is None:
            return
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except (AttributeError, OSError, ValueError):
                # The stream does not exist, its reader has gone, or it is closed.
                continue
        self.at_end()
        os._exit(self.code)


def _do_nothing() -> None:
    """Do nothing: help has no guardian."""


def end_within_limit(code: int) -> None:
    """End the process by force if threads or exit functions of a plugin keep it alive too long."""
    if threading.active_count() == 1:
        return

    def end() -> None:
        time.sleep(_LONGEST_END_S)
        os._exit(code)

    # A daemon thread, which does not keep the process alive itself.
    threading.Thread(
        target=end,
        daemon=True,
        name="end of the process",
    ).start()
