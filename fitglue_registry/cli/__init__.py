"""The command ``fitglue``: answers ``--version`` at once, and leaves everything else to ``app``."""

from __future__ import annotations

import sys

from fitglue_registry._version import __version__


def main() -> None:
    """Run the command line and end the process with its exit code."""
    arguments = sys.argv[1:]
    if arguments == ["--version"]:
        sys.stdout.write(f"fitglue {__version__}\n")
        return
    # `--version` takes 20 ms from the start of Python to its end. Importing signal (for its enums)
    # adds 12 ms, and click adds 41 ms, so both are imported only after `--version` was answered.
    from fitglue_registry.cli.stopping import Stop, end_within_limit

    stop = Stop(arguments)
    try:
        stop.listen()
        # Only after the signal handlers are installed: Ctrl-C may be pressed while click is being
        # imported.
        from fitglue_registry.cli.app import run_process

        stop.code = run_process(arguments, stop)
    # Raised while modules are imported, or after the command has returned.
    except KeyboardInterrupt:
        stop.tell()
        stop.code = 130
    end_within_limit(stop.code)
    sys.exit(stop.code)
