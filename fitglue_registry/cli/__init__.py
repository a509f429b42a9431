"""The command ``fitglue``: answers ``--version`` at once, and hands all else to ``app.py``."""

from __future__ import annotations

import sys

TYPE_CHECKING = False  # to import typing takes as long as to answer --version
if TYPE_CHECKING:
    from collections.abc import Callable

#: So soon after the first signal another one is not a person's who has lost patience.
_PATIENCE_S = 1.0
#: Plugins' threads and files may be put in order so long.
_LONGEST_END_S = 5.0


def main() -> None:
    """Run the command line and end the process with its exit code."""
    if sys.argv[1:] == ["--version"]:
        from fitglue_registry._version import __version__

        sys.stdout.write(f"fitglue {__version__}\n")
        return
    import signal

    from fitglue_registry.cli.app import run
    from fitglue_registry.cli.text import keep_standard_output

    interrupt = _interrupter()
    # The others are a service manager's way to press Ctrl-C.
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        # As nohup, or a shell's background, has it.
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, interrupt)
    keep_standard_output()
    code = run(sys.argv[1:])
    _end_within(_LONGEST_END_S, code)
    sys.exit(code)


def _end_within(seconds: float, code: int) -> None:
    """End the process by force where a plugin's own threads or its last words keep it from ending
    by itself.
    """
    import os
    import threading
    import time

    if threading.active_count() == 1:
        return

    def wait() -> None:
        time.sleep(seconds)
        os._exit(code)

    threading.Thread(target=wait, daemon=True, name="end of the process").start()


def _interrupter() -> Callable[..., None]:
    """Stops at the first signal.

    `timeout` sends two at once: the other one changes nothing; one that comes later ends the
    process.
    """
    first: list[float] = []

    def interrupt(*_: object) -> None:
        import os
        import time

        if not first:
            first.append(time.monotonic())
            raise KeyboardInterrupt
        if time.monotonic() - first[0] > _PATIENCE_S:
            os._exit(130)

    return interrupt
