"""Blots a connection's own key out of what its server sends, so that no answer carries it into the
store.

Some services answer with the key they were asked with: an athlete's account, a page for debugging,
a title into which somebody pasted it. Everything else of an answer stays as it came; the key is
replaced by as many asterisks, before a plugin or the store sees it.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

#: What is shorter, or a mere number, may stand in any answer by chance, and is kept out of messages
#: and logs alone.
_SHORTEST = 12
_LETTER = re.compile(r"[A-Za-z]")
#: A run without digits is found in a sea of numbers several times as fast as a whole key.
_RUN = re.compile(rb"[A-Za-z_/+-]{3,}")


class Echo:
    """Knows the few byte strings that one connection must not get back."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        forms: set[str] = set()
        for secret in secrets:
            forms.update(_forms(secret.strip()))
        needles = [form.encode("utf-8", "replace") for form in forms]
        needles.sort(key=len, reverse=True)
        self._needles = [(_longest_run(needle), needle) for needle in needles]
        self._texts = [needle.decode("utf-8", "replace") for needle in needles]

    def blot(self, body: bytes) -> bytes:
        """Return the body without the key; the very same object where it is not in it."""
        for run, needle in self._needles:
            if run in body and needle in body:
                body = body.replace(needle, b"*" * len(needle))
        return body

    def blot_text(self, text: str) -> str:
        """Return a text, a header's value for example, without the key."""
        for secret in self._texts:
            text = text.replace(secret, "*" * len(secret))
        return text


def _forms(secret: str) -> set[str]:
    """Return a secret as it is and as JSON writes it; nothing where a search is not worthwhile."""
    if len(secret) < _SHORTEST:
        return set()
    if not _LETTER.search(secret):
        return set()
    in_ascii = json.dumps(secret)
    in_utf8 = json.dumps(secret, ensure_ascii=False)
    return {secret, in_ascii[1:-1], in_utf8[1:-1]}


def _longest_run(needle: bytes) -> bytes:
    return max(
        _RUN.findall(needle),
        key=len,
        default=needle,
    )
