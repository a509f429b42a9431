"""Prints errors on standard error: code, what, where, why and fix, as text or as JSON."""

from __future__ import annotations

import errno
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fitglue_registry.cli.context import failure_document
from fitglue_registry.cli.layout import DETAIL, NEXT_STEP, Hanging, Labeled, Line, Styled, stated
from fitglue_registry.cli.text import clean
from fitglue_registry.errors import FitglueError, Place, StoreFailed, UserMistake

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import click

    from fitglue_registry.cli.context import CliContext
    from fitglue_registry.cli.layout import Part

#: A longer message about the arguments is cut.
_LONGEST_USAGE = 300
#: What the system says if access rights or a read-only disk forbid something.
_NOT_ALLOWED = (errno.EACCES, errno.EPERM, errno.EROFS)
#: The part of click's message that repeats the arguments it did not expect, up to its end, which a
#: long argument pushes out of the message.
_QUOTED_ARGUMENTS = re.compile(r"(unexpected extra arguments?) \(.*", re.DOTALL)


def show_failure(
    cli: CliContext,
    error: FitglueError,
    subject: str | None = None,
) -> None:
    """Print an error as text, or as one line of JSON with ``--json``.

    Args:
        cli: The context of the command.
        error: The error.
        subject: The connection or record that the error is about, which is printed first.
    """
    redact = cli.redactor.text
    if error.from_entry:
        redact = cli.redactor.known
    if not cli.as_json:
        cli.err.show([_described(error, subject, redact)])
        return
    # The keys of the JSON object are stable; only `connection` is added.
    document = _redacted(error.as_dict(), redact)
    if subject:
        document["connection"] = subject
    failure_document(document)


def _redacted(value: Any, redact: Callable[[str], str]) -> Any:
    """Return the parts of an error without secrets.

    Errors should not contain any; this is the last place where one can be removed.
    """
    if isinstance(value, dict):
        return {name: _redacted(part, redact) for name, part in value.items()}
    if isinstance(value, str):
        return redact(value)
    return value


def _described(
    error: FitglueError,
    subject: str | None,
    redact: Callable[[str], str],
) -> Labeled:
    headline: list[str | Styled] = []
    # Some messages name their connection themselves.
    if subject and not error.what.startswith(f"{subject} "):
        headline.append(Styled(f"{subject}: ", "bold"))
    headline.append(redact(error.what))
    headline.append(Styled(f"  [{error.code}]", "dim"))
    rows: list[tuple[Styled, str | Line]] = [
        (Styled("error:", "bold red"), Line(tuple(headline))),
    ]
    details = (
        ("where", str(error.at or "")),
        ("why", error.why),
        ("fix", error.fix),
    )
    for name, value in stated(details):
        label = Styled(f"{name:>5}:", "dim")
        rows.append((label, redact(value)))
    return Labeled(rows)


def usage_failure(error: click.ClickException) -> UserMistake:
    """Return an error of click as one of ours, FG-usage."""
    path = "fitglue"
    context = getattr(error, "ctx", None)
    if context:
        path = context.command_path
    # click ends its sentences with a period, and our errors have none.
    what = clean(error.format_message()).rstrip(".")
    if len(what) > _LONGEST_USAGE:  # it repeats what was typed
        what = f"{what[:_LONGEST_USAGE]}…"
    if path.endswith(" connect"):  # an unexpected argument may be a pasted key
        what = _QUOTED_ARGUMENTS.sub(r"\1", what)
    return UserMistake("FG-usage", what, fix=f"see: {path} --help")


def path_failure(error: OSError, arguments: Sequence[str]) -> UserMistake | None:
    """Return the error for a path that was typed and cannot be used, or ``None`` for another one.

    Commands explain the usual problems of their paths. This is for unusual ones, such as a name
    that the file system refuses: they are mistakes, and not bugs of ours.

    Args:
        error: The error of the operating system.
        arguments: The arguments of the command line.
    """
    if not isinstance(error.filename, str | bytes):
        return None
    path = os.fsdecode(error.filename)
    for argument in arguments:
        typed = argument.partition("=")[2] if argument.startswith("--") else argument
        if typed and path in (typed, os.path.abspath(typed)):  # noqa: PTH100 - compared only
            return UserMistake(
                "FG-path-unusable",
                "the path cannot be used",
                at=Place(path),
                why=error.strerror,
                fix="name another path",
            )
    return None


def permission_failure(error: OSError, home: Path | None) -> FitglueError | None:
    """Return the error for a file or folder that may not be used, or ``None`` for another error.

    A missing permission is a state of the machine that its owner can change, and no bug of ours.

    Args:
        error: The error of the operating system.
        home: The folder for local files, if it is known.
    """
    if error.errno not in _NOT_ALLOWED or not isinstance(error.filename, str | bytes):
        return None
    path = Path(os.fsdecode(error.filename))
    why = f"the system says: {error.strerror}" if error.strerror else None
    if home is not None and path.is_relative_to(home):
        return StoreFailed(
            "FG-home-unusable",
            "FitGlue's data folder cannot be used",
            at=Place(str(path)),
            why=why,
            fix="give yourself permission to read and write there, or set FITGLUE_HOME to another "
            "folder",
        )
    return UserMistake(
        "FG-path-unusable",
        "you have no permission to use this file or folder",
        at=Place(str(path)),
        why=why,
        fix="give yourself the permission, and run the same command again",
    )


def at_line(error: FitglueError) -> Iterator[Part]:
    """Yield an error in a file as ``file:line:column: what``, which editors can jump to.

    The reason and the fix follow on separate lines.
    """
    at = error.at or Place()
    parts = [part for part in (at.file, at.line, at.column) if part is not None]
    position = ":".join(map(str, parts))
    what = f"{position}: {error.code}: {error.what}"
    if at.field:
        what += f" ({at.field})"
    yield clean(what)
    if error.why:
        yield Hanging(DETAIL, error.why, indent=4)
    if error.fix:
        yield Hanging(NEXT_STEP, error.fix, indent=4)
