"""Makes any text safe to print: nothing in a title may steer the terminal, and no encoding may stop
a command.
"""

from __future__ import annotations

import codecs
import io
import os
import re
import sys
import threading
from typing import TYPE_CHECKING, Any, TextIO

from fitglue_registry.redaction.control_characters import CONTROL_CHARACTER

if TYPE_CHECKING:
    from collections.abc import Iterable

_LONGEST_ID = 24
_BEGINNING = 12
_FALLBACK_WIDTH = 80
_HASH = re.compile(r"\b[0-9a-f]{40,}\b")
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
    """One line without control characters; what was taken out is shown by its number."""
    return re.sub(CONTROL_CHARACTER, _numbered, str(text).replace("\n", " ").replace("\t", " "))


def clean_lines(text: object) -> str:
    """The same, with line breaks kept."""
    return re.sub(CONTROL_CHARACTER, _numbered, str(text).replace("\r\n", "\n"))


def clean_json(text: str) -> str:
    """A JSON text in which what JSON leaves raw, and a terminal might obey, is written as a
    number.
    """
    return re.sub(CONTROL_CHARACTER, lambda match: f"\\u{ord(match[0]):04x}", text)


def _numbered(match: re.Match[str]) -> str:
    number = ord(match[0])
    if number < 256:
        return f"\\x{number:02x}"
    return f"\\u{number:04x}"


def _replace(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    missing = error.object[error.start : error.end]
    spelt = [_PLAIN.get(character, "?") for character in missing]
    return "".join(spelt), error.end


def prepare_streams() -> None:
    """Let standard output and error take every character: what the encoding lacks is spelt with
    what it has.
    """
    codecs.register_error("fitglue", _replace)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="fitglue")
    sys.stdout = _OwnOutput(sys.stdout)


class _OwnOutput:
    """Standard output for answers alone: plugins run on threads of their own, and what they print
    goes to standard error.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write to the stream that the calling thread may write to."""
        return self._stream_of_thread().write(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Write them one by one."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        if name in ("flush", "encoding", "errors", "isatty"):
            return getattr(self._stream, name)
        return getattr(self._stream_of_thread(), name)

    def _stream_of_thread(self) -> TextIO:
        if threading.current_thread() is threading.main_thread():
            return self._stream
        return sys.stderr


def keep_standard_output() -> None:
    """Keep the process's standard output for our answers alone: what children, C code and
    ``sys.__stdout__`` write goes to standard error.

    For the process that is the command; ``prepare_streams`` comes after it.
    """
    was = sys.stdout
    if not isinstance(was, io.TextIOWrapper):  # closed, or somebody's own
        return
    try:
        own = os.dup(1)
        os.dup2(2, 1)
    except OSError:  # one of the two is closed
        return
    sys.stdout = io.TextIOWrapper(  # as buffered as it was: PYTHONUNBUFFERED is kept
        os.fdopen(own, "wb", 0 if was.write_through else -1),
        encoding=was.encoding,
        errors=was.errors,
        line_buffering=was.line_buffering,
        write_through=was.write_through,
    )


def terminal_width(stream: TextIO) -> int:
    """As ``shutil.get_terminal_size`` says, of the stream at hand: the process's own standard
    output may be another one.
    """
    chosen = os.environ.get("COLUMNS", "")
    if chosen.isdecimal() and int(chosen):
        return int(chosen)
    try:
        return os.get_terminal_size(stream.fileno()).columns or _FALLBACK_WIDTH
    except (OSError, ValueError):
        return _FALLBACK_WIDTH


def speaks_unicode(stream: TextIO) -> bool:
    """Whether a stream's encoding has every character."""
    return (stream.encoding or "").lower().replace("-", "").startswith("utf")


def short_id(external_id: str) -> str:
    """An id at a source as a list shows it: a hash is known by its beginning."""
    if len(external_id) <= _LONGEST_ID:
        return external_id
    return f"{external_id[:_BEGINNING]}…"


def short_hashes(text: str) -> str:
    """A text in which each hash is known by its beginning; ``--json`` has all of them."""
    return _HASH.sub(lambda match: f"{match[0][:_BEGINNING]}…", text)


def count(
    number: int,
    one: str,
    many: str | None = None,
) -> str:
    """``1 activity``, ``2 activities``."""
    if number == 1:
        return f"1 {one}"
    return f"{number:,} {many or f'{one}s'}"


def joined(words: Iterable[Any]) -> str:
    """Words with commas between them, the last after ``and``."""
    *most, last = map(str, words)
    if not most:
        return last
    return f"{', '.join(most)} and {last}"
