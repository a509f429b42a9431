"""Takes secrets out of texts, in every form in which they travel."""

from __future__ import annotations

import base64
import html
import json
import re
import threading
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MARK = "***"

_SHORTEST = 4  # anything shorter would blot out common words, and is no secret
_NAMES = r"key|token|secret|passw(?:or)?d|credential|signature|authorization|cookie"
# What stands before a name needs no matching, and what follows it is bounded: a flood of one letter
# must cost no more than its length.
_SHAPES = (
    # Authorization: Basic abc, 'X-Api-Key': 'abc', Set-Cookie: a=b
    (
        re.compile(
            r"""(?i)((?:authorization|api-?key|cookie|token|secret)["']?\s{0,9}:\s{0,9}["']?)"""
            r"""(?!\s)(?:(?:basic|bearer)\s+)?[^\s"',}]+"""
        ),
        rf"\1{MARK}",
    ),
    # "icu_api_key": "abc"
    (
        re.compile(rf"""(?i)((?:{_NAMES})[\w.-]{{0,40}}["']\s{{0,9}}:\s{{0,9}}["'])[^"']+"""),
        rf"\1{MARK}",
    ),
    # ?api_key=abc&access_token=def
    # … and not FITGLUE_SECRETS=file, which our own advice says
    (
        re.compile(
            rf"""(?i)(?!secrets=(?:file|keyring)\b)((?:{_NAMES})[\w.-]{{0,40}}=)[^&\s"'<>#;,)]+"""
        ),
        rf"\1{MARK}",
    ),
    (re.compile(r"(?i)\b(basic|bearer)\s+[\w+/.~-]{8,}=*"), rf"\1 {MARK}"),
    (re.compile(r"(://)[^/@\s\"']+@"), rf"\1{MARK}@"),
)


class Redactor:
    """Knows secret values, in the forms in which they travel, and the shapes that unknown ones
    take; safe among threads.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._lock = threading.Lock()
        self._forms: frozenset[str] = frozenset()
        self._known: re.Pattern[str] | None = None
        self.add(secrets)

    def add(self, secrets: Iterable[str]) -> None:
        """Know these values too; an empty one and one below four characters is ignored."""
        forms: set[str] = set()
        for secret in secrets:
            forms.update(_forms(secret))
        with self._lock:
            if forms <= self._forms:
                return
            self._forms |= forms
            longest_first = sorted(
                self._forms,
                key=len,
                reverse=True,
            )
            alternatives = "|".join(re.escape(form) for form in longest_first)
            # A host name is written small, a quoted byte either way: the case of a secret keeps
            # nobody from reading it.
            self._known = re.compile(alternatives, re.IGNORECASE)

    def text(self, text: str) -> str:
        """Return the text without secrets."""
        known = self._known
        if known:
            text = known.sub(MARK, text)
        for shape, replacement in _SHAPES:
            text = shape.sub(replacement, text)
        return text


def _forms(secret: str) -> Iterator[str]:
    """Yield a value as it is, quoted for an address, escaped for JSON, HTML and Python, in hex, and
    in base64 at each of its three alignments.
    """
    if len(secret) < _SHORTEST:
        return
    octets = secret.encode("utf-8", "replace")
    yield secret
    yield quote(secret, safe="", errors="replace")
    yield quote_plus(secret, errors="replace")
    yield quote(secret, errors="replace")
    for quoted in (json.dumps(secret), json.dumps(secret, ensure_ascii=False), repr(secret)):
        yield quoted[1:-1]
    yield html.escape(secret)
    yield octets.hex()
    stripped = secret.strip()
    if len(stripped) >= _SHORTEST:
        yield stripped
    yield from _base64_forms(octets)


def _base64_forms(octets: bytes) -> Iterator[str]:
    # Whatever stands before it, "API_KEY:" say, shifts it by 0, 1 or 2 bytes.
    for before in range(3):
        coded = base64.b64encode(b"\0" * before + octets)
        # The characters at both ends also hold bits of the neighbours, so they are not the same
        # everywhere.
        start = (before * 8 + 5) // 6
        end = (before + len(octets)) * 8 // 6
        inner = coded[start:end].decode()
        if len(inner) >= _SHORTEST:
            yield inner
