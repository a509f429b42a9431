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

from requests.structures import CaseInsensitiveDict

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

#: What is shorter, or a mere number, may stand in any answer by chance, and is kept out of messages
#: and logs alone.
_SHORTEST = 12
_LETTER = re.compile(r"[A-Za-z]")
#: A run without digits is found in a sea of numbers several times as fast as a whole key.
_RUN = re.compile(rb"[A-Za-z_/+-]{3,}")


class Echo:
    """Knows the few byte strings that one connection must not get back."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        usable = {
            secret.strip()
            for secret in secrets
            if len(secret.strip()) >= _SHORTEST and _LETTER.search(secret)
        }
        forms = {
            form
            for secret in usable
            for form in (
                secret,
                json.dumps(secret)[1:-1],
                json.dumps(secret, ensure_ascii=False)[1:-1],
            )
        }
        needles = sorted((form.encode("utf-8", "replace") for form in forms), key=len, reverse=True)
        self._needles = [
            (max(_RUN.findall(needle), key=len, default=needle), needle) for needle in needles
        ]
        self._texts = [needle.decode("utf-8", "replace") for needle in needles]

    def blot(self, body: bytes) -> bytes:
        """The body without the key; the very same object where it is not in it."""
        for run, needle in self._needles:
            if run in body and needle in body:
                body = body.replace(needle, b"*" * len(needle))
        return body

    def blot_headers(self, headers: Mapping[str, str]) -> Mapping[str, str]:
        """The headers without the key."""
        if not any(text in value for text in self._texts for value in headers.values()):
            return headers
        blotted = CaseInsensitiveDict(headers)
        for name, value in headers.items():
            for text in self._texts:
                value = value.replace(text, "*" * len(text))
            blotted[name] = value
        return blotted
