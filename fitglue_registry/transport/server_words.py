"""What a server says about a failure: short, on one line, and harmless to show."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

LONGEST_QUOTE = 200

_LONGEST_BODY = 20_000
_KEYS = ("error", "message", "detail", "error_description", "title")
_UNSEEN = re.compile(r"(?is)<(script|style|head)\b.*?</\1\s*>|<[^>]*>")


def quote(body: bytes, redact: Callable[[str], str]) -> str:
    """Return the message in its JSON, or the text of its page; empty where it says nothing."""
    # Redacted before it is cut, here and below: half a secret is one too.
    text = redact(body.decode("utf-8", "replace"))[:_LONGEST_BODY]
    visible = _UNSEEN.sub(" ", _message(text))
    on_one_line = " ".join(visible.split())
    printable = "".join(map(_printable, on_one_line))
    return redact(printable)[:LONGEST_QUOTE]


def _message(text: str) -> str:
    try:
        return _message_of(json.loads(text))
    except (ValueError, RecursionError):
        return text


def _message_of(document: Any) -> str:
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
    return character if character.isprintable() else "\N{REPLACEMENT CHARACTER}"
