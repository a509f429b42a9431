"""A mask for a connection's own key in the responses of its server, so that the key never reaches
the store.

Some services repeat the key of a request in their response: in an athlete's account, on a page for
debugging, or in a title into which somebody pasted it. The key is replaced by as many asterisks
before a plugin or the store sees the response. Every other byte of the response stays unchanged.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

#: A shorter secret, or one that is only a number, can occur in any response by chance. The redactor
#: still removes it from messages and logs.
_SHORTEST = 12
_LETTER = re.compile(r"[A-Za-z]")
#: Streams consist mostly of numbers. A run of characters without digits is ruled out several times
#: as fast as a complete key.
_RUN = re.compile(rb"[A-Za-z_/+-]{3,}")


class EchoMask:
    """The secrets of one connection, in the forms in which a server can send them back."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        forms: set[str] = set()
        for secret in secrets:
            forms.update(_forms(secret.strip()))
        needles = [form.encode("utf-8", "replace") for form in forms]
        # The longest first, so that a form that contains another one is replaced completely.
        needles.sort(key=len, reverse=True)
        self._needles = [(_longest_run(needle), needle) for needle in needles]
        self._texts = [needle.decode("utf-8", "replace") for needle in needles]

    def mask(self, body: bytes) -> bytes:
        """Return the body with the key masked; return the same object if it has no key."""
        for run, needle in self._needles:
            if run in body and needle in body:
                body = body.replace(needle, b"*" * len(needle))
        return body

    def mask_text(self, text: str) -> str:
        """Return a text, such as the value of a header, with the key masked."""
        for secret in self._texts:
            text = text.replace(secret, "*" * len(secret))
        return text


def _forms(secret: str) -> set[str]:
    """Return a secret verbatim and as JSON writes it, or no form if the secret is too common."""
    if len(secret) < _SHORTEST:
        return set()
    if not _LETTER.search(secret):
        return set()
    in_ascii = json.dumps(secret)
    in_utf8 = json.dumps(secret, ensure_ascii=False)
    return {secret, in_ascii[1:-1], in_utf8[1:-1]}


def _longest_run(needle: bytes) -> bytes:
    """Return the longest run without digits, or the complete needle if it has no such run."""
    return max(
        _RUN.findall(needle),
        key=len,
        default=needle,
    )
