"""Extracts the error message of a server from its response, shortened and safe to show."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

LONGEST_QUOTE = 200

_LONGEST_BODY = 20_000
#: The keys that services use for the message of an error; the first that has a value is taken.
_KEYS = ("error", "message", "detail", "error_description", "title")
_UNSEEN = re.compile(r"(?is)<(script|style|head)\b.*?</\1\s*>|<[^>]*>")


def quote(body: bytes, redact: Callable[[str], str]) -> str:
    """Return the message of an error response, on one line and without control characters.

    Args:
        body: The beginning of the body: JSON, a web page or plain text.
        redact: Removes secrets from a text.

    Returns:
        The message in the JSON or the visible text of the page; empty if the body has neither.
    """
    # Redacted before it is shortened, because a part of a secret would not be recognized. Redacted
    # again at the end, because decoding the escapes of JSON may reveal a secret.
    text = redact(body.decode("utf-8", "replace"))[:_LONGEST_BODY]
    visible = _UNSEEN.sub(" ", _message(text))
    on_one_line = " ".join(visible.split())
    printable = "".join(map(_printable, on_one_line))
    return redact(printable)[:LONGEST_QUOTE]


def _message(text: str) -> str:
    """Return the message in a JSON text, or the text itself if it is not JSON."""
    try:
        return _message_of(json.loads(text))
    except (ValueError, RecursionError):
        return text


def _message_of(document: Any) -> str:
    # Some services send a list of errors.
    if isinstance(document, list) and document:
        document = document[0]
    if isinstance(document, str):
        return document
    if isinstance(document, dict):
        for key in _KEYS:
            if document.get(key):
                return str(document[key])
    return ""


def _printable(character: str) -> str:
    if character.isprintable():
        return character
    return "\N{REPLACEMENT CHARACTER}"
