"""The command ``fitglue``: answers ``--version`` at once, and hands all else to ``app.py``."""

from __future__ import annotations

import signal
import sys


def main() -> None:
    """Run the command line and end the process with its exit code."""
    if sys.argv[1:] == ["--version"]:
        from fitglue_registry._version import __version__

        sys.stdout.write(f"fitglue {__version__}\n")
        return
    from fitglue_registry.cli.app import run

    for name in ("SIGTERM", "SIGHUP"):  # a service manager's way to press Ctrl-C
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), _interrupt)
    sys.exit(run(sys.argv[1:]))


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt
