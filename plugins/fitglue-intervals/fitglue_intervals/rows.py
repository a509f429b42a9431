"""Splits a JSON list into the exact bytes of its rows."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import msgspec

from fitglue_intervals.reading import BOM

if TYPE_CHECKING:
    from collections.abc import Iterator

_rows_decoder = msgspec.json.Decoder(list[msgspec.Raw])
# Of which only the end of a value is asked: no number has too many digits for it.
_decoder = json.JSONDecoder(parse_int=float)
_BRACKETS = re.compile(r'"(?:[^"\\]|\\.)*+"|[\[\]{}]', re.DOTALL)
_BLANKS = (" ", "\t", "\r", "\n")


def split_rows(content: bytes) -> list[bytes]:
    """The exact bytes of each item of a JSON list; raises ``ValueError`` where it is no list, or
    cut.
    """
    return list(each_row(content))


def each_row(content: bytes) -> Iterator[bytes]:
    """As ``split_rows``, one row at a time, for a list that is long; what it raises comes before
    the first row.

    msgspec is strict: one ``NaN`` or one broken character in one row would cost all rows, so there
    is a slow, forgiving way.
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
            raise ValueError("a JSON list that is cut")
        position = _next(text, position + 1)
    if _next(text, position + 1) != len(text):
        raise ValueError("more than one JSON list")
    return rows


def _end_of_value(text: str, position: int) -> int:
    try:
        _, end = _decoder.raw_decode(text, position)
    except RecursionError:
        return _end_of_brackets(text, position)
    return end


def _end_of_brackets(text: str, position: int) -> int:
    """Where a value ends that is nested beyond sense: it will be refused, and takes no other row
    along.
    """
    depth = 0
    for match in _BRACKETS.finditer(text, position):
        if match[0].startswith('"'):
            continue
        depth += 1 if match[0] in "[{" else -1
        if depth == 0:
            return match.end()
    raise ValueError("a value that is cut")


def _next(text: str, position: int) -> int:
    """The position of the next character that is no blank."""
    while position < len(text) and text[position] in _BLANKS:
        position += 1
    return position
