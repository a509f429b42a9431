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
    return re.sub(CONTROL_CHARACTER, lambda found: f"\\u{ord(found[0]):04x}", text)


def _numbered(found: re.Match[str]) -> str:
    return f"\\x{ord(found[0]):02x}" if ord(found[0]) < 256 else f"\\u{ord(found[0]):04x}"


def _replace(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(
        _PLAIN.get(character, "?") for character in error.object[error.start : error.end]
    ), error.end


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
        own = threading.current_thread() is threading.main_thread()
        return (self._stream if own else sys.stderr).write(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Write them one by one."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        own = threading.current_thread() is threading.main_thread()
        return getattr(
            self._stream
            if own or name in ("flush", "encoding", "errors", "isatty")
            else sys.stderr,
            name,
        )


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


def speaks_unicode(stream: TextIO) -> bool:
    """Whether a stream's encoding has every character."""
    return (stream.encoding or "").lower().replace("-", "").startswith("utf")


def short_id(external_id: str) -> str:
    """An id at a source as a list shows it: a hash is known by its beginning."""
    return external_id if len(external_id) <= _LONGEST_ID else f"{external_id[: _LONGEST_ID // 2]}…"


def short_hashes(text: str) -> str:
    """A text in which each hash is known by its beginning; ``--json`` has all of them."""
    return _HASH.sub(lambda found: f"{found[0][: _LONGEST_ID // 2]}…", text)


def count(number: int, one: str, many: str | None = None) -> str:
    """``1 activity``, ``2 activities``."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def joined(words: Iterable[Any]) -> str:
    """Words with commas between them, the last after ``and``."""
    *most, last = [str(word) for word in words]
    return f"{', '.join(most)} and {last}" if most else last
