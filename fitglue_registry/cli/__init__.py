"""The command ``fitglue``: answers ``--version`` at once, and hands all else to ``app.py``."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line and end the process with its exit code."""
    if sys.argv[1:] == ["--version"]:
        from fitglue_registry._version import __version__

        sys.stdout.write(f"fitglue {__version__}\n")
        return
    from fitglue_registry.cli.app import run

    sys.exit(run(sys.argv[1:]))
