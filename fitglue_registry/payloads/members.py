"""Reading of one value inside of a JSON document, as its exact bytes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec

from fitglue_registry.payloads.documents import count_values
from fitglue_registry.payloads.limits import MOST_LIST_VALUES, BeyondLimits
from fitglue_registry.payloads.scanning import TEXT, after_blanks, end_of_value

if TYPE_CHECKING:
    from collections.abc import Iterator

    #: The text of a key in its quotation marks, and where its value begins and ends.
    Member = tuple[bytes, int, int]

_BOM = b"\xef\xbb\xbf"
_KEY = re.compile(TEXT, re.DOTALL)
_members_decoder = msgspec.json.Decoder(dict[str, msgspec.Raw])


def value_at(content: bytes, path: str) -> bytes | None:
    """Return the exact bytes of a value inside of a JSON document.

    Values beside it need not be strict JSON.

    Args:
        content: The document, which may follow a byte-order mark.
        path: The keys that lead to the value, separated by dots, such as ``meta.pagination``. An
            empty path is the document itself.

    Returns:
        The bytes, or ``None`` if the document has no such key.

    Raises:
        BeyondLimits: The document has too many values.
        ValueError: The document, or a value on the path, is not an object or is incomplete.
    """
    content = content.removeprefix(_BOM)
    if count_values(content) > MOST_LIST_VALUES:
        raise BeyondLimits(f"it has more than {MOST_LIST_VALUES:,} values")
    value: bytes | None = content
    for key in path.split(".") if path else ():
        if value is None:
            return None
        value = _member(value, key)
    return value


def _member(content: bytes, key: str) -> bytes | None:
    """Return the bytes of the value of a key; of several equal keys, the last one counts."""
    try:
        value = _members_decoder.decode(content).get(key)
    # One NaN or broken character anywhere is enough for this.
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass
    else:
        return None if value is None else bytes(value).strip()
    found = None
    for text, start, end in _members(content):
        if _is_key(text, key):
            found = content[start:end]
    return found


def _is_key(text: bytes, key: str) -> bool:
    try:
        return bool(msgspec.json.decode(text) == key)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False


def _members(content: bytes) -> Iterator[Member]:
    """Yield the members of an object, whose values need not be strict JSON."""
    position = after_blanks(content, 0)
    if content[position : position + 1] != b"{":
        raise ValueError("not a JSON object")
    position = after_blanks(content, position + 1)
    is_empty = content[position : position + 1] == b"}"
    while not is_empty:
        key = _KEY.match(content, position)
        if key is None:
            raise ValueError("a key of the JSON object is missing or broken")
        position = after_blanks(content, key.end())
        if content[position : position + 1] != b":":
            raise ValueError("a key of the JSON object has no value")
        start = after_blanks(content, position + 1)
        end = end_of_value(content, start)
        yield key.group(), start, end
        position = after_blanks(content, end)
        separator = content[position : position + 1]
        if separator == b"}":
            break
        if separator != b",":
            raise ValueError("the JSON object is incomplete")
        position = after_blanks(content, position + 1)
    if after_blanks(content, position + 1) != len(content):
        raise ValueError("something follows the JSON object")
