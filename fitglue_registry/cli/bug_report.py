"""Turns an unexpected exception into an error with instructions for a bug report."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from fitglue_registry.errors import FitglueError
from fitglue_registry.services.bug_reports import keep_traceback, traceback_text

if TYPE_CHECKING:
    from fitglue_registry.cli.context import CliContext


def bug_failure(cli: CliContext, error: Exception) -> FitglueError:
    """Return the error FG-bug for an unexpected exception.

    The traceback is written to a file, and with ``--debug`` also printed.
    """
    # The traceback is written before anything is printed: the terminal may be what fails.
    kept = keep_traceback(error, cli.redactor)
    if cli.debug:
        click.echo(traceback_text(error, cli.redactor), err=True)
    # A message of several lines would break the layout of the error; the traceback has all of it.
    words = cli.redactor.text(str(error)).splitlines()
    why = f"{type(error).__name__}: {''.join(words[:1])}"
    if kept:
        fix = f"report it, and attach the traceback: {kept}"
    else:
        fix = "run it again with --debug, and report what it prints"
    return FitglueError(
        "FG-bug",
        "this is a bug in FitGlue, not a mistake that you made",
        why=why.rstrip(": "),
        fix=fix,
    )
