"""Shows an error: code, what, where, why and fix, as text or as one JSON object, always on standard
error.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import click

from fitglue_registry.cli.context import failure_document
from fitglue_registry.cli.text import clean
from fitglue_registry.errors import FitglueError, Place, UserMistake

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.console import RenderableType
    from rich.table import Table

    from fitglue_registry.cli.context import CliContext

_QUOTED_ARGUMENTS = re.compile(r"(unexpected extra arguments?) \(.*\)")


def show_failure(cli: CliContext, error: FitglueError, subject: str | None = None) -> None:
    """Print an error for a person, or for a program with ``--json``."""
    if cli.as_json:
        failure_document(
            _redacted(error.as_dict(), cli.redactor.text)
            | ({"connection": subject} if subject else {})
        )
        return
    cli.show(_table(error, subject, cli.redactor.text), err=True)


def _redacted(value: Any, redact: Callable[[str], str]) -> Any:
    """The parts of an error without secrets: most have none, and this is the last door."""
    if isinstance(value, dict):
        return {name: _redacted(part, redact) for name, part in value.items()}
    return redact(value) if isinstance(value, str) else value


def _table(error: FitglueError, subject: str | None, redact: Callable[[str], str]) -> Table:
    from rich.table import Table
    from rich.text import Text

    whose = [(f"{clean(subject)}: ", "bold")] if subject else []
    headline = Text.assemble(*whose, clean(redact(error.what)), (f"  [{error.code}]", "dim"))
    table = Table.grid(padding=(0, 1, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    table.add_row(Text("error:", style="bold red"), headline)
    for name, value in (("where", error.at), ("why", error.why), ("fix", error.fix)):
        if value and str(value):
            table.add_row(Text(f"{name:>5}:", style="dim"), clean(redact(str(value))))
    return table


def usage_failure(error: click.ClickException) -> UserMistake:
    """What click refuses, in our parts."""
    context = getattr(error, "ctx", None)
    path = context.command_path if context else "fitglue"
    what = clean(error.format_message()).rstrip(".")
    if path.endswith(" connect"):  # where a key may have been pasted
        what = _QUOTED_ARGUMENTS.sub(r"\1", what)
    return UserMistake("FG-usage", what, fix=f"see: {path} --help")


def bug_failure(cli: CliContext, error: Exception) -> FitglueError:
    """What to say of an exception that nobody foresaw; its traceback is kept, or printed with
    ``--debug``.
    """
    from fitglue_registry.cli.logs import keep_traceback, traceback_text

    kept = keep_traceback(error, cli.redactor)
    if cli.debug:
        click.echo(traceback_text(error, cli.redactor), err=True)
    words = cli.redactor.text(str(error)).splitlines()
    why = f"{type(error).__name__}: {''.join(words[:1])}"
    where = (
        f"the whole story is in {kept}: send it with the report"
        if kept
        else "run it again with --debug and send what it prints"
    )
    return FitglueError(
        "FG-bug",
        "this is a bug in fitglue, and no mistake of yours",
        why=why.rstrip(": "),
        fix=where,
    )


def at_line(error: FitglueError) -> Iterator[RenderableType]:
    """An error of a file in the form that editors understand, ``file:line:column: what``, with why
    and fix below.
    """
    from rich.text import Text

    from fitglue_registry.cli.table import hanging

    at = error.at or Place()
    position = ":".join(str(part) for part in (at.file, at.line, at.column) if part is not None)
    field = f" ({at.field})" if at.field else ""
    yield Text(clean(f"{position}: {error.code}: {error.what}{field}"))
    for mark, text in (("·", error.why), ("→", error.fix)):
        if text:
            yield hanging(Text(mark, style="dim"), text, indent=4)
