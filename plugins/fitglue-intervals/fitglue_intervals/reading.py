"""Reading of payloads: unpacking them, and parsing them to values that each store accepts."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

from fitglue_registry.payloads import (
    LARGEST_ROW,
    BeyondLimits,
    DamagedPayload,
    clean_text,
    decode_leniently,
    decode_strictly,
    unpack_gzip,
)

if TYPE_CHECKING:
    from fitglue_registry.plugin_api import Body

BOM = b"\xef\xbb\xbf"
#: The errors of unpacking a gzip: it is broken, or unpacks to more than a payload may have.
BROKEN_GZIP: tuple[type[Exception], ...] = (DamagedPayload, BeyondLimits)
#: The errors of reading a payload: not JSON, or a broken gzip.
UNREADABLE: tuple[type[Exception], ...] = (ValueError, *BROKEN_GZIP)

_NOT_NUMBERS = frozenset({"NaN", "Infinity", "-Infinity"})
#: Keys whose value "NaN" is a text that someone typed. Under any other key, it is Java's notation
#: for a missing number. Seen: a custom field has the text "NaN".
_TEXTS = (
    b"name",
    b"description",
    b"label",
    b"group_id",
    b"error",
)
_NO_NUMBER = re.compile(rb'"(?:NaN|-?Infinity)"')
#: Matches before the quote that ends a key which is not one of those. A quote inside a key has a
#: backslash before it.
_NOT_A_TEXT = b"".join(rb'(?<!(?<!\\)"%s)' % key for key in _TEXTS)
_AFTER_A_KEY = re.compile(rb'%s"\s*:\s*$' % _NOT_A_TEXT)
_LONGEST_END = 64  # bytes from the end of a key to its value, white space included


def read_json(content: bytes, *, largest: int = LARGEST_ROW) -> Any:
    """Return a payload as plain values without NaN, NULs and lone surrogates.

    Args:
        content: The payload.
        largest: The largest allowed size in bytes.

    Raises:
        BeyondLimits: If the content has too many bytes, values or levels.
        ValueError: If the content is not JSON.
    """
    if len(content) <= largest:  # others are refused below, without a copy
        content = _without_no_numbers(content.removeprefix(BOM))
    # Nearly every payload is strict JSON. A NUL is allowed there, and therefore searched for.
    try:
        document = decode_strictly(content, largest=largest)
    except BeyondLimits:
        raise
    except ValueError:
        return _clean(decode_leniently(content, largest=largest, errors="replace"))
    if b"\\u0000" in content:
        return _clean(decode_leniently(content, largest=largest, errors="replace"))
    return document


def is_not_a_number(value: object) -> bool:
    """Return whether a value is one of the texts that Java writes for a missing number."""
    return isinstance(value, str) and value in _NOT_NUMBERS


def unpack(body: Body) -> bytes:
    """Return the decoded bytes of a part; raise one of ``BROKEN_GZIP`` if they cannot be unpacked.

    The limit is that of a response, and lower than that of ``Body.read``.
    """
    if body.encoding == "gzip" and body.decoded is None:
        return gunzip(body.content)
    return body.read()


def gunzip(content: bytes) -> bytes:
    """Return the content of a gzip; raise one of ``BROKEN_GZIP`` if it cannot be unpacked."""
    return unpack_gzip(content)


def _without_no_numbers(content: bytes) -> bytes:
    """Return the content with null in place of the texts for a missing number.

    Almost no payload has such a text, and searching for it takes less time than examining each
    value after parsing.
    """
    if b'NaN"' not in content and b'Infinity"' not in content:
        return content
    return _NO_NUMBER.sub(_null, content)


def _null(match: re.Match[bytes]) -> bytes:
    """Return null if the text is the value of a key for numbers, or else the text itself."""
    start = match.start()
    if _AFTER_A_KEY.search(match.string, max(start - _LONGEST_END, 0), start):
        return b"null"
    return match[0]


def _clean(value: Any) -> Any:
    """Return a parsed value without infinities, NaN and characters that cannot be stored."""
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, list):
        return [_clean(item) for item in value]
    if isinstance(value, dict):
        return {clean_text(key): _clean(item) for key, item in value.items()}
    return value
