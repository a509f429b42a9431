"""Removes secrets from texts, in every encoding in which they can occur."""

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

_SHORTEST = 4  # a shorter value is not a secret, and would remove parts of common words
#: One character of base64, if there is one: a text may have been cut.
_CODED = r"[\w+/-]?"
_NAMES = r"key|token|secret|passw(?:or)?d|credential|signature|authorization|cookie"
# A pattern does not match what precedes a name, and it bounds what follows the name. Otherwise a
# long run of one letter, which a server can send, takes quadratic time.
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
    # The lookaheads leave what our own error messages recommend unchanged: FITGLUE_SECRETS=file,
    # and --set key_expires=…, in which a person puts the value. The day on which a key ends is no
    # secret, either.
    (
        re.compile(
            rf"""(?i)(?!secrets=(?:file|keyring)\b)((?:{_NAMES})[\w.-]{{0,40}}=)"""
            r"""(?!…(?:[\s,;]|$))(?<!_expires=(?=[\d-]{1,10}(?:[\s"',;&)]|$)))[^&\s"'<>#;,)]+"""
        ),
        rf"\1{MARK}",
    ),
    # Basic YWJjOmRlZg==
    (re.compile(r"(?i)\b(basic|bearer)\s+[\w+/.~-]{8,}=*"), rf"\1 {MARK}"),
    # https://user:password@example.org
    (re.compile(r"(://)[^/@\s\"']+@"), rf"\1{MARK}@"),
)


class Redactor:
    """A set of known secrets, and patterns for the places where unknown secrets occur.

    It may be used by several threads at the same time.

    Args:
        secrets: Secret values that are known from the start.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._lock = threading.Lock()
        self._forms: frozenset[tuple[str, str]] = frozenset()
        self._known: re.Pattern[str] | None = None
        self.add(secrets)

    def add(self, secrets: Iterable[str]) -> None:
        """Add secret values; a value of fewer than four characters is ignored."""
        forms: set[tuple[str, str]] = set()
        for secret in secrets:
            forms.update((form, re.escape(form)) for form in _forms(secret))
            forms.update(_base64_forms(secret))
        with self._lock:
            if forms <= self._forms:
                return
            self._forms |= forms
            longest_first = sorted(
                self._forms,
                key=_length,
                reverse=True,
            )
            alternatives = "|".join(pattern for _, pattern in longest_first)
            # Case is ignored: host names are written in lower case and %-escapes in either case,
            # and a secret in the wrong case still gives it away.
            self._known = re.compile(alternatives, re.IGNORECASE)

    def text(self, text: str) -> str:
        """Return a text with each secret replaced by ``***``."""
        text = self.known(text)
        for shape, replacement in _SHAPES:
            text = shape.sub(replacement, text)
        return text

    def known(self, text: str) -> str:
        """Return a text without the known secrets.

        This is for texts of our own and of entries, in which ``Make a token: sign in`` is no secret
        although it has the shape of one.
        """
        return self._known.sub(MARK, text) if self._known else text


def _length(form: tuple[str, str]) -> int:
    return len(form[0])


def _forms(secret: str) -> Iterator[str]:
    """Yield a secret verbatim and in every encoding in which it can occur, except base64.

    The encodings are percent-encoding, JSON, Python and HTML escapes, and hexadecimal.
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


def _base64_forms(secret: str) -> Iterator[tuple[str, str]]:
    """Yield base64 of a secret at its three alignments, each with the pattern that finds it.

    Both alphabets are included, the usual one and the one for URLs.
    """
    if len(secret) < _SHORTEST:
        return
    octets = secret.encode("utf-8", "replace")
    # Base64 encodes groups of three bytes. A prefix such as "API_KEY:" shifts the secret by 0, 1 or
    # 2 bytes within its group.
    for before in range(3):
        shifted = b"\0" * before + octets
        # The first and the last character also encode bits of the neighboring bytes, which differ
        # from place to place. So only the characters between them are compared, and those two are
        # removed with them, whatever they are, because they also encode bits of the secret.
        start = (before * 8 + 5) // 6
        end = len(shifted) * 8 // 6
        first = _CODED if before else ""
        last = "" if len(shifted) % 3 == 0 else f"{_CODED}={{0,2}}"
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            inner = encode(shifted)[start:end].decode()
            if len(inner) >= _SHORTEST:
                yield inner, f"{first}{re.escape(inner)}{last}"
