"""What every command shares: the host, the two streams, and how an answer goes out as text, as a
document, or line by line.
"""

from __future__ import annotations

import io
import os
import sys
from functools import cached_property
from typing import TYPE_CHECKING, Any, TextIO

import click

from fitglue_registry.cli.text import clean, clean_json, speaks_unicode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from rich.console import Console, RenderableType

    from fitglue_registry.host import Host
    from fitglue_registry.redaction.redactor import Redactor

#: Wide enough that nothing is cut or wrapped where no terminal has to show it.
_UNBOUNDED = 10_000
_FALLBACK = 80


class CliContext:
    """One call of the command; ``as_json`` asks for documents in place of text."""

    def __init__(self, *, as_json: bool = False) -> None:
        self.as_json = as_json
        self.verbosity = 0
        self.debug = False
        self._silence: Callable[[], None] = lambda: None

    @cached_property
    def host(self) -> Host:
        """The library, opened with the first question."""
        from fitglue_registry.host import Host

        host = Host()
        if self.verbosity or self.debug:
            from fitglue_registry.cli.logs import log_to_stderr

            self._silence = log_to_stderr(host.redactor, self.verbosity, everything=self.debug)
        return host

    @cached_property
    def redactor(self) -> Redactor:
        """Takes secrets out of what is said of a failure: those that the host knows, or, where it
        was never opened, of the environment.
        """
        if "host" in self.__dict__:
            return self.host.redactor
        from fitglue_registry.redaction.environment import secrets_of_environment
        from fitglue_registry.redaction.redactor import Redactor

        return Redactor(secrets_of_environment())

    def close(self) -> None:
        """Close the host, if it was ever opened, and let it log no more."""
        if "host" in self.__dict__:
            self.host.close()
        self._silence()

    # -- text --------------------------------------------------------------------------------------

    @cached_property
    def out(self) -> Console:
        """Where answers go."""
        return _console(sys.stdout)

    @cached_property
    def err(self) -> Console:
        """Where progress, notes and errors go."""
        return _console(sys.stderr)

    @property
    def width(self) -> int:
        """Columns that an answer may take."""
        return self.out.width

    def show(self, *renderables: RenderableType, err: bool = False) -> None:
        """Print, without the blanks that fill a line up."""
        console = self.err if err else self.out
        with console.capture() as captured:
            for renderable in renderables:
                console.print(renderable)
        stream = sys.stderr if err else sys.stdout
        stream.write("".join(f"{line.rstrip(' ')}\n" for line in captured.get().splitlines()))
        stream.flush()

    def note(self, text: str) -> None:
        """A remark beside the answer, on standard error."""
        if not self.as_json:
            from rich.text import Text

            self.show(Text(text, style="dim"), err=True)

    # -- documents ---------------------------------------------------------------------------------

    def document(self, value: Any) -> None:
        """One JSON document."""
        _write(sys.stdout, _json(value, indent=2))

    def lines(self, values: Iterable[Any]) -> None:
        """JSON Lines: one document a line."""
        for value in values:
            _write(sys.stdout, _json(value))

    def csv(self, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """Comma-separated values with a line of names; a terminal gets them without what it might
        obey, a file as they are.
        """
        import csv

        shown = clean if sys.stdout.isatty() else str
        buffer = io.StringIO()
        writer = csv.writer(buffer, lineterminator="\n")
        writer.writerow(columns)
        for row in rows:
            writer.writerow([shown(value) if isinstance(value, str) else value for value in row])
            if buffer.tell() > 1 << 16:
                sys.stdout.write(buffer.getvalue())
                buffer.seek(0)
                buffer.truncate()
        sys.stdout.write(buffer.getvalue())
        sys.stdout.flush()


def failure_document(error: Mapping[str, Any]) -> None:
    """An error as one line of JSON on standard error."""
    _write(sys.stderr, _json({"error": error}))


def _json(value: Any, indent: int | None = None) -> str:
    import json

    return clean_json(
        json.dumps(value, ensure_ascii=not speaks_unicode(sys.stdout), indent=indent, default=str)
    )


def _write(stream: TextIO, text: str) -> None:
    stream.write(text + "\n")


def _console(stream: TextIO) -> Console:
    from rich.console import Console

    terminal = stream.isatty()
    plain = not terminal or bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb"
    width = columns(stream) if terminal or os.environ.get("COLUMNS", "").isdecimal() else _UNBOUNDED
    return Console(
        file=stream,
        color_system=None if plain else "auto",
        force_terminal=terminal and not plain,
        width=width,
        highlight=False,
        markup=False,
        emoji=False,
        soft_wrap=False,
        legacy_windows=False,
    )


def columns(stream: TextIO) -> int:
    """As ``shutil.get_terminal_size`` says, of the stream at hand: the process's own standard
    output may be another one.
    """
    if os.environ.get("COLUMNS", "").isdecimal() and int(os.environ["COLUMNS"]):
        return int(os.environ["COLUMNS"])
    try:
        return os.get_terminal_size(stream.fileno()).columns or _FALLBACK
    except (OSError, ValueError):
        return _FALLBACK


pass_cli = click.make_pass_decorator(CliContext)
