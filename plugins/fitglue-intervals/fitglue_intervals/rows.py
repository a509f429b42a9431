"""Splitting of a JSON list into the exact bytes of its rows."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import msgspec

from fitglue_intervals.reading import BOM

if TYPE_CHECKING:
    from collections.abc import Iterator

_rows_decoder = msgspec.json.Decoder(list[msgspec.Raw])
# It only finds the end of a value, and `float` accepts a number with any count of digits.
_decoder = json.JSONDecoder(parse_int=float)
_BRACKETS = re.compile(r'"(?:[^"\\]|\\.)*+"|[\[\]{}]', re.DOTALL)
_BLANKS = (" ", "\t", "\r", "\n")


def split_rows(content: bytes) -> list[bytes]:
    """Return the exact bytes of each item of a JSON list.

    Raises:
        ValueError: If the content is not a list, or is incomplete.
    """
    return list(iter_rows(content))


def iter_rows(content: bytes) -> Iterator[bytes]:
    """Yield what ``split_rows`` returns, without copying all rows of a long list at once.

    msgspec is strict: because of one ``NaN`` or one broken character, it would reject all rows. So
    there is a slow alternative that accepts both.

    Raises:
        ValueError: Before the first row, if the content is not a list, or is incomplete.
    """
    content = content.removeprefix(BOM)
    try:
        rows = _rows_decoder.decode(content)
    except (msgspec.DecodeError, RecursionError):
        yield from _split_slowly(content)
        return
    for row in rows:
        yield bytes(row).strip()


def _split_slowly(content: bytes) -> list[bytes]:
    """Return the rows of a list that need not be strict JSON."""
    # This error handler keeps invalid bytes, so that encoding a row gives its exact bytes again.
    text = content.decode("utf-8", "surrogateescape")
    rows: list[bytes] = []
    position = _next(text, 0)
    if text[position : position + 1] != "[":
        raise ValueError("not a JSON list")
    position = _next(text, position + 1)
    while rows or text[position : position + 1] != "]":
        end = _end_of_value(text, position)
        rows.append(text[position:end].encode("utf-8", "surrogateescape"))
        position = _next(text, end)
        separator = text[position : position + 1]
        if separator == "]":
            break
        if separator != ",":
            raise ValueError("the JSON list is incomplete")
        position = _next(text, position + 1)
    if _next(text, position + 1) != len(text):
        raise ValueError("something follows the JSON list")
    return rows


def _end_of_value(text: str, position: int) -> int:
    """Return the position after the value that begins at a position."""
    try:
        _, end = _decoder.raw_decode(text, position)
    except RecursionError:
        return _end_of_brackets(text, position)
    return end


def _end_of_brackets(text: str, position: int) -> int:
    """Return the position after a value that is nested too deeply for the decoder.

    Its row will be refused later; the end is needed so that the other rows can be read.
    """
    depth = 0
    for match in _BRACKETS.finditer(text, position):
        if match[0].startswith('"'):
            continue
        depth += 1 if match[0] in "[{" else -1
        if depth == 0:
            return match.end()
    raise ValueError("a value is incomplete")


def _next(text: str, position: int) -> int:
    """Return the position of the next character that is not white space."""
    while position < len(text) and text[position] in _BLANKS:
        position += 1
    return position
