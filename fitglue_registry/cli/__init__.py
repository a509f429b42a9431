"""The command ``fitglue``: answers ``--version`` at once, and hands all else to ``app.py``."""

from __future__ import annotations

import sys

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

    for name in ("SIGTERM", "SIGHUP"):  # a service manager's way to press Ctrl-C
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), _interrupt)
    keep_standard_output()
    code = run(sys.argv[1:])
    _end_within(_LONGEST_END_S, code)
    sys.exit(code)


def _end_within(seconds: float, code: int) -> None:
    """End the process by force where a plugin's own threads or its last words keep it from ending by itself."""
    import os
    import threading
    import time

    if threading.active_count() == 1:
        return

    def wait() -> None:
        time.sleep(seconds)
        os._exit(code)

    threading.Thread(target=wait, daemon=True, name="end of the process").start()


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt
