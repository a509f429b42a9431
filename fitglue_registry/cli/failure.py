"""Shows an error: code, what, where, why and fix, as text or as one JSON object, always on standard
error.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from fitglue_registry.cli.context import failure_document
from fitglue_registry.cli.layout import DETAIL, NEXT_STEP, Hanging, Labelled, Line, Styled
from fitglue_registry.cli.text import clean
from fitglue_registry.errors import FitglueError, Place, UserMistake

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import click

    from fitglue_registry.cli.context import CliContext
    from fitglue_registry.cli.layout import Part

_QUOTED_ARGUMENTS = re.compile(r"(unexpected extra arguments?) \(.*\)")


def show_failure(cli: CliContext, error: FitglueError, subject: str | None = None) -> None:
    """Print an error for a person, or for a program with ``--json``."""
    redact = cli.redactor.text
    if not cli.as_json:
        cli.err.show([_described(error, subject, redact)])
        return
    document = _redacted(error.as_dict(), redact)
    if subject:
        document["connection"] = subject
    failure_document(document)


def _redacted(value: Any, redact: Callable[[str], str]) -> Any:
    """Return the parts of an error without secrets: most have none, and this is the last door."""
    if isinstance(value, dict):
        return {name: _redacted(part, redact) for name, part in value.items()}
    return redact(value) if isinstance(value, str) else value


def _described(error: FitglueError, subject: str | None, redact: Callable[[str], str]) -> Labelled:
    headline: list[str | Styled] = [redact(error.what), Styled(f"  [{error.code}]", "dim")]
    if subject:
        headline.insert(0, Styled(f"{subject}: ", "bold"))
    rows: list[tuple[Styled, str | Line]] = [
        (Styled("error:", "bold red"), Line(tuple(headline))),
    ]
    for name, value in (("where", error.at), ("why", error.why), ("fix", error.fix)):
        if value and str(value):
            rows.append((Styled(f"{name:>5}:", "dim"), redact(str(value))))
    return Labelled(rows)


def usage_failure(error: click.ClickException) -> UserMistake:
    """Return what click refuses in our parts."""
    context = getattr(error, "ctx", None)
    path = context.command_path if context else "fitglue"
    what = clean(error.format_message()).rstrip(".")
    if path.endswith(" connect"):  # where a key may have been pasted
        what = _QUOTED_ARGUMENTS.sub(r"\1", what)
    return UserMistake("FG-usage", what, fix=f"see: {path} --help")


def at_line(error: FitglueError) -> Iterator[Part]:
    """Yield an error of a file in the form that editors understand, ``file:line:column: what``,
    with why and fix below.
    """
    at = error.at or Place()
    position = ":".join(str(part) for part in (at.file, at.line, at.column) if part is not None)
    field = f" ({at.field})" if at.field else ""
    yield clean(f"{position}: {error.code}: {error.what}{field}")
    if error.why:
        yield Hanging(DETAIL, error.why, indent=4)
    if error.fix:
        yield Hanging(NEXT_STEP, error.fix, indent=4)
