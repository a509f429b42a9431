"""Texts of a service in a form that every store accepts."""

from __future__ import annotations

import re

#: NUL, which PostgreSQL rejects, and lone surrogates, which UTF-8 cannot encode.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def clean_text(text: str) -> str:
    """Return a text with U+FFFD in place of each NUL and lone surrogate."""
    return _UNSTORABLE.sub("\ufffd", text)
