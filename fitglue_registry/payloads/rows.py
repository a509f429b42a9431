"""Splitting of a JSON list into the exact bytes of its rows."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec

from fitglue_registry.payloads.documents import count_values
from fitglue_registry.payloads.limits import MOST_LIST_VALUES, MOST_ROWS, BeyondLimits

if TYPE_CHECKING:
    from collections.abc import Iterator

    #: Where a row begins, and where it ends.
    Span = tuple[int, int]

_BOM = b"\xef\xbb\xbf"
_rows_decoder = msgspec.json.Decoder(list[msgspec.Raw])

# Every quantifier is possessive, and each pattern is matched at one position only, never searched
# for. So no byte is examined again after a match failed, whatever the content is.
_BLANKS = re.compile(rb"[ \t\r\n]*+")
_TEXT = rb'"(?:[^"\\]++|\\.)*+"'
#: Everything before the next bracket. A text that does not end is left over.
_UP_TO_BRACKET = re.compile(rb'(?:[^"\[\]{}]++|%s)*+' % _TEXT, re.DOTALL)
#: A value without brackets. NaN and infinities are not JSON, but some services write them.
_SCALAR = re.compile(rb"%s|-?+[0-9][0-9.eE+-]*+|true|false|null|NaN|-?+Infinity" % _TEXT, re.DOTALL)
_OPENING = frozenset(b"[{")
_CLOSING = frozenset(b"]}")


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
    position = _after_blanks(content, 0)
    if content[position : position + 1] != b"[":
        raise ValueError("not a JSON list")
    position = _after_blanks(content, position + 1)
    while spans or content[position : position + 1] != b"]":
        end = _end_of_value(content, position)
        if len(spans) == most_rows:
            raise BeyondLimits(f"it has more than {most_rows:,} rows")
        spans.append((position, end))
        position = _after_blanks(content, end)
        separator = content[position : position + 1]
        if separator == b"]":
            break
        if separator != b",":
            raise ValueError("the JSON list is incomplete")
        position = _after_blanks(content, position + 1)
    if _after_blanks(content, position + 1) != len(content):
        raise ValueError("something follows the JSON list")
    return spans


def _end_of_value(content: bytes, position: int) -> int:
    """Return the position after the value that begins at a position."""
    if content[position : position + 1] in (b"[", b"{"):
        return _end_of_brackets(content, position)
    scalar = _SCALAR.match(content, position)
    if scalar is None:
        raise ValueError("a value of the JSON list is missing or broken")
    return scalar.end()


def _end_of_brackets(content: bytes, position: int) -> int:
    """Return the position after the list or object that begins at a position.

    Its content is only read as far as needed to find its end. If it is not JSON, the reader of the
    row refuses it.
    """
    depth = 0
    up_to_bracket = _UP_TO_BRACKET.match
    size = len(content)
    while True:
        skipped = up_to_bracket(content, position)
        assert skipped is not None  # the pattern matches the empty text
        position = skipped.end()
        if position == size:
            raise ValueError("a value of the JSON list is incomplete")
        bracket = content[position]
        position += 1
        if bracket in _OPENING:
            depth += 1
        elif bracket in _CLOSING:
            depth -= 1
            if depth == 0:
                return position
        else:
            raise ValueError("a text of the JSON list is incomplete")


def _after_blanks(content: bytes, position: int) -> int:
    """Return the position of the next byte that is not white space."""
    blanks = _BLANKS.match(content, position)
    assert blanks is not None  # the pattern matches the empty text
    return blanks.end()
