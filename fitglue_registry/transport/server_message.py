"""Extracts the error message of a server from its response, shortened and safe to show.

On a server with several athletes, the policy lets only the log quote a response: an athlete could
otherwise read what another server in the same network answers.
"""

from __future__ import annotations

import json
import logging
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from fitglue_registry.policy import Policy

log = logging.getLogger(__name__)

LONGEST_QUOTE = 200
#: Bytes of a body that are enough for its message.
LONGEST_BEGINNING = 1 << 16
IN_THE_LOG = "what it sent is only in the log of this server"
"""The text that takes the place of a quote."""

_LONGEST_BODY = 20_000
#: The keys that services use for the message of an error; the first that has a value is taken.
_KEYS = ("error", "message", "detail", "error_description", "title")
#: The name in a tag, with a slash if it ends an element.
_NAME = re.compile(r"/?[a-zA-Z0-9]*")
#: Elements whose text no reader of a page sees.
_UNSEEN = ("script", "style", "head")


def quote_or_log(text: str, host: str, rules: Policy) -> str:
    """Return a quote of what a server sent, or write it to the log and return a text in its place.

    Args:
        text: The quote, without secrets and safe to show.
        host: The host that sent it.
        rules: The policy of this host.

    Returns:
        The quote if the policy allows it; empty if the server sent nothing to quote.
    """
    if not text or rules.quotes_responses:
        return text
    log.warning("%s sent: %s", host, text)
    return IN_THE_LOG


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
    visible = _visible(_message(text))
    on_one_line = " ".join(visible.split())
    printable = "".join(map(_printable, on_one_line))
    return redact(printable)[:LONGEST_QUOTE]


def _visible(text: str) -> str:
    """Return the text of a page without its tags, and without what no reader sees.

    It takes time in proportion to the length. A pattern for an element would look for its end again
    at each beginning.
    """
    before, *pieces = text.split("<")
    shown = [before]
    unseen: str | None = None
    unseen_from = 0
    for piece in pieces:
        tag, end, after = piece.partition(">")
        found = _NAME.match(tag)
        name = found.group().lower() if found else ""
        if unseen is None and name in _UNSEEN:
            unseen = name
            unseen_from = len(shown)
        elif unseen is not None and name == f"/{unseen}":
            del shown[unseen_from:]
            unseen = None
        shown.append(after if end else f"<{piece}")
    return " ".join(shown)


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
