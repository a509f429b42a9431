"""Decoding of a JSON document as a whole, after a look at its size."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import msgspec

from fitglue_registry.payloads.limits import (
    DEEPEST,
    LARGEST_DOCUMENT,
    LARGEST_ROW,
    MOST_VALUES,
    BeyondLimits,
    TooDeep,
)

if TYPE_CHECKING:
    from collections.abc import Callable

#: An integer of fewer digits is within the range of a double.
_MOST_DIGITS = 309


def decode_strictly(content: bytes, *, largest: int = LARGEST_DOCUMENT) -> Any:
    """Return the value of a JSON document (RFC 8259).

    Args:
        content: The document.
        largest: The largest allowed size in bytes.

    Raises:
        BeyondLimits: The document has too many bytes or values, or (``TooDeep``) levels.
        ValueError: The document is not strict JSON; ``decode_leniently`` may accept it.
    """
    check_document(content, largest=largest)
    return _shallow(content, lambda: msgspec.json.decode(content))


def decode_leniently(
    content: bytes,
    *,
    largest: int = LARGEST_DOCUMENT,
    most_values: int = MOST_VALUES,
    errors: str = "strict",
) -> Any:
    """Return the value of a document that need not be strict JSON.

    NaN and infinities are accepted, a number beyond the range of a double becomes infinity, and
    texts may contain lone surrogates. It takes several times as long as ``decode_strictly``.

    Args:
        content: The document.
        largest: The largest allowed size in bytes.
        most_values: The largest allowed number of values.
        errors: What happens to bytes that are not UTF-8, as for ``bytes.decode``.

    Raises:
        BeyondLimits: The document has too many bytes or values, or (``TooDeep``) levels.
        UnicodeDecodeError: The document is not UTF-8, and ``errors`` is ``strict``.
        json.JSONDecodeError: The document is not JSON.
    """
    check_document(content, largest=largest, most_values=most_values)
    text = content.decode("utf-8", errors).removeprefix("\ufeff")
    return _shallow(content, lambda: json.loads(text, parse_int=_whole_number))


def check_document(
    content: bytes,
    *,
    largest: int = LARGEST_DOCUMENT,
    most_values: int = MOST_VALUES,
) -> None:
    """Raise ``BeyondLimits`` if decoding a document would take too much time or memory.

    Args:
        content: The document.
        largest: The largest allowed size in bytes.
        most_values: The largest allowed number of values.
    """
    if len(content) > largest:
        raise BeyondLimits(f"it has {len(content):,} bytes, and at most {largest:,} are read")
    # A document has fewer values than bytes, so most documents need not be examined.
    if len(content) > most_values and count_values(content) > most_values:
        raise BeyondLimits(f"it has more than {most_values:,} values")


def check_row(content: bytes) -> None:
    """Raise ``BeyondLimits`` if a row of a list, or a detail, is larger than any real one."""
    check_document(content, largest=LARGEST_ROW)


def count_values(content: bytes) -> int:
    """Return the number of commas and opening brackets, also of those within texts.

    Each value of a JSON document follows one of them, or the key of an object that follows one. So
    the memory for all values is in proportion to this number, which takes 1 ms for 3 MB.
    """
    return content.count(b",") + count_containers(content)


def count_containers(content: bytes) -> int:
    """Return the number of opening brackets, also of those within texts."""
    return content.count(b"[") + content.count(b"{")


def _shallow(content: bytes, decode: Callable[[], Any]) -> Any:
    """Return what ``decode`` returns, if it is not nested too deeply."""
    try:
        value = decode()
    # Both parsers stop at Python's limit for recursion, which is several times as deep.
    except RecursionError:
        raise TooDeep from None
    # Nearly every document has too few brackets to be nested deeply.
    if count_containers(content) > DEEPEST and _is_deep(value):
        raise TooDeep
    return value


def _is_deep(value: Any) -> bool:
    """Return whether a value has too many levels, without recursion."""
    level = [value]
    for _ in range(DEEPEST + 1):
        level = [container for container in level if isinstance(container, list | dict)]
        if not level:
            return False
        below: list[Any] = []
        for container in level:
            below += container.values() if isinstance(container, dict) else container
        level = below
    return True


def _whole_number(digits: str) -> int | float:
    """Return an integer, or infinity if it has more digits than a double can express.

    Python refuses to convert more than 4,300 digits to an integer; the text of a response must not
    make it fail.
    """
    if len(digits) < _MOST_DIGITS:
        return int(digits)
    return float(digits)
