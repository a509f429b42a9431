"""What is kept of an exception that nobody foresaw, and what a person reads of it."""

from __future__ import annotations

import os
import traceback
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from fitglue_registry.errors import FitglueError
from fitglue_registry.workspace import home_folder

if TYPE_CHECKING:
    from pathlib import Path

    from fitglue_registry.cli.context import CliContext
    from fitglue_registry.redaction.redactor import Redactor


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


def keep_traceback(error: BaseException, redactor: Redactor) -> Path | None:
    """Write the traceback, without secrets, into ``FITGLUE_HOME/logs``; ``None`` where that cannot
    be.
    """
    name = f"bug-{datetime.now(UTC):%Y%m%dT%H%M%S}-{os.getpid()}.txt"
    text = traceback_text(error, redactor)
    try:
        folder = home_folder() / "logs"
        folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
        path = folder / name
        path.write_text(text, encoding="utf-8", errors="backslashreplace")
    except OSError:
        return None
    return path


def traceback_text(error: BaseException, redactor: Redactor) -> str:
    """Return the traceback without secrets, also without those that nobody has told us about."""
    return redactor.text("".join(traceback.format_exception(error)))
