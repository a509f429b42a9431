"""What every command shares: the host, the two output streams, and the forms of a result."""

from __future__ import annotations

import csv
import io
import json
import sys
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

import click

from fitglue_registry.cli.spreadsheet import inert
from fitglue_registry.cli.text import clean, clean_json, speaks_unicode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path
    from typing import TextIO

    from rich.console import Console
    from rich.progress import Progress as Bars

    from fitglue_registry.cli.layout import Part
    from fitglue_registry.cli.screen import Screen
    from fitglue_registry.errors import FitglueError
    from fitglue_registry.host import Host
    from fitglue_registry.redaction.redactor import Redactor

#: CSV is written in chunks of this many characters.
_BUFFERED = 1 << 16


class Loader(Protocol):
    """Imports what is slow to import, when a command first needs it.

    ``app.LateLoader`` implements it. A protocol lets this module use it without importing it.
    """

    def host(self) -> Host:
        """Return a new host, which the caller must close."""

    def redactor(self) -> Redactor:
        """Return a redactor for the secrets in environment variables."""

    def log_to_stderr(
        self,
        redactor: Redactor,
        verbosity: int,
        *,
        everything: bool,
    ) -> Callable[[], None]:
        """Start to log to standard error, and return the function that stops it."""

    def screen(self, stream: TextIO) -> Screen:
        """Return the screen that draws on a stream."""

    def progress_bars(self, console: Console) -> Bars:
        """Return progress bars for a console, not yet started."""


class CliContext:
    """The state of one command line, which click passes to every command.

    Attributes:
        as_json: Whether results and errors are printed as JSON.
        verbosity: The number of ``-v`` options.
        debug: Whether ``--debug`` was given.
    """

    def __init__(self, loader: Loader, *, as_json: bool = False) -> None:
        self._loader = loader
        self._host: Host | None = None
        self._silence: Callable[[], None] | None = None
        self.as_json = as_json
        self.verbosity = 0
        self.debug = False

    @property
    def host(self) -> Host:
        """The host, opened when it is first needed."""
        if self._host is None:
            self._host = self._loader.host()
            # Logging starts when the host exists, because its redactor must filter every message.
            self._silence = self._loader.log_to_stderr(
                self._host.redactor, self.verbosity, everything=self.debug
            )
        return self._host

    @property
    def home(self) -> Path | None:
        """The folder for local files, or ``None`` if no host was opened."""
        return None if self._host is None else self._host.home

    @cached_property
    def _redactor_of_environment(self) -> Redactor:
        return self._loader.redactor()

    @property
    def redactor(self) -> Redactor:
        """The redactor for error messages.

        It is the host's, which knows every secret that was opened. If no host was opened, it knows
        only the secrets in environment variables.
        """
        if self._host is not None:
            return self._host.redactor
        return self._redactor_of_environment

    def damage(self) -> FitglueError | None:
        """Return the error for a damaged value in the database that was opened, if there is one."""
        return None if self._host is None else self._host.upkeep.damage()

    def close(self) -> None:
        """Close the host if it was opened, and stop its logging."""
        try:
            if self._host is not None:
                self._host.close()
        finally:
            if self._silence is not None:
                self._silence()

    # -- text --------------------------------------------------------------------------------------

    @cached_property
    def out(self) -> Screen:
        """The screen for results, on standard output."""
        return self._loader.screen(sys.stdout)

    @cached_property
    def err(self) -> Screen:
        """The screen for progress, notes and errors, on standard error."""
        return self._loader.screen(sys.stderr)

    @property
    def width(self) -> int:
        """The number of columns of the screen for results."""
        return self.out.width

    def show(self, *parts: Part) -> None:
        """Print parts of a result on standard output."""
        self.out.show(parts)

    def note(self, text: str) -> None:
        """Print a remark on standard error, unless the result is JSON."""
        if not self.as_json:
            self.err.note(text)

    def progress_bars(self) -> Bars:
        """Return progress bars for standard error, not yet started."""
        return self._loader.progress_bars(self.err.console)

    # -- documents ---------------------------------------------------------------------------------

    def document(self, value: Any) -> None:
        """Print one JSON document."""
        _write(sys.stdout, _json(value, indent=2))

    def lines(self, values: Iterable[Any]) -> None:
        """Print JSON Lines: one document per line."""
        for value in values:
            _write(sys.stdout, _json(value))

    def csv(
        self,
        columns: Sequence[str],
        rows: Iterable[Sequence[Any]],
        *,
        raw: bool = False,
    ) -> None:
        """Print comma-separated values below a header line.

        A text that a spreadsheet would run as a formula gets an apostrophe in front, and control
        characters, which would steer a terminal that shows the file, are written as escapes.

        Args:
            columns: The names in the header line.
            rows: The values.
            raw: Whether to leave texts as they are. A terminal never gets control characters.
        """
        make_safe: Callable[[Any], Any] = inert
        if raw:
            make_safe = _cleaned_value if sys.stdout.isatty() else _unchanged
        buffer = io.StringIO()
        # Without the quotes, a carriage return that is left as it is would begin a new row.
        writer = csv.writer(
            buffer,
            lineterminator="\n",
            quoting=csv.QUOTE_NONNUMERIC if raw else csv.QUOTE_MINIMAL,
        )
        writer.writerow(map(make_safe, columns))
        for row in rows:
            # The text comes from services and files, and the reader is often a spreadsheet.
            writer.writerow(map(make_safe, row))
            # Written in chunks, so that a long export neither fills the memory nor makes a write
            # for each row.
            if buffer.tell() > _BUFFERED:
                sys.stdout.write(buffer.getvalue())
                buffer.seek(0)
                buffer.truncate()
        sys.stdout.write(buffer.getvalue())
        sys.stdout.flush()


def failure_document(error: Mapping[str, Any]) -> None:
    """Print an error as one line of JSON on standard error."""
    _write(sys.stderr, _json({"error": error}))


def _cleaned_value(value: Any) -> Any:
    if isinstance(value, str):
        return clean(value)
    return value


def _unchanged(value: Any) -> Any:
    return value


def _json(value: Any, indent: int | None = None) -> str:
    # JSON can escape every character, so the output stays valid in an encoding such as latin-1.
    is_ascii = not speaks_unicode(sys.stdout)
    return clean_json(
        json.dumps(
            value,
            ensure_ascii=is_ascii,
            indent=indent,
            default=str,
        )
    )


def _write(stream: TextIO, text: str) -> None:
    stream.write(text + "\n")


pass_cli = click.make_pass_decorator(CliContext)
