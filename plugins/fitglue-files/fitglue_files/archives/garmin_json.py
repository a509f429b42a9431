"""Cuts a file of Garmin's summaries into its rows, so that one odd row costs only itself.

A file of a thousand summaries can contain a number of thousands of digits, half of an emoji or a
value that is nested too deeply, and no JSON reader returns the other rows of such a file.
"""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from fitglue_files.listing import canonical

if TYPE_CHECKING:
    from collections.abc import Iterator

_KEY = b'"summarizedActivitiesExport"'
#: A string, or a bracket. Everything between them is of no interest. A string that does not end
#: extends to the end of the file, so that no other one is looked for in it.
_TOKEN = re.compile(rb'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)|[\[\]{}]', re.DOTALL)
_OPENING = b"[{"
#: A double has no larger integers.
_MOST_DIGITS = 300


class _Part(msgspec.Struct):
    """One object of a file of summaries; each summary is kept verbatim."""

    summarizedActivitiesExport: list[msgspec.Raw] = []  # noqa: N815 - Garmin's name


class Row(NamedTuple):
    """One summary: its bytes, verbatim if possible, and its values."""

    raw: bytes
    values: Any


def summaries_of_file(content: bytes) -> list[bytes]:
    """Return the verbatim bytes of each summary in a file.

    Raises:
        ValueError: If it is not a file of summaries.
    """
    try:
        return _decoded(content)
    except (ValueError, RecursionError):
        cut = list(_cut(content))
    if not cut and _KEY not in content:
        raise ValueError("it is not a list of summaries")
    return cut


def _decoded(content: bytes) -> list[bytes]:
    """Return the summaries by the quick reader, which refuses a file with a single odd value."""
    # The file contains a list of objects, or a single object.
    try:
        parts = msgspec.json.decode(content, type=list[_Part])
    except msgspec.ValidationError:
        parts = [msgspec.json.decode(content, type=_Part)]
    return [bytes(raw) for part in parts for raw in part.summarizedActivitiesExport]


def _cut(content: bytes) -> Iterator[bytes]:
    """Yield the elements of each list of summaries, found by their brackets.

    If the file is cut off, the last element is incomplete.
    """
    depth = 0
    start = 0
    rows_at: int | None = None
    last = b""
    for token in _TOKEN.finditer(content):
        text = token.group()
        if text[:1] == b'"':
            last = text
        elif text in _OPENING:
            depth += 1
            if rows_at is None and text == b"[" and last == _KEY:
                rows_at = depth + 1
            elif depth == rows_at:
                start = token.start()
            last = b""
        else:
            if depth == rows_at:
                yield content[start : token.end()]
            depth -= 1
            if rows_at is not None and depth < rows_at - 1:
                rows_at = None
    if rows_at is not None:
        yield content[start:]


def readable(raw: bytes) -> Row | None:
    """Return a summary with its values, or ``None`` if no JSON reader can read it.

    Numbers that no double can express become ``null``, and half of an emoji becomes a question
    mark: Garmin truncates names in the middle of one.
    """
    try:
        return Row(raw, msgspec.json.decode(raw))
    except (ValueError, RecursionError):
        pass
    try:
        values = json.loads(
            raw.decode("utf-8", "replace"),
            parse_int=_integer,
            parse_float=_number,
            parse_constant=_nothing,
        )
        repaired = canonical(values)
        return Row(repaired, msgspec.json.decode(repaired))
    except (ValueError, RecursionError):
        return None


def _integer(text: str) -> int | None:
    return int(text) if len(text) <= _MOST_DIGITS else None


def _number(text: str) -> float | None:
    number = float(text)
    return number if math.isfinite(number) else None


def _nothing(_: str) -> None:
    """Return the value for NaN and Infinity."""
