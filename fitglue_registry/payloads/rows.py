"""Splitting of a JSON list into the exact bytes of its rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from fitglue_registry.payloads.documents import count_values
from fitglue_registry.payloads.limits import MOST_LIST_VALUES, MOST_ROWS, BeyondLimits
from fitglue_registry.payloads.scanning import after_blanks, end_of_value

if TYPE_CHECKING:
    from collections.abc import Iterator

    #: Where a row begins, and where it ends.
    Span = tuple[int, int]

_BOM = b"\xef\xbb\xbf"
_rows_decoder = msgspec.json.Decoder(list[msgspec.Raw])


def split_rows(content: bytes, *, most_rows: int = MOST_ROWS) -> list[bytes]:
    """Return the exact bytes of each item of a JSON list; see ``iter_rows``."""
    return list(iter_rows(content, most_rows=most_rows))


def iter_rows(content: bytes, *, most_rows: int = MOST_ROWS) -> Iterator[bytes]:
    """Return an iterator of the exact bytes of each item of a JSON list.

    It copies one row at a time. The list as a whole is checked before this function returns.

    The items themselves need not be strict JSON, so that one ``NaN``, one broken character or one
    value that is nested too deeply costs only its own row.

    Args:
        content: The list, which may follow a byte-order mark.
        most_rows: The largest allowed number of items.

    Raises:
        BeyondLimits: The list has too many rows or values.
        ValueError: The content is not a list, or is incomplete.
    """
    content = content.removeprefix(_BOM)
    if count_values(content) > MOST_LIST_VALUES:
        raise BeyondLimits(f"it has more than {MOST_LIST_VALUES:,} values")
    # A list has at most one row more than commas, so nearly every list is known to be short enough.
    if content.count(b",") < most_rows:
        try:
            rows = _rows_decoder.decode(content)
        except (msgspec.DecodeError, RecursionError):
            pass
        else:
            return (bytes(row).strip() for row in rows)
    return (content[start:end] for start, end in _spans(content, most_rows))


def _spans(content: bytes, most_rows: int) -> list[Span]:
    """Return where each row of a list is; the rows need not be strict JSON."""
    spans: list[Span] = []
    position = after_blanks(content, 0)
    if content[position : position + 1] != b"[":
        raise ValueError("not a JSON list")
    position = after_blanks(content, position + 1)
    while spans or content[position : position + 1] != b"]":
        end = end_of_value(content, position)
        if len(spans) == most_rows:
            raise BeyondLimits(f"it has more than {most_rows:,} rows")
        spans.append((position, end))
        position = after_blanks(content, end)
        separator = content[position : position + 1]
        if separator == b"]":
            break
        if separator != b",":
            raise ValueError("the JSON list is incomplete")
        position = after_blanks(content, position + 1)
    if after_blanks(content, position + 1) != len(content):
        raise ValueError("something follows the JSON list")
    return spans
