"""Makes text safe to print: titles cannot control the terminal, and no encoding causes errors."""

from __future__ import annotations

import codecs
import errno
import io
import os
import re
import sys
import threading
from typing import TYPE_CHECKING, Any, TextIO

from fitglue_registry.errors import UserMistake
from fitglue_registry.redaction.control_characters import (
    CONTROL_CHARACTER,
    escape_control_characters,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

#: An external id that is longer is shortened to its first characters in lists.
#: The characters that are printed of a title, and of a description or notes.
_LONGEST_TITLE = 200
_LONGEST_PROSE = 2_000
_LONGEST_ID = 24
_BEGINNING = 12
_FALLBACK_WIDTH = 80
#: No terminal has more than 9,999 columns.
_DIGITS_OF_WIDTH = 4
_HASH = re.compile(r"\b[0-9a-f]{40,}\b")
#: Character → ASCII text, for an encoding that lacks the character.
_PLAIN = {
    "…": "...",
    "→": "->",
    "✓": "+",
    "✗": "x",
    "·": "-",
    "–": "-",
    "—": "-",
    "“": '"',
    "”": '"',
    "’": "'",
    "•": "*",
    "°": " deg",
    "≥": ">=",
    "×": "x",
    "━": "-",
    "─": "-",
    "│": "|",
    "├": "+",
    "└": "+",
    "▼": "v",
    "▁": "_",
    "▂": "_",
    "▃": ".",
    "▄": "-",
    "▅": "-",
    "▆": "=",
    "▇": "#",
    "█": "#",
}


def clean(text: object) -> str:
    r"""Return a text as one line, with control characters written as ``\x1b``."""
    return escape_control_characters(str(text).replace("\n", " ").replace("\t", " "))


def clean_lines(text: object) -> str:
    r"""Return a text with its line breaks, but with control characters written as ``\x1b``."""
    return escape_control_characters(str(text).replace("\r\n", "\n"))


def clean_json(text: str) -> str:
    r"""Return a JSON text with all control characters escaped as ``\u009b``.

    JSON requires this only of the characters below U+0020, but a terminal obeys others as well.
    """
    return re.sub(CONTROL_CHARACTER, lambda match: f"\\u{ord(match[0]):04x}", text)


def _replace(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    # Python calls this with the longest range of characters that the encoding lacks.
    missing = error.object[error.start : error.end]
    spelled = [_PLAIN.get(character, "?") for character in missing]
    return "".join(spelled), error.end


def _output_failed(error: OSError) -> Exception:
    # The reader of a pipe may have gone, and a disk may be full: both have messages of their own.
    if isinstance(error, BrokenPipeError) or error.errno == errno.ENOSPC:
        return error
    return output_closed(error.strerror)


def output_closed(why: str | None = None) -> UserMistake:
    """Return the error for a standard output that cannot be written."""
    return UserMistake(
        "FG-output-closed",
        "standard output cannot be written",
        why=why or "it is closed",
        fix="redirect it to a file, or to /dev/null if you do not need it",
    )


def open_closed_descriptors() -> None:
    """Open ``/dev/null`` in place of each of the three standard descriptors that is closed.

    Otherwise the next file that is opened, such as the database, would get its number, and what a
    library prints would be written into that file.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free


def prepare_streams() -> bool:
    """Let standard output and error accept every character.

    A character that the encoding lacks is replaced by ASCII text, so that no command fails because
    of a title. A stream that is closed is replaced by one that has no content.

    Returns:
        Whether standard output was open.
    """
    is_open = _is_open(sys.stdout)
    for name in ("stdin", "stdout", "stderr"):
        if not _is_open(getattr(sys, name)):
            setattr(sys, name, io.TextIOWrapper(io.BytesIO(), encoding="utf-8"))
    codecs.register_error("fitglue", _replace)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="fitglue")
    if isinstance(sys.stdin, io.TextIOWrapper):
        # Bytes that are no text are refused where the text is used, as those of arguments are.
        sys.stdin.reconfigure(errors="surrogateescape")
    sys.stdout = _OwnOutput(sys.stdout)
    return is_open


def _is_open(stream: TextIO | None) -> bool:
    return stream is not None and not stream.closed


class _OwnOutput:
    """Standard output for the main thread, and standard error for all other threads.

    Plugins run on threads of their own. What they print must not end up in the results.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write to the stream of the calling thread.

        Raises:
            UserMistake: FG-output-closed if the stream cannot be written.
        """
        stream = self._stream_of_thread()
        if stream is not self._stream:  # what a plugin prints is as foreign as a title
            text = clean_lines(text)
        try:
            return stream.write(text)
        except OSError as error:
            raise _output_failed(error) from error

    def flush(self) -> None:
        """Write what is still in the memory of the process.

        Raises:
            UserMistake: FG-output-closed if the stream cannot be written.
        """
        try:
            self._stream.flush()
        except OSError as error:
            raise _output_failed(error) from error

    def writelines(self, lines: Iterable[str]) -> None:
        """Write the lines one by one."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        # click and rich ask for these from any thread, and they must describe the real stream.
        if name in ("encoding", "errors", "isatty"):
            return getattr(self._stream, name)
        return getattr(self._stream_of_thread(), name)

    def _stream_of_thread(self) -> TextIO:
        if threading.current_thread() is threading.main_thread():
            return self._stream
        return sys.stderr


def keep_standard_output() -> None:
    """Keep the process's standard output for the results of the command.

    What child processes, C code and ``sys.__stdout__`` write goes to standard error: file
    descriptor 1 becomes a copy of 2, and ``sys.stdout`` writes to a duplicate of the old 1. Call it
    only in the process of the command, before ``prepare_streams``.
    """
    before = sys.stdout
    if not isinstance(before, io.TextIOWrapper):  # closed, or replaced by a program that embeds us
        return
    try:
        own = os.dup(1)
        os.dup2(2, 1)
    except OSError:  # one of the two is closed
        return
    sys.stdout = io.TextIOWrapper(  # buffered as before, because PYTHONUNBUFFERED may be set
        os.fdopen(own, "wb", 0 if before.write_through else -1),
        encoding=before.encoding,
        errors=before.errors,
        line_buffering=before.line_buffering,
        write_through=before.write_through,
    )


def chosen_width() -> int | None:
    """Return the number of columns that ``COLUMNS`` states, or ``None`` if it states none."""
    chosen = os.environ.get("COLUMNS", "")
    if chosen.isdecimal() and len(chosen) <= _DIGITS_OF_WIDTH:
        return int(chosen) or None
    return None


def terminal_width(stream: TextIO) -> int:
    """Return the columns of a stream: ``COLUMNS``, else those of its terminal, else 80.

    ``shutil.get_terminal_size`` would look at file descriptor 1, which may be another stream here.
    """
    chosen = chosen_width()
    if chosen is not None:
        return chosen
    try:
        return os.get_terminal_size(stream.fileno()).columns or _FALLBACK_WIDTH
    except (OSError, ValueError):
        return _FALLBACK_WIDTH


def speaks_unicode(stream: TextIO) -> bool:
    """Return whether the encoding of a stream has all Unicode characters."""
    return (stream.encoding or "").lower().replace("-", "").startswith("utf")


def short_id(external_id: str) -> str:
    """Return an external id for a list, where a long one is cut to its first characters."""
    if len(external_id) <= _LONGEST_ID:
        return external_id
    return f"{external_id[:_BEGINNING]}…"


def short_title(text: str | None) -> str:
    """Return a title for a heading: ``untitled`` without one, and a long one cut to one line."""
    if not text:
        return "untitled"
    return text if len(text) <= _LONGEST_TITLE else f"{text[: _LONGEST_TITLE - 1]}…"


def short_prose(text: str) -> str:
    """Return a description or another value; of a long one, the beginning and where the rest is."""
    if len(text) <= _LONGEST_PROSE:
        return text
    return f"{text[:_LONGEST_PROSE]}… ({len(text):,} characters; --json prints all of them)"


def short_hashes(text: str) -> str:
    """Return a text with each hash cut to its first characters; ``--json`` prints them in full."""
    return _HASH.sub(lambda match: f"{match[0][:_BEGINNING]}…", text)


def count(
    number: int,
    singular: str,
    plural: str | None = None,
) -> str:
    """Return ``1 activity`` or ``2 activities``; without ``plural``, an s is added."""
    if number == 1:
        return f"1 {singular}"
    return f"{number:,} {plural or f'{singular}s'}"


def joined(words: Iterable[Any]) -> str:
    """Return the words with commas between them and ``and`` before the last."""
    *most, last = map(str, words)
    if not most:
        return last
    return f"{', '.join(most)} and {last}"
