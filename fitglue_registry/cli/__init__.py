"""The command ``fitglue``: answers ``--version`` at once, and hands all else to ``app.py``."""

from __future__ import annotations

import sys

from fitglue_registry._version import __version__


def main() -> None:
    """Run the command line and end the process with its exit code."""
    arguments = sys.argv[1:]
    if arguments == ["--version"]:
        sys.stdout.write(f"fitglue {__version__}\n")
        return
    # Imported here: signal imports enum, and this takes 12 ms and click 41 ms, where `--version`
    # takes 20 ms from the start of Python to its end. The process begins here, so there is no other
    # place that could decide what to import.
    from fitglue_registry.cli.stopping import Stop, end_within_limit

    stop = Stop(arguments)
    try:
        stop.listen()
        # Imported when signals are answered: Ctrl-C may be pressed during the import of click.
        from fitglue_registry.cli.app import run_process

        stop.code = run_process(arguments)
    except KeyboardInterrupt:  # while modules were imported, or after the command had returned
        stop.tell()
        stop.code = 130
    end_within_limit(stop.code)
    sys.exit(stop.code)
