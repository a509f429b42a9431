"""What a person reads of an exception that nobody foresaw."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from fitglue_registry.errors import FitglueError
from fitglue_registry.services.bug_reports import keep_traceback, traceback_text

if TYPE_CHECKING:
    from fitglue_registry.cli.context import CliContext


def bug_failure(cli: CliContext, error: Exception) -> FitglueError:
    """Return what to say of an exception that nobody foresaw; its traceback is kept, or printed
    with ``--debug``.
    """
    kept = keep_traceback(error, cli.redactor)
    if cli.debug:
        click.echo(traceback_text(error, cli.redactor), err=True)
    words = cli.redactor.text(str(error)).splitlines()
    why = f"{type(error).__name__}: {''.join(words[:1])}"
    if kept:
        fix = f"the whole story is in {kept}: send it with the report"
    else:
        fix = "run it again with --debug and send what it prints"
    return FitglueError(
        "FG-bug",
        "this is a bug in fitglue, and no mistake of yours",
        why=why.rstrip(": "),
        fix=fix,
    )
